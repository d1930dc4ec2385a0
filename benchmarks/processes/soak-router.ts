/** The router under soak: two targets of one protocol, and limits short enough for a minute's run. */
import { parseConfig } from '../../src/config.ts'
import { startServer } from '../../src/server.ts'
import { answerParent } from './child.ts'

const [, , origins = '', dbPath = ':memory:'] = process.argv
const [first = '', second = ''] = origins.split(' ')

const backend = (origin: string): string =>
  `{ type: openai-compatible, endpoint: '${origin}/v1', model: m, admission: { enabled: false } }`

const router = await startServer({
  config: parseConfig(policyYaml(), 'soak.yaml'),
  env: {},
  host: '127.0.0.1',
  port: 0,
  dbPath,
  log: { info: () => undefined, warn: complain, error: complain },
})
await router.snapshot().fleet.locality.refresh()

function policyYaml(): string {
  return `
backends:
  first: ${backend(first)}
  second: ${backend(second)}
routes: [{ default: first, fallback: second }]
timeouts: { firstTokenMs: 5000, idleMs: 2000, progressMs: 4000 }
breaker: { enabled: false }
`
}

function complain(fields: object, message: string): void {
  process.stderr.write(`${message} ${JSON.stringify(fields)}\n`)
}

answerParent(router.url, () => router.close())
