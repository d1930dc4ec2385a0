/** The policy file's `records` section, prices on a backend, and the promotion test of its `ab` section. */
import { z } from 'zod'

export const recordsSchema = z
  .strictObject({
    maxDays: z.int().min(1).max(3650).default(30).describe('Records older than this many days are deleted.'),
    maxRows: z
      .int()
      .min(1000)
      .max(100_000_000)
      .default(1_000_000)
      .describe(
        'Most requests kept; beyond it the oldest are deleted. Mirrored calls have the same bound apart.',
      ),
    flushIntervalMs: z
      .int()
      .min(10)
      .max(60_000)
      .default(200)
      .describe('How long records wait in memory to be written together. A crash loses at most this much.'),
  })
  .describe('How much is remembered of past requests. Never their text.')

export type RecordsSettings = Readonly<z.infer<typeof recordsSchema>>
export const DEFAULT_RECORDS: RecordsSettings = Object.freeze(recordsSchema.parse({}))

const usdPerMillion = z.number().min(0).max(1_000_000)

/** Spread into a backend's schema. */
export const priceShape = {
  costPerMillionTokens: z
    .strictObject({
      input: usdPerMillion.describe('US dollars for a million input tokens.'),
      output: usdPerMillion.describe('US dollars for a million output tokens.'),
    })
    .optional()
    .describe('What this backend charges. Without it its cost is unknown, which is never counted as zero.'),
}

export interface TokenPrice {
  readonly input: number
  readonly output: number
}

/** Spread into the schema of `ab`: what a candidate must show before the report says `promote`. */
export const verdictShape = {
  minimumPairs: z
    .int()
    .min(10)
    .max(1_000_000)
    .default(50)
    .describe('Mirrored pairs, and pairs in which both succeeded, below which there is no verdict.'),
  confidence: z
    .number()
    .min(0.5)
    .max(0.999)
    .default(0.95)
    .describe(
      'Confidence of each one-sided test; 0.95 promotes a candidate that is not good enough at most 1 in 20.',
    ),
  successMargin: z
    .number()
    .min(0)
    .max(0.5)
    .default(0.02)
    .describe(
      'How much lower the success rate may be (0.02: two points), shown by a test, not by the mere figure.',
    ),
  latencyMargin: z
    .number()
    .min(0)
    .max(10)
    .default(0.1)
    .describe('By what share p50 and p95 may be slower (0.1: ten per cent), shown by a test.'),
  costMustNotRise: z
    .boolean()
    .default(true)
    .describe('Hold a candidate whose mean cost a request is higher, or unknown.'),
  windowHours: z.int().min(1).max(8760).default(168).describe('How far back pairs are counted, in hours.'),
}

const verdictSchema = z.strictObject(verdictShape)
export type VerdictSettings = Readonly<z.infer<typeof verdictSchema>>
export const DEFAULT_VERDICT: VerdictSettings = Object.freeze(verdictSchema.parse({}))
