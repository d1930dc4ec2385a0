/** Seeded random numbers for resampling: the same records always give the same report. Not for secrets. */

/** Whole numbers from 0 to below `bound`. G. Marsaglia's xorshift32 (2003), scaled. */
export type Draw = (bound: number) => number

export function createDraw(seed: number): Draw {
  // Spreads small seeds over all bits: the first draws of a sparse state are far from random.
  let state = Math.imul(seed + 1, 0x9e3779b1) || 1
  return (bound) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return Math.floor(((state >>> 0) / 4_294_967_296) * bound)
  }
}
