/** What an Ollama tells of its models when a client asks for it: loaded ones, and one in detail. */
import type { Clock } from '../clock.ts'
import { isJsonArray, isJsonObject, type JsonObject } from '../wire/json.ts'
import type { Fleet } from './fleet.ts'
import { readJson } from './probe.ts'

/** Models that the policy's Ollamas have in memory, named as clients ask for them: `backend/model`. */
export async function runningModels(fleet: Fleet, clock: Clock): Promise<readonly JsonObject[]> {
  const ollamas = [...fleet.backends.values()].filter(
    (backend) => backend.type === 'ollama' && fleet.locality.state(backend.name) === 'up',
  )
  const lists = await Promise.all(
    ollamas.map(async (backend) => {
      const body = await readJson(
        { backend, method: 'GET', protocol: 'ollama', path: '/api/ps', body: null },
        clock,
      )
      const models = isJsonObject(body) && isJsonArray(body['models']) ? body['models'] : []
      return models.filter(isJsonObject).map((model) => renamed(model, backend.name))
    }),
  )
  return lists.flat()
}

/** `/api/show` of the backend; null when it is no Ollama or does not know the model. */
export async function shownModel(
  fleet: Fleet,
  target: { readonly backend: string; readonly model: string },
  clock: Clock,
): Promise<JsonObject | null> {
  const backend = fleet.backends.get(target.backend)
  if (backend?.type !== 'ollama') return null
  const body = JSON.stringify({ model: target.model })
  const shown = await readJson(
    { backend, method: 'POST', protocol: 'ollama', path: '/api/show', body },
    clock,
  )
  return isJsonObject(shown) ? shown : null
}

function renamed(model: JsonObject, backend: string): JsonObject {
  const name = model['model'] ?? model['name']
  if (typeof name !== 'string') return model
  return { ...model, name: `${backend}/${name}`, model: `${backend}/${name}` }
}
