/** What calls cost. Unknown stays unknown: a missing price or a missing token count is never taken for zero. */
import type { TokenPrice } from './settings.ts'

export interface CostBasis {
  /** Null when the backend declares no price and is not proven local. */
  readonly price: TokenPrice | null
  /** `local`: no price declared, but the machine is the operator's own, so one request more costs nothing. */
  readonly source: 'declared' | 'local' | 'unknown'
}

const FREE: TokenPrice = Object.freeze({ input: 0, output: 0 })

export function costBasis(declared: TokenPrice | null, provenLocal: boolean): CostBasis {
  if (declared !== null) return { price: declared, source: 'declared' }
  if (provenLocal) return { price: FREE, source: 'local' }
  return { price: null, source: 'unknown' }
}

export function costUsd(
  { price }: CostBasis,
  inputTokens: number | null,
  outputTokens: number | null,
): number | null {
  if (price === null) return null
  if (price.input === 0 && price.output === 0) return 0
  if (inputTokens === null || outputTokens === null) return null
  return (inputTokens * price.input + outputTokens * price.output) / 1_000_000
}
