import type { Classification } from '../classify/classification.ts'
import type { Decision, Target } from '../decide/decision.ts'
import type { Attempt } from '../dispatch/outcome.ts'

/** What is known of a request when its answer goes out; null for what was not reached. */
export interface Explanation {
  readonly requestId: string
  readonly classification: Classification | null
  readonly decision: Decision | null
  readonly target: Target | null
  /** Attempts that came to nothing, in their order. */
  readonly failed: readonly Attempt[]
}

const NONE = 'none'
const MAX_HEADER_CHARACTERS = 300

/** The headers of SPEC 9.6; all of them on every answer, `none` for what was not reached. */
export function explain(explanation: Explanation): Record<string, string> {
  const { requestId, classification, decision, target, failed } = explanation
  return {
    'x-llr-request-id': requestId,
    'x-request-id': requestId,
    'x-llr-backend': toAscii(target?.backend ?? NONE),
    'x-llr-model': toAscii(target?.model ?? NONE),
    'x-llr-route': toAscii(decision?.route ?? NONE),
    'x-llr-reason': toAscii(decision === null ? NONE : reasonOf(decision, target, failed)),
    'x-llr-task': classification?.task ?? NONE,
    'x-llr-complexity': classification?.complexity ?? NONE,
    'x-llr-sensitivity': classification?.sensitivity ?? NONE,
    'x-llr-attempts': String(failed.filter(({ sent }) => sent).length + (target === null ? 0 : 1)),
  }
}

/** Why this target answered: the decision, and whoever failed before it. */
function reasonOf(decision: Decision, target: Target | null, failed: readonly Attempt[]): string {
  if (target === null || failed.length === 0) return decision.reason
  const failures = failed.map(
    ({ target: { backend }, sent, error }) =>
      `${backend} ${sent ? 'failed' : 'passed over'} (${error?.code ?? 'unknown'})`,
  )
  return `${decision.reason}; ${failures.join(', ')}`
}

/** Percent-encodes (RFC 3986, over UTF-8) whatever is not printable ASCII, and bounds the length. */
export function toAscii(text: string): string {
  if (/^[\x20-\x7e]*$/.test(text) && text.length <= MAX_HEADER_CHARACTERS) return text
  const encoded = text.toWellFormed().replace(/[^\x20-\x7e]/gu, (character) => encodeURIComponent(character))
  return encoded.length <= MAX_HEADER_CHARACTERS
    ? encoded
    : `${encoded.slice(0, MAX_HEADER_CHARACTERS - 3).replace(/%[0-9A-F]?$/, '')}...`
}
