/** What a client is told when no target is left: which backends, why not, and what would help. */
import type { Decision, Rejection } from './decision.ts'
import type { Sifted, Situation } from './gate.ts'

function list(rejected: readonly Rejection[]): string {
  if (rejected.length === 0) return 'the policy names none'
  return rejected
    .map(({ backend, model, reason }) => `${model === '' ? backend : `${backend}/${model}`}: ${reason}`)
    .join(' | ')
}

/**
 * A private request is never told to try elsewhere: what helps is a local backend that works, not another road out.
 */
export function refusalFor(sifted: Sifted, { label }: Situation): NonNullable<Decision['refusal']> {
  const tried = list(sifted.rejected)
  if (label === 'local-only' && sifted.labelDecided) {
    return {
      code: 'privacy_no_local_target',
      message:
        `This request is sensitive and stays on backends that are proven local, and none of those can take it. ` +
        `Tried ${tried}. Start the local server or check that it runs on this machine; GET /health shows its state.`,
    }
  }
  const advice =
    label === 'local-only'
      ? 'Start the local server; GET /health shows its state.'
      : 'GET /health shows the state of each backend; add a fallback to the route, or send "model": "auto".'
  return { code: 'no_target', message: `No backend can take this request. Tried ${tried}. ${advice}` }
}
