/** What the policy file says about how many calls a backend gets at once, and how many may wait for it. */
import { z } from 'zod'

/** Netflix's limit begins at 20 and ends at 200; a GPU begins at one and is full long before that. */
const MOST_PARALLEL = 32
const LONGEST_WAIT_MS = 30_000

export const admissionSchema = z
  .strictObject({
    enabled: z
      .boolean()
      .optional()
      .describe(
        'False passes every call on at once. Default: true for local backends, false for hosted ones.',
      ),
    parallel: z
      .int()
      .min(1)
      .max(1024)
      .optional()
      .describe(
        'Calls that the server works on at once: where the limit starts (Ollama OLLAMA_NUM_PARALLEL, llama.cpp --parallel, vLLM --max-num-seqs).',
      ),
    maxParallel: z
      .int()
      .min(1)
      .max(1024)
      .optional()
      .describe(
        'How far the limit may grow while first tokens keep coming as fast. 32, or parallel where that is more; the same as parallel pins it.',
      ),
    queuePerSlot: z
      .int()
      .min(0)
      .max(1024)
      .default(4)
      .describe('Calls that may wait for each one that runs; more are turned away with Retry-After.'),
    queueWaitMs: z
      .int()
      .min(0)
      .max(86_400_000)
      .optional()
      .describe('Longest wait for a slot. 30000, or timeouts.firstTokenMs where that is less.'),
  })
  .refine(({ parallel, maxParallel }) => maxParallel === undefined || maxParallel >= (parallel ?? 1), {
    path: ['maxParallel'],
    message: 'must not be below parallel',
  })
  .describe(
    'How many calls run on this backend at once, and how many wait in the router instead of in its queue.',
  )

type Written = z.infer<typeof admissionSchema>

/** The settings of one backend once all defaults are filled in. */
export type AdmissionSettings = Readonly<{ [Name in keyof Written]-?: NonNullable<Written[Name]> }>

export interface AdmissionDefaults {
  readonly enabled: boolean
  /** What a server of this type does unless told otherwise: 1 for Ollama. */
  readonly parallel: number
  /** The backend's time limit for a first token, once its own defaults are filled in. */
  readonly firstTokenMs: number
}

export function admissionSettings(
  written: Readonly<Partial<Written>>,
  defaults: AdmissionDefaults,
): AdmissionSettings {
  const limit = written.maxParallel
  // A ceiling that was set and lies below the default is meant: the start gives way.
  const parallel = written.parallel ?? Math.min(defaults.parallel, limit ?? defaults.parallel)
  return {
    enabled: written.enabled ?? defaults.enabled,
    parallel,
    maxParallel: limit ?? Math.max(MOST_PARALLEL, parallel),
    queuePerSlot: written.queuePerSlot ?? 4,
    queueWaitMs: written.queueWaitMs ?? Math.min(LONGEST_WAIT_MS, defaults.firstTokenMs),
  }
}
