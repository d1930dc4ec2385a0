import { randomFillSync } from 'node:crypto'

/** Crockford's base 32: no I, L, O, U, so an id can be read out over a telephone. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const RANDOM_CHARACTERS = 16

// One system call for many ids: a fill of 16 bytes costs as much as a fill of 4,096.
const pool = Buffer.alloc(4096)
let used = pool.length

/**
 * `req_` and a ULID (github.com/ulid/spec): 10 characters of time in ms, 16 of randomness. Sorting by time keeps
 * an index on it append-only, which a random UUID would not.
 */
export function createRequestId(epochMs: number): string {
  let time = ''
  let rest = Math.floor(epochMs)
  for (let i = 0; i < 10; i++) {
    time = ALPHABET.charAt(rest % 32) + time
    rest = Math.floor(rest / 32)
  }
  if (used + RANDOM_CHARACTERS > pool.length) {
    randomFillSync(pool)
    used = 0
  }
  let random = ''
  for (let i = 0; i < RANDOM_CHARACTERS; i++) random += ALPHABET.charAt((pool[used + i] ?? 0) & 31)
  used += RANDOM_CHARACTERS
  return `req_${time}${random}`
}
