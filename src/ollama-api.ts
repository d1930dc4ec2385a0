/** The information endpoints of Ollama's API, so that programs written for Ollama find what they look for. */
import { type Context, Hono } from 'hono'
import { RouterError } from './errors.ts'
import { OLLAMA_MANAGEMENT_PATHS } from './paths.ts'
import { isJsonObject, parseJson, type JsonObject } from './wire/json.ts'
import {
  managementRefusal,
  psAnswer,
  tagsAnswer,
  versionAnswer,
  type TagsEntry,
} from './wire/ollama/listing.ts'

export interface OllamaApiParts {
  readonly ollama: {
    readonly tags: () => readonly TagsEntry[]
    readonly running: () => Promise<readonly JsonObject[]>
    /** Null: nothing of this name is served. */
    readonly show: (model: string) => Promise<JsonObject | null>
  }
}

/**
 * The version of Ollama's API that this one keeps to. codex refuses anything below 0.13.4, the first with
 * `/v1/responses`; what is offered here was held against 0.32.
 */
const API_VERSION = '0.32.0'
const MAX_BODY_BYTES = 65_536

/** Mounted at `/api`. */
export function createOllamaApi({ ollama }: OllamaApiParts): Hono {
  const api = new Hono()
  api.get('/version', (c) => c.json(versionAnswer(API_VERSION)))
  api.get('/tags', (c) => c.json(tagsAnswer(ollama.tags())))
  api.get('/ps', async (c) => c.json(psAnswer(await ollama.running())))
  api.post('/show', async (c) => {
    const answer = await ollama.show(await readModel(c))
    if (answer === null) throw new RouterError('model_not_found', 'model not found', { param: 'model' })
    return c.json(answer)
  })
  for (const path of OLLAMA_MANAGEMENT_PATHS) {
    api.all(path.slice('/api'.length), () => {
      throw managementRefusal()
    })
  }
  return api
}

async function readModel(c: Context): Promise<string> {
  const text = await c.req.text()
  const body = text.length > MAX_BODY_BYTES ? undefined : parseJson(text)
  const model = isJsonObject(body) ? (body['model'] ?? body['name']) : undefined
  if (typeof model !== 'string' || model === '') {
    throw new RouterError('missing_required_parameter', "Send a JSON object with 'model'.", {
      param: 'model',
    })
  }
  return model
}
