/** The policy of SPEC 3, to the letter. */
export const SPEC_POLICY = `backends:
  local:
    type: ollama
    endpoint: http://localhost:11434
    families: { qwen-coder: "qwen2.5-coder:7b", gemma: "gemma3:12b", llama: "llama4:16x17b" }
    p50Ms: 1800
  sarmalink: { type: sarmalink, endpoint: "https://api.sarmalink.ai/v1", model: smart, p50Ms: 600 }
  frontier: { type: openai, model: gpt-4o, p50Ms: 900 }
routes:
  - match: { sensitivity: high }
    backend: local
    reason: "Privacy: never leave the machine"
  - match: { task: code, complexity: low }
    backend: local
    fallback: sarmalink
    latencyBudgetMs: 2500
  - match: { task: vision }
    backend: local
    fallback: frontier
    latencyBudgetMs: 3000
  - match: { task: web_search }
    backend: sarmalink
  - default: local
    fallback: sarmalink
    latencyBudgetMs: 1200
ab:
  enabled: true
  sampleRate: 0.05
  candidates: { local: sarmalink }
`
