/**
 * What real clients send (codex, opencode, Claude Code, pi, Continue, LangChain, the agents and AI SDKs), replayed
 * against the running router: each is answered to its end or refused for a stated reason; none crashes it or hangs.
 */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { closedPort, ollamaScript, startBackend, type Backend } from '../support/backend.ts'
import { startRouter } from '../support/start-router.ts'
import { capturesAreMissing, readCaptures, replay, type Capture } from './captures.ts'
import { engineIsMissing, startEngine, type RunningEngine } from './start-engine.ts'
import { outcomeOf } from './well-formed.ts'

const LONGEST_MS = 20_000

/** A row for each client, a column for each outcome. */
function tableOf(outcomes: readonly (readonly [client: string, outcome: string])[]): readonly string[] {
  const clients = Object.entries(Object.groupBy(outcomes, ([client]) => client))
  return clients.map(([client, rows = []]) => {
    const counts = Object.entries(Object.groupBy(rows, ([, outcome]) => outcome))
    return `${client.padEnd(14)} ${counts.map(([outcome, { length } = []]) => `${outcome}: ${length}`).join(', ')}`
  })
}

/** What this version does not serve is refused by what it is, never by accident. */
function expectedOf({ method, url }: Capture): RegExp {
  const path = url.split('?', 1)[0] ?? ''
  if (path === '/v1/models') return /^answered$/
  if (path === '/v1/chat/completions' || path === '/v1/responses') {
    return method === 'POST' ? /^answered$/ : /^405 method_not_allowed$/
  }
  return /^(?:answered|404 not_found)$/
}

describe('requests of real clients', { skip: capturesAreMissing || engineIsMissing }, () => {
  let captures: readonly Capture[] = []
  let engine: RunningEngine
  let ollama: Backend
  let deadPort: number

  before(async () => {
    captures = readCaptures()
    assert.ok(captures.length > 50, `${captures.length} captures`)
    engine = await startEngine()
    ollama = await startBackend(ollamaScript('Hello from a scripted Ollama.', ['small:latest']))
    deadPort = await closedPort()
  })
  after(async () => {
    await ollama.close()
    await engine.kill()
  })

  const policy = (first: string, fallback: string): string => `
backends:
  engine: { type: openai-compatible, endpoint: "${engine.endpoint}", model: tiny, attest: local }
  ollama: { type: ollama, endpoint: "${ollama.origin}", model: "small:latest" }
  dead: { type: openai-compatible, endpoint: "http://127.0.0.1:${deadPort}/v1", model: gone, attest: local }
  cut: { type: demo, demo: { fail: malformed } }
  demo: { type: demo }
routes:
  - default: ${first}
    fallback: [${fallback}]
`
  const lines = [
    { title: 'a real engine', first: 'engine', fallback: 'demo', answeredBy: 'engine' },
    { title: 'an Ollama, in its native protocol', first: 'ollama', fallback: 'demo', answeredBy: 'ollama' },
    {
      title: 'a real engine, after a dead and a broken backend',
      first: 'dead',
      fallback: 'cut, engine',
      answeredBy: 'engine',
    },
  ] as const

  for (const { title, first, fallback, answeredBy } of lines) {
    it(`are answered or refused for a stated reason, by ${title}`, async (t) => {
      const router = await startRouter(policy(first, fallback))
      const outcomes: [string, string][] = []
      try {
        for (const capture of captures) {
          const answer = await replay(capture, router.url)
          const outcome = await explained(capture.file, () =>
            outcomeOf(capture.url.split('?', 1)[0] ?? '', answer),
          )
          outcomes.push([capture.client, outcome])
          assert.match(outcome, expectedOf(capture), `${capture.file}: ${answer.text.slice(0, 400)}`)
          assert.ok(answer.tookMs < LONGEST_MS, capture.file)
          if (outcome === 'answered' && capture.method === 'POST') {
            assert.equal(answer.headers['x-llr-backend'], answeredBy, capture.file)
          }
        }
        assert.deepEqual(router.defects, [])
      } finally {
        await router.close()
        for (const row of tableOf(outcomes)) t.diagnostic(row)
      }
    })
  }

  it('are all answered when they come at once', async () => {
    const router = await startRouter(policy('engine', 'demo'))
    try {
      const outcomes = await Promise.all(
        captures.map(async (capture) => {
          const answer = await replay(capture, router.url)
          const outcome = await explained(capture.file, () =>
            outcomeOf(capture.url.split('?', 1)[0] ?? '', answer),
          )
          return { capture, outcome }
        }),
      )
      for (const { capture, outcome } of outcomes) assert.match(outcome, expectedOf(capture), capture.file)
      assert.deepEqual(router.defects, [])
    } finally {
      await router.close()
    }
  })
})

/** A failed check says which recording it is about. */
async function explained(file: string, check: () => string): Promise<string> {
  try {
    return check()
  } catch (error) {
    throw new Error(`${file}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
}
