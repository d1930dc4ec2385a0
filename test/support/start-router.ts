import OpenAI from 'openai'
import { parseConfig } from '../../src/config.ts'
import { startServer, type RouterServer, type ServerOptions } from '../../src/server.ts'

export interface RunningRouter {
  readonly server: RouterServer
  readonly url: string
  readonly openai: OpenAI
  /** Defects of the router that it logged; a test that sees one here has found a bug. */
  readonly defects: readonly object[]
  /** Everything it logged, defects included. */
  readonly logs: readonly string[]
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Response>
  close(): Promise<void>
}

/** The whole router on port 0 with real SQLite in memory, and the real `openai` package pointed at it. */
export async function startRouter(
  policyYaml: string,
  overrides: Partial<ServerOptions> = {},
): Promise<RunningRouter> {
  const defects: object[] = []
  const logs: string[] = []
  const keep = (fields: object, message: string): void => {
    logs.push(`${JSON.stringify(fields)} ${message}`)
  }
  const server = await startServer({
    config: parseConfig(policyYaml, 'test.yaml'),
    env: {},
    host: '127.0.0.1',
    port: 0,
    dbPath: ':memory:',
    log: {
      info: keep,
      warn: keep,
      error: (fields, message) => {
        defects.push(fields)
        keep(fields, message)
      },
    },
    ...overrides,
  })
  await server.snapshot().fleet.locality.refresh()
  const { url } = server
  return {
    server,
    url,
    openai: new OpenAI({ baseURL: `${url}/v1`, apiKey: 'any', maxRetries: 0 }),
    defects,
    logs,
    post: (path, body, headers = {}) =>
      fetch(`${url}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }),
    close: () => server.close(),
  }
}

/** A chat body with one user message. */
export function ask(content: string, more: object = {}): object {
  return { model: 'auto', messages: [{ role: 'user', content }], ...more }
}
