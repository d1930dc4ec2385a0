/** The allowed word nearest to the one that was written, if one is near enough to be worth saying. */

/** Case and separators are what people get wrong first: `latency_budget_ms`, `Web-Search`. */
function plain(word: string): string {
  return word.toLowerCase().replaceAll(/[-_. ]/g, '')
}

/** Edits between two words, a swap of neighbours counting as one (optimal string alignment). */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let row = 1; row <= a.length; row++) {
    const current = [row]
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1]
      let best = Math.min(
        (last[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (same ? 0 : 1),
      )
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) {
        best = Math.min(best, (beforeLast[column - 2] ?? 0) + 1)
      }
      current.push(best)
    }
    beforeLast = last
    last = current
  }
  return last[b.length] ?? 0
}

/** Words longer than any of ours are no misspelling, and the distance of two of them costs their product. */
const LONGEST_WORD = 64
const SHARED_START = 3

function isNear(written: string, allowed: string, distance: number): boolean {
  if (distance <= Math.floor(Math.max(written.length, allowed.length) / 3)) return true
  if (written.length < SHARED_START) return written.length > 1 && allowed.startsWith(written)
  return (
    allowed.startsWith(written.slice(0, SHARED_START)) ||
    allowed.includes(written) ||
    written.includes(allowed)
  )
}

export function didYouMean(written: string, allowed: Iterable<string>): string | undefined {
  if (written === '' || written.length > LONGEST_WORD) return undefined
  const word = plain(written)
  let nearest: string | undefined
  let least = Number.POSITIVE_INFINITY
  for (const option of allowed) {
    if (option === written) continue
    const candidate = plain(option)
    const distance = editDistance(word, candidate)
    if (distance < least && isNear(word, candidate, distance)) {
      least = distance
      nearest = option
    }
  }
  return nearest
}
