import { RouterError } from '../errors.ts'
import type { Attempt } from './outcome.ts'

/**
 * When several targets failed, the client learns of each. The code is that of the last one tried, unless one said
 * that the prompt is too long: a client that is told so shortens it, one that is told 503 repeats it.
 */
export function summarise(error: RouterError | null, attempts: readonly Attempt[]): RouterError | null {
  if (error === null || error.code === 'client_closed_request') return error
  const failed = attempts.filter((one) => one.error !== null)
  if (failed.length < 2) return error
  const details = [...new Set(failed.map((one) => one.error?.message ?? ''))].join(' ')
  const tooLong = failed.find((one) => one.error?.code === 'context_length_exceeded')?.error
  // A target that could not be asked says less than one that was.
  const told = tooLong ?? failed.findLast(({ sent }) => sent)?.error ?? error
  const tries = failed.filter(({ sent }) => sent).length
  const count = tries < 2 ? '' : `All ${tries} attempts failed. `
  return new RouterError(told.code, `${count}${details}`, {
    param: told.param ?? undefined,
    retryAfterSeconds: soonest(failed),
    tokens: tooLong?.tokens ?? undefined,
  })
}

/** One of them will take requests again first. */
function soonest(failed: readonly Attempt[]): number | undefined {
  const waits = failed.flatMap(({ error }) => error?.retryAfterSeconds ?? [])
  return waits.length === 0 ? undefined : Math.min(...waits)
}
