/** Asks a local server what it is and has: one free GET, bounded in time and size, that never loads a model. */
import type { Clock } from '../clock.ts'
import { RouterError } from '../errors.ts'
import { isJsonObject, parseJson, type JsonObject, type JsonValue } from '../wire/json.ts'
import type { Backend } from './backend.ts'
import { startCall, type CallRequest } from './transport.ts'

const PROBE_TIMEOUT_MS = 2_000
const MAX_PROBE_BYTES = 4_194_304

export interface ListedModel {
  readonly name: string
  readonly sizeBytes: number
  /** The daemon forwards it to another host (Ollama's cloud models and every alias made of one). */
  readonly remote: boolean
}

/** One free GET, which never loads a model. `null`: the server did not answer, or not with a list. */
export async function probeModels(backend: Backend, clock: Clock): Promise<readonly ListedModel[] | null> {
  const { protocol } = backend.speaks.main
  const speaksOllama = protocol === 'ollama'
  const path = speaksOllama ? '/api/tags' : '/models'
  const body = await readJson({ backend, method: 'GET', protocol, path, body: null }, clock)
  if (!isJsonObject(body)) return null
  const list = speaksOllama ? body['models'] : body['data']
  if (!Array.isArray(list)) return null
  const models = (list as readonly JsonValue[])
    .filter(isJsonObject)
    .map(speaksOllama ? fromOllama : fromOpenAi)
  return models.filter((model) => model.name !== '')
}

function fromOllama(entry: JsonObject): ListedModel {
  const name = entry['model'] ?? entry['name']
  return {
    name: typeof name === 'string' ? name : '',
    sizeBytes: typeof entry['size'] === 'number' ? entry['size'] : 0,
    remote: isPresent(entry['remote_host']) || isPresent(entry['remote_model']),
  }
}

function isPresent(value: JsonValue | undefined): boolean {
  return value !== undefined && value !== null && value !== ''
}

function fromOpenAi(entry: JsonObject): ListedModel {
  return { name: typeof entry['id'] === 'string' ? entry['id'] : '', sizeBytes: 0, remote: false }
}

/** One small, bounded question to a server; undefined when it does not answer it with JSON and 200. */
export function readJson(request: CallRequest, clock: Clock): Promise<JsonValue | undefined> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let size = 0
    let ok = false
    const finish = (value: JsonValue | undefined): void => {
      timer.cancel()
      resolve(value)
    }
    const call = startCall(
      request,
      {
        onResponse: (status) => {
          ok = status === 200
        },
        onData: (chunk) => {
          size += chunk.length
          if (size > MAX_PROBE_BYTES) call.abort(new RouterError('upstream_error', 'The list is too long.'))
          else chunks.push(chunk)
        },
        onEnd: () => finish(ok ? parseJson(Buffer.concat(chunks).toString('utf8')) : undefined),
        onFailure: () => finish(undefined),
      },
      clock,
    )
    const timer = clock.setTimer(PROBE_TIMEOUT_MS, () =>
      call.abort(new RouterError('upstream_timeout', 'The server did not answer.')),
    )
  })
}
