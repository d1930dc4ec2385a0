/** The one place that makes ids: a prefix and 24 or more random characters of base 62 (reference 1.7). */
import { randomFillSync } from 'node:crypto'

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
/** One call to the system's generator a few hundred ids: a call an id costs more than the id. */
const pool = Buffer.allocUnsafeSlow(8192)
let position = pool.length

/** `call_`, `resp_`, `msg_` … + `length` characters; 24 of them are 142 bits, so ids never meet. */
export function newId(prefix: string, length = 24): string {
  let id = prefix
  for (let made = 0; made < length;) {
    if (position === pool.length) {
      randomFillSync(pool)
      position = 0
    }
    // 62 and 63 are thrown away, not folded: folding would make two letters twice as likely.
    const value = (pool[position++] ?? 0) & 63
    if (value >= 62) continue
    id += ALPHABET[value]
    made++
  }
  return id
}
