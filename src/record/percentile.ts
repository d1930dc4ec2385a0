/** Nearest-rank percentile: always a value that was measured, never one between two. */

/** `sorted` ascending; `share` above 0 and up to 1. */
export function percentile(sorted: ArrayLike<number>, share: number): number | null {
  return sorted[nearestRank(sorted.length, share)] ?? null
}

/** Index of the percentile among `count` sorted values. */
export function nearestRank(count: number, share: number): number {
  return Math.max(0, Math.ceil(share * count) - 1)
}
