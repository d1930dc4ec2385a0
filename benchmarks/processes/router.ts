/** The router with everything on: classifies, decides, records into a SQLite file. */
import { parseConfig } from '../../src/config.ts'
import { startServer } from '../../src/server.ts'
import { policyYaml } from '../traffic.ts'
import { answerParent } from './child.ts'

const [, , backendOrigin = '', dbPath = ':memory:'] = process.argv

const router = await startServer({
  config: parseConfig(policyYaml(backendOrigin), 'bench.yaml'),
  env: {},
  host: '127.0.0.1',
  port: 0,
  dbPath,
  log: { info: () => undefined, warn: complain, error: complain },
})
// A request for a local backend needs its proof.
await router.snapshot().fleet.locality.refresh()

function complain(fields: object, message: string): void {
  process.stderr.write(`${message} ${JSON.stringify(fields)}\n`)
}

answerParent(router.url, () => router.close())
