/**
 * Writes docs/configuration.md: the words are here, the tables come from the schema that loads the file, so that
 * neither can say what the other does not. `--check`: fails when the page is out of date instead.
 */
import { type JsonSchema, policyJsonSchema } from '../src/config/schema.ts'
import { writeOrCheck } from './write-schema.ts'

const WORDS = `<!-- Written by scripts/write-configuration.ts from the schema that loads the file. Do not edit by hand. -->

# Configuration

One YAML file says where requests may go. The router reads \`./policy.yaml\`, or the file that \`LLR_POLICY\` names, and starts only if all of it is right; \`llr check\` tells what is not, with line and key, and \`llr init\` writes a first one for this machine. Without a file it starts on a default made of what it finds.

A file that begins with this line is completed and checked by editors that know the YAML language server. The path is that of the \`policy.schema.json\` in the repository and in the package.

\`\`\`yaml
# yaml-language-server: $schema=./policy.schema.json
\`\`\`

## The shortest policy

\`\`\`yaml
backends:
  local: { type: ollama, model: "llama3.2" }
routes:
  - default: local
\`\`\`

## A policy for a team

Sensitive requests stay in the house, code goes to the local model unless it is slow, everything else tries the local model first.

\`\`\`yaml
backends:
  local:
    type: ollama
    families: { qwen-coder: "qwen2.5-coder:7b", gemma: "gemma3:12b", llama: "llama3.1:8b" }
    p50Ms: 1800
  gpu-box:
    type: openai-compatible
    endpoint: http://10.0.0.7:8000/v1
    model: qwen2.5-72b-instruct
    attest: local
  frontier: { type: openai, model: gpt-4o, p50Ms: 900 }
routes:
  - name: private
    match: { sensitivity: high }
    backend: gpu-box
    fallback: local
    reason: "Privacy: never leave the house"
  - match: { task: code, complexity: [low, medium] }
    backend: local
    fallback: [gpu-box, frontier]
    latencyBudgetMs: 2500
    firstTokenBudgetMs: 800
  - match: { tokens: { min: 20000 } }
    backend: frontier
  - default: local
    fallback: gpu-box
ab:
  enabled: true
  candidates: { local: gpu-box }
\`\`\`

## Backends

\`backends\` maps names of your choice to servers. A name is 1 to 64 letters, digits, dots, dashes or underscores, and not \`auto\`. Clients may ask for a backend by its name, or for \`backend/model\` with any model written here. Every backend but \`demo\` names at least one model; \`openai-compatible\` needs an \`endpoint\`. Keys for hosted services come from the environment only, never from this file.

The model is the one \`families\` gives for the request's family (\`qwen-coder\` for code, \`gemma\` for prompts with images, \`llama\` for the rest), else \`model\`, else the first of \`models\`.

<!-- table: backends -->

## Routes

\`routes\` is walked from the top and the first entry whose \`match\` holds takes the request. The last entry is \`default\`, and there is one.

<!-- table: route -->

The closing entry:

<!-- table: default -->

### What \`match\` can hold

Every key given must hold. A list holds when any of its values does: \`{ task: [code, math], complexity: high }\` is hard code or hard mathematics.

<!-- table: match -->

### How the targets are put in order

1. The route's \`backend\`, then its \`fallback\` in order. A backend without a usable model, without its key, or declared unable is left out.
2. With \`latencyBudgetMs\`: if the backend is expected to be slower than that (the live median, else \`p50Ms\`) and a fallback is expected to be faster, that one goes first and the backend stands behind it. For a stream, \`firstTokenBudgetMs\` takes its place when given. Nothing shifts on an unknown.
3. A sensitive request keeps only the targets that are *proven* to be local. If the route has none, the policy's other backends are looked at; if there is none at all, the request is refused.

A client that asks for a backend by name gets that one or an error: no fallback, no shift, no mirror. The label of a sensitive request holds all the same.

## Rolling A/B: \`ab\`

<!-- table: ab -->

## Privacy: \`privacy\`

<!-- table: privacy -->

## Clients and their keys: \`clients\`

\`llr key alice\` makes a key, shows it once, and prints the entry for it. With one entry or more, every request but \`GET /health\` needs the key of one, as \`Authorization: Bearer …\` or \`x-api-key\`; without any, keys that clients send are ignored. A reload is enough to let a client in or to shut it out. Stored answers of the Responses API are found by the client only that they were made for.

\`\`\`yaml
clients:
  alice: { keyHash: "sha256:a0d5…" }
\`\`\`

Names are 1 to 64 letters, digits, dots, dashes or underscores. Each has:

<!-- table: clients -->

## Names and web pages: \`server\`

<!-- table: server -->

## Limits: \`limits\`

<!-- table: limits -->

## Timeouts: \`timeouts\`

These hold for every backend; a backend's own \`timeouts\` win over them.

<!-- table: timeouts -->

## Circuit breaker: \`breaker\`

For every target; a backend's own \`breaker\` wins over it, key by key.

<!-- table: breaker -->

## Records: \`records\`

<!-- table: records -->

## Stored answers: \`responses\`

<!-- table: responses -->

On disk they are in a file of their own beside \`LLR_DB\`, its name with \`.responses\` behind it, that only the router's user can read.

## Environment

| variable | default | meaning |
|---|---|---|
| \`LLR_PORT\` | \`3030\` | Port to listen on. |
| \`LLR_HOST\` | \`127.0.0.1\` | Address to listen on. One beyond this machine needs \`clients\`. |
| \`LLR_POLICY\` | \`./policy.yaml\` | The policy file. |
| \`LLR_DB\` | \`./metrics.db\` | Where records are kept. |
| \`LLR_LOG_LEVEL\` | \`info\` | What goes to standard error: \`silent\`, \`fatal\`, \`error\`, \`warn\`, \`info\`, \`debug\`, \`trace\`. |
| \`OLLAMA_HOST\` | \`localhost:11434\` | Where \`llr init\` and the built-in default look for Ollama. |
| \`ANTHROPIC_API_KEY\` | | Key for backends of \`type: anthropic\`. |
| \`OPENAI_API_KEY\` | | Key for backends of \`type: openai\`. |
| \`SARMALINK_API_KEY\` | | Key for backends of \`type: sarmalink\`. |

## The YAML it is

YAML 1.2, core schema: \`yes\` is text, \`true\` is a truth value. Anchors and aliases work; merge keys (\`<<\`), tags, doubled keys and a second document are errors. A file is at most 256 KiB. Every mistake in it is told at once:

\`\`\`
policy.yaml:12:14 routes[1].match.sensitivty: unknown key; did you mean "sensitivity"?
policy.yaml:15:14 routes[1].backend: no backend of this name; there are local, frontier; did you mean "local"?
\`\`\`
`

function defaultOf({ default: value }: JsonSchema): string {
  // A section whose keys all have defaults has no default worth showing.
  return value === undefined || typeof value === 'object' ? '' : `\`${JSON.stringify(value)}\``
}

function rangeOf({ minimum, maximum }: JsonSchema): string {
  if (minimum === undefined) return ''
  return maximum === undefined ? `, from ${minimum}` : `, ${minimum} to ${maximum}`
}

function typeOf(schema: JsonSchema): string {
  const { anyOf, type, items, enum: values } = schema
  if (anyOf !== undefined) return anyOf.map(typeOf).join(', or ')
  if (values !== undefined) return values.map((value) => `\`${String(value)}\``).join(' ')
  if (schema.const !== undefined) return `\`${schema.const}\``
  if (type === 'array')
    return items?.enum === undefined ? `list of ${typeOf(items ?? {})}s` : 'a list of these'
  if (type === 'object') return 'mapping'
  if (type === 'string') return 'text'
  if (type === 'boolean') return '`true` `false`'
  return `${type === 'integer' ? 'whole number' : 'number'}${rangeOf(schema)}`
}

/** One row a key; a mapping is unfolded into rows of its own (`capabilities.vision`), but for `match`. */
function rows(schema: JsonSchema, prefix = ''): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, property]) => {
    const name = `\`${prefix}${key}\`${schema.required?.includes(key) === true ? ' (required)' : ''}`
    const meaning = (property.description ?? '').replaceAll('|', '\\|')
    const row = `| ${name} | ${typeOf(property)} | ${defaultOf(property)} | ${meaning} |`
    return key === 'match' ? [row] : [row, ...rows(property, `${prefix}${key}.`)]
  })
}

/** The part of the schema that a `<!-- table: … -->` line of the words asks for. */
function sectionOf(name: string): JsonSchema | undefined {
  const { backends, clients, routes, ...sections } = policyJsonSchema().properties ?? {}
  const [route, defaultRoute] = routes?.items?.anyOf ?? []
  const named = { backends, clients }[name]
  if (named !== undefined) {
    return typeof named.additionalProperties === 'object' ? named.additionalProperties : undefined
  }
  if (name === 'route') return route
  if (name === 'match') return route?.properties?.match
  return name === 'default' ? defaultRoute : sections[name]
}

function table(name: string): string {
  const section = sectionOf(name)
  if (section === undefined) throw new Error(`the schema has no ${name}; this generator is out of date`)
  return ['| key | value | default | meaning |', '|---|---|---|---|', ...rows(section)].join('\n')
}

export function renderConfiguration(): string {
  return WORDS.replaceAll(/^<!-- table: (\w+) -->$/gm, (_, name: string) => table(name))
}

if (import.meta.main) writeOrCheck('docs/configuration.md', renderConfiguration())
