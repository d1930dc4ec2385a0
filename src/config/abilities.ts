/** Settings that no request could ever use: told when the policy is read, not by the first request that fails. */
import { didYouMean } from './did-you-mean.ts'
import type { Finding, KeyPath } from './problem.ts'
import { asList, asMap, own, type RawMap } from './raw.ts'

const CHAT_MODEL_KEYS: readonly string[] = ['families', 'model', 'models']
const MODEL_KEYS: readonly string[] = [...CHAT_MODEL_KEYS, 'embeddings']

/** Types that speak one protocol, and make no vectors. */
const ONE_PROTOCOL: ReadonlyMap<unknown, string> = new Map([
  ['demo', 'chat'],
  ['anthropic', 'messages'],
])

/** A misspelt `modell` is told as that, not as a missing model. */
function namesOneOf(backend: RawMap, keys: readonly string[]): boolean {
  return Object.keys(backend).some((key) => {
    if (key === 'families') return Object.keys(asMap(backend[key]) ?? { given: true }).length > 0
    return keys.includes(key) || didYouMean(key, keys) !== undefined
  })
}

export function namesModel(backend: RawMap): boolean {
  return namesOneOf(backend, MODEL_KEYS)
}

/** Makes vectors and has nothing to answer a prompt with. */
export function onlyEmbeds(raw: unknown): boolean {
  const backend = asMap(raw)
  if (backend === null || own(backend, 'embeddings') === undefined) return false
  return own(backend, 'type') !== 'demo' && !namesOneOf(backend, CHAT_MODEL_KEYS)
}

export function checkAbilities(backend: RawMap, path: KeyPath): readonly Finding[] {
  return [...checkProtocols(backend, path), ...checkEmbeddings(backend, path)]
}

function checkProtocols(backend: RawMap, path: KeyPath): readonly Finding[] {
  const type = own(backend, 'type')
  const only = ONE_PROTOCOL.get(type)
  const given = own(backend, 'protocol')
  const listed = Array.isArray(given)
  const place = (index: number): KeyPath => (listed ? [...path, 'protocol', index] : [...path, 'protocol'])
  const names = listed ? asList(given) : [given]
  return names.flatMap((name, index): readonly Finding[] => {
    if (typeof name !== 'string') return []
    if (names.indexOf(name) !== index) {
      return [{ path: place(index), at: 'value', message: 'is in this list already' }]
    }
    if (only === undefined || name === only) return []
    const message = `type ${String(type)} speaks ${only} alone; leave this out, or use type openai-compatible`
    return [{ path: place(index), at: 'value', message }]
  })
}

function checkEmbeddings(backend: RawMap, path: KeyPath): readonly Finding[] {
  const type = own(backend, 'type')
  if (own(backend, 'embeddings') === undefined || !ONE_PROTOCOL.has(type)) return []
  const message = `type ${String(type)} makes no embeddings; give this to another backend`
  return [{ path: [...path, 'embeddings'], at: 'key', message }]
}
