/**
 * What real clients send (codex, opencode, Claude Code, pi, Continue, LangChain, the agents and AI SDKs), replayed
 * against the running router: each is answered to its end, in the form of its protocol; none crashes it or hangs.
 */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { closedPort, ollamaScript, startBackend, type Backend } from '../support/backend.ts'
import { startRouter } from '../support/start-router.ts'
import { EGRESS, type Egress } from './asks.ts'
import { capturesAreMissing, readCaptures, replay, type Capture } from './captures.ts'
import { engineIsMissing, startEngine, type RunningEngine } from './start-engine.ts'
import { outcomeOf } from './well-formed.ts'

const LONGEST_MS = 20_000

interface Line {
  readonly title: string
  readonly first: string
  readonly fallback: string
  readonly answeredBy: string
  /** Answers at this path are the backend's own words. */
  readonly ownPath?: string
}

/** A row for each client, a column for each outcome. */
function tableOf(outcomes: readonly (readonly [client: string, outcome: string])[]): readonly string[] {
  const clients = Object.entries(Object.groupBy(outcomes, ([client]) => client))
  return clients.map(([client, rows = []]) => {
    const counts = Object.entries(Object.groupBy(rows, ([, outcome]) => outcome))
    return `${client.padEnd(14)} ${counts.map(([outcome, { length } = []]) => `${outcome}: ${length}`).join(', ')}`
  })
}

/**
 * Replays another provider's thinking, sealed and without `content`, as clients do: it goes on as it is where both sides
 * speak Responses, and this engine refuses a reasoning item that has no such list.
 */
const WITHOUT_CONTENT = join('opencode', 'oc-reason-sce', '003.json')

/** All are answered; only a websocket is refused, by what it is: its clients then go on by POST. */
function expectedOf({ method, url, file }: Capture, egress?: string): RegExp {
  if (egress === 'responses' && file === WITHOUT_CONTENT) return /^400 upstream_rejected$/
  const isUpgrade = method === 'GET' && pathOf(url) === '/v1/responses'
  return isUpgrade ? /^405 method_not_allowed$/ : /^answered$/
}

function pathOf(url: string): string {
  return url.split('?', 1)[0] ?? ''
}

/** What the engine says in its clients' own protocol goes back as it came. */
const OWN_PATHS: Readonly<Record<Egress, string>> = {
  chat: '/v1/chat/completions',
  messages: '/v1/messages',
  responses: '/v1/responses',
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
${EGRESS.map((name) => `  ${name}: { type: openai-compatible, endpoint: "${engine.endpoint}", model: tiny, attest: local, protocol: ${name} }`).join('\n')}
  ollama: { type: ollama, endpoint: "${ollama.origin}", model: "small:latest" }
  dead: { type: openai-compatible, endpoint: "http://127.0.0.1:${deadPort}/v1", model: gone, attest: local }
  cut: { type: demo, demo: { fail: malformed } }
  demo: { type: demo }
routes:
  - default: ${first}
    fallback: [${fallback}]
`
  const lines: readonly Line[] = [
    ...EGRESS.map((egress) => ({
      title: `a real engine, spoken to in ${egress}`,
      first: egress,
      fallback: 'demo',
      answeredBy: egress,
      ownPath: OWN_PATHS[egress],
    })),
    { title: 'an Ollama, in its native protocol', first: 'ollama', fallback: 'demo', answeredBy: 'ollama' },
    {
      title: 'a real engine, after a dead and a broken backend',
      first: 'dead',
      fallback: 'cut, chat',
      answeredBy: 'chat',
      ownPath: OWN_PATHS.chat,
    },
  ]

  for (const { title, first, fallback, answeredBy, ownPath } of lines) {
    it(`are answered by ${title}`, async (t) => {
      const router = await startRouter(policy(first, fallback))
      const outcomes: [string, string][] = []
      try {
        for (const capture of captures) {
          const answer = await replay(capture, router.url)
          const outcome = await explained(capture.file, () =>
            outcomeOf(pathOf(capture.url), answer, pathOf(capture.url) === ownPath),
          )
          outcomes.push([capture.client, outcome])
          assert.match(outcome, expectedOf(capture, first), `${capture.file}: ${answer.text.slice(0, 400)}`)
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
    const router = await startRouter(policy('chat', 'demo'))
    try {
      const outcomes = await Promise.all(
        captures.map(async (capture) => {
          const answer = await replay(capture, router.url)
          const outcome = await explained(capture.file, () => outcomeOf(pathOf(capture.url), answer))
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
