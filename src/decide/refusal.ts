/** What a client is told when no target is left: which backends, why not, and what would help. */
import type { Decision, Rejection } from './decision.ts'
import { NOT_PROVEN_LOCAL, OUT_OF_REACH, type Sifted, type Situation } from './gate.ts'

function list(rejected: readonly Rejection[]): string {
  if (rejected.length === 0) return 'the policy names none'
  return rejected
    .map(({ backend, model, reason }) => `${model === '' ? backend : `${backend}/${model}`}: ${reason}`)
    .join(' | ')
}

/**
 * A private request is never told to try elsewhere: what helps is a local backend that works, not another road out.
 */
export function refusalFor({ rejected }: Sifted, { label }: Situation): NonNullable<Decision['refusal']> {
  const tried = list(rejected)
  // Also when something else stood in its way as well: the client has to know that the label will.
  const isDown = rejected.some(({ reason }) => reason.includes(OUT_OF_REACH))
  const isUnproven = isDown || rejected.some(({ reason }) => reason.includes(NOT_PROVEN_LOCAL))
  if (label === 'local-only' && isUnproven) {
    const cure = isDown
      ? 'Start the local server'
      : 'A local server that runs on this machine, and is in the policy, could'
    return {
      code: 'privacy_no_local_target',
      message:
        `This request is sensitive and stays on backends that are proven local, and none of those can take it. ` +
        `Tried ${tried}. ${cure}; GET /health shows the state of each.`,
    }
  }
  const advice =
    label === 'local-only'
      ? 'Start the local server; GET /health shows its state.'
      : 'Mend what is named, or give the route a fallback; GET /health shows the state of each backend.'
  return { code: 'no_target', message: `No backend can take this request. Tried ${tried}. ${advice}` }
}
