/** Mirrored pairs drawn from known distributions, to see how often a verdict is wrong. */
import { createDraw, type Draw } from '../../src/record/random.ts'
import type { ShadowPair } from '../../src/record/store.ts'

export interface PairModel {
  readonly count: number
  /** Candidate's median as a multiple of the primary's. */
  readonly ratio: number
  /** Chance that only the candidate fails, that only the primary fails, and that both do. */
  readonly onlyCandidateFails?: number
  readonly onlyPrimaryFails?: number
  readonly bothFail?: number
  /** Spread of the log-normal times, and how alike those of a pair are. */
  readonly sigma?: number
  readonly correlation?: number
}

export function shadowPair(part: Partial<ShadowPair> = {}): ShadowPair {
  return {
    stream: false,
    primaryModel: 'llama4:16x17b',
    primarySucceeded: true,
    primaryTotalMs: 800,
    primaryInputTokens: 1000,
    primaryOutputTokens: 500,
    candidateModel: 'smart',
    candidateSucceeded: true,
    candidateTotalMs: 800,
    candidateInputTokens: 1000,
    candidateOutputTokens: 500,
    ...part,
  }
}

/** A source of sets of pairs; the same seed gives the same sets. */
export function createPairSource(seed: number): (model: PairModel) => readonly ShadowPair[] {
  const draw = createDraw(seed)
  return (model) => Array.from({ length: model.count }, () => drawPair(model, draw))
}

function drawPair(model: PairModel, draw: Draw): ShadowPair {
  const { ratio, sigma = 0.5, correlation = 0.5 } = model
  const shared = normal(draw)
  const other = correlation * shared + Math.sqrt(1 - correlation ** 2) * normal(draw)
  const chance = uniform(draw)
  const both = model.bothFail ?? 0
  const candidateEnd = both + (model.onlyCandidateFails ?? 0)
  const primaryEnd = candidateEnd + (model.onlyPrimaryFails ?? 0)
  return shadowPair({
    primaryTotalMs: 500 * Math.exp(sigma * shared),
    candidateTotalMs: 500 * ratio * Math.exp(sigma * other),
    candidateSucceeded: chance >= candidateEnd,
    primarySucceeded: chance >= both && !(chance >= candidateEnd && chance < primaryEnd),
  })
}

const uniform = (draw: Draw): number => (draw(2 ** 31) + 0.5) / 2 ** 31

/** G. Box and M. Muller (1958). */
function normal(draw: Draw): number {
  return Math.sqrt(-2 * Math.log(uniform(draw))) * Math.cos(2 * Math.PI * uniform(draw))
}
