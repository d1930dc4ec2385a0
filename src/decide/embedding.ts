/**
 * Where a request for embeddings may go. No route is walked: vectors of two models cannot be compared, so the
 * policy has one model for them, and whoever stands in must have the very same. A private text is refused rather
 * than given to another model of the house, which would silently spoil the index it is meant for.
 */
import type { Decision } from './decision.ts'
import { type Candidate, type Situation, sift } from './gate.ts'
import { refusalFor } from './refusal.ts'

export const EMBEDDINGS_ROUTE = 'embeddings'

export function decideEmbedding(situation: Situation): Decision {
  const { policy, ask, label } = situation
  const able = Object.values(policy.backends).filter((backend) => backend.embeddings !== null)
  const model =
    able.find(({ embeddings }) => isCalled(embeddings, ask.model))?.embeddings ?? able[0]?.embeddings
  const chain = able
    .filter(({ embeddings }) => embeddings === model)
    .map(({ name }, index): Candidate => ({ backend: name, role: index === 0 ? 'primary' : 'fallback' }))
  const sifted = sift(chain, situation)
  const [first] = sifted.targets
  return {
    label,
    route: EMBEDDINGS_ROUTE,
    reason: first === undefined ? 'embeddings' : `embeddings by ${first.model}`,
    targets: sifted.targets,
    pinned: false,
    shift: null,
    shadow: null,
    timeouts: null,
    rejected: sifted.rejected,
    refusal: first === undefined ? refusalOf(chain, sifted, situation) : null,
  }
}

function refusalOf(
  chain: readonly Candidate[],
  sifted: ReturnType<typeof sift>,
  situation: Situation,
): NonNullable<Decision['refusal']> {
  if (chain.length > 0) return refusalFor(sifted, situation)
  return {
    code: 'no_target',
    message:
      'No backend of the policy makes embeddings. Give one `embeddings: MODEL`, e.g. nomic-embed-text.',
  }
}

/** Ollama's clients write the tag or leave it out. */
function isCalled(embeddings: string | null, wanted: string): boolean {
  return (
    embeddings !== null &&
    (embeddings === wanted || embeddings === `${wanted}:latest` || `${embeddings}:latest` === wanted)
  )
}
