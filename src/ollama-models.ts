/** The policy's models as Ollama's clients list and inspect them. */
import type { Clock } from './clock.ts'
import type { PolicyBackend } from './decide/policy.ts'
import { advertisedModels, backendOf, pinOf, resolveModel } from './decide/model.ts'
import { runningModels, shownModel } from './dispatch/engine-state.ts'
import { withTag } from './dispatch/locality.ts'
import type { OllamaApiParts } from './ollama-api.ts'
import type { Snapshot } from './snapshot.ts'
import type { JsonObject } from './wire/json.ts'
import { showAnswer, type TagsEntry } from './wire/ollama/listing.ts'

export function ollamaModels(
  current: () => Snapshot,
  clock: Clock,
  loadedAt: () => number,
): OllamaApiParts['ollama'] {
  return {
    tags: () => tagsOf(current(), new Date(loadedAt()).toISOString()),
    running: () => runningModels(current().fleet, clock),
    show: (model) => show(current(), model, clock),
  }
}

function tagsOf({ config, fleet }: Snapshot, modifiedAt: string): readonly TagsEntry[] {
  return advertisedModels(config.policy).map((name) => {
    const pin = pinOf(config.policy, name)
    const wanted = pin?.model ?? null
    const listed = pin === null || wanted === null ? null : fleet.locality.listed(pin.backend)
    const found = listed?.find((model) => withTag(model.name) === withTag(wanted ?? ''))
    return { name, sizeBytes: found?.sizeBytes ?? 0, digest: null, family: null, modifiedAt }
  })
}

/** As with answers, a name that is not advertised means the policy's default: programs have names built in. */
async function show({ config, fleet }: Snapshot, name: string, clock: Clock): Promise<JsonObject | null> {
  const { policy } = config
  const pin = pinOf(policy, name.replace(/:latest$/, '')) ?? pinOf(policy, name)
  const backend = backendOf(policy, pin?.backend ?? policy.routes.at(-1)?.backend ?? '')
  if (backend === null) return null
  const model = pin?.model ?? resolveModel(backend, 'llama') ?? backend.embeddings
  if (model === null) return null
  const shown = await shownModel(fleet, { backend: backend.name, model }, clock)
  return (
    shown ??
    showAnswer({ name, capabilities: capabilitiesOf(backend, model), contextTokens: null, family: null })
  )
}

/** What the policy says; of a model that nothing is known of, only that it answers. */
function capabilitiesOf(backend: PolicyBackend, model: string): readonly string[] {
  if (model === backend.embeddings) return ['embedding']
  const { tools, vision } = backend.capabilities
  return ['completion', ...(tools === false ? [] : ['tools']), ...(vision === true ? ['vision'] : [])]
}
