/** When the circuit breaker of a target opens and for how long: `breaker` of the policy and of a backend. */
import { z } from 'zod'

const milliseconds = z.int().min(1).max(3_600_000)

/** Every field optional: backend over policy over the default. */
export const breakerSchema = z
  .strictObject({
    enabled: z
      .boolean()
      .optional()
      .describe(
        'Whether a target that keeps failing, or said for how long not to be asked, is passed over. true.',
      ),
    consecutiveFailures: z
      .int()
      .min(1)
      .max(1000)
      .optional()
      .describe('Failures in a row that open it; 429 is not one of them. Local 3, else 5.'),
    minSuccessRate: z
      .number()
      .min(0)
      .max(1)
      .optional()
      .describe('Share of successes in the window below which it opens; 429 counts as none. 0.5.'),
    minSamples: z
      .int()
      .min(1)
      .max(100_000)
      .optional()
      .describe('Answers in the window below which its success rate says nothing. 10.'),
    windowMs: milliseconds
      .min(10)
      .optional()
      .describe(
        'Length of that window. Closed for as long, the next opening is as short as the first one. 30000.',
      ),
    openMs: milliseconds
      .optional()
      .describe('Longest first opening; then one request is let through to try. Each further doubles. 1000.'),
    maxOpenMs: milliseconds
      .optional()
      .describe('Longest opening, unless the backend asked for more with Retry-After. 60000.'),
    jitter: z
      .number()
      .min(0)
      .max(1)
      .optional()
      .describe('Largest share by which an opening is shortened at random. 0.5: half to the whole of it.'),
  })
  .describe('Circuit breaker of each target: passes over a target that keeps failing, and tries it again.')

export type BreakerSettings = Readonly<z.infer<typeof breakerSchema>>

/** The settings that hold for a target once all defaults are filled in. */
export type BreakerLimits = { readonly [Name in keyof BreakerSettings]-?: NonNullable<BreakerSettings[Name]> }

/** A local server that fails thrice is down: it has no replicas that could do better. */
const CONSECUTIVE_FAILURES = { local: 3, hosted: 5 } as const

export function breakerLimits(settings: BreakerSettings, isLocal: boolean): BreakerLimits {
  return {
    enabled: settings.enabled ?? true,
    consecutiveFailures: settings.consecutiveFailures ?? CONSECUTIVE_FAILURES[isLocal ? 'local' : 'hosted'],
    minSuccessRate: settings.minSuccessRate ?? 0.5,
    minSamples: settings.minSamples ?? 10,
    windowMs: settings.windowMs ?? 30_000,
    openMs: settings.openMs ?? 1000,
    maxOpenMs: settings.maxOpenMs ?? 60_000,
    jitter: settings.jitter ?? 0.5,
  }
}
