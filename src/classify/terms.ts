/**
 * Looks words and short phrases up in a table while reading a text once. Words are hashed as they are read, so that
 * a text costs the same whether the table has ten terms or a thousand; hits are then compared, so that no two terms
 * can be confused.
 */
export interface TermHit<Value> {
  readonly value: Value
  /** Where the first word of the term begins. */
  readonly at: number
}

interface Entry<Value> {
  readonly term: string
  readonly value: Value
}

const LONGEST_PHRASE = 4
const SEED = 0x81_1c_9d_c5 | 0
const PRIME = 0x01_00_01_93
const JOIN = 31

export class TermTable<Value> {
  readonly #entries = new Map<number, Entry<Value>>()
  /** Hashes of every proper beginning of a phrase: a phrase is followed only while one can still match. */
  readonly #beginnings = new Set<number>()

  add(term: string, value: Value): void {
    const words = term.split(' ')
    let hash = 0
    for (const [i, word] of words.entries()) {
      hash = i === 0 ? hashOf(word) : join(hash, hashOf(word))
      if (i < words.length - 1) this.#beginnings.add(hash)
    }
    this.#entries.set(hash, { term, value })
  }

  /** Calls `hit` for each term in `text`, which must be in lower case. */
  read(text: string, from: number, to: number, hit: (value: Value, at: number) => void): number {
    const open: number[] = []
    const starts: number[] = []
    let words = 0
    let position = from
    while (position < to) {
      const start = position
      let hash = SEED
      let code = text.charCodeAt(position)
      while (isTermCode(code) && position < to) {
        hash = Math.imul(hash ^ code, PRIME)
        position += 1
        code = text.charCodeAt(position)
      }
      if (position === start) {
        // A mark other than a blank ends every open phrase.
        if (code !== 32 && code !== 10 && code !== 39) open.length = 0
        position += 1
        continue
      }
      words += 1
      this.#follow({ text, start, end: position, hash, open, starts }, hit)
    }
    return words
  }

  #follow(word: Word, hit: (value: Value, at: number) => void): void {
    const { text, start, hash, open, starts } = word
    let kept = 0
    for (let i = 0; i < open.length; i += 1) {
      const phrase = join(open[i] ?? 0, hash)
      const phraseStart = starts[i] ?? start
      this.#report(phrase, text, phraseStart, hit)
      if (kept < LONGEST_PHRASE && this.#beginnings.has(phrase)) {
        open[kept] = phrase
        starts[kept] = phraseStart
        kept += 1
      }
    }
    this.#report(hash, text, start, hit)
    if (this.#beginnings.has(hash)) {
      open[kept] = hash
      starts[kept] = start
      kept += 1
    }
    open.length = kept
  }

  #report(hash: number, text: string, start: number, hit: (value: Value, at: number) => void): void {
    const entry = this.#entries.get(hash)
    if (entry !== undefined && text.charCodeAt(start) === entry.term.charCodeAt(0)) hit(entry.value, start)
  }
}

interface Word {
  readonly text: string
  readonly start: number
  readonly end: number
  readonly hash: number
  readonly open: number[]
  readonly starts: number[]
}

/** Letters, digits, and the marks of `c++`, `c#` and `x_y`; letters of other scripts too. */
function isTermCode(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= 48 && code <= 57) || code === 43 || code === 35 || code === 95 || code >= 0xc0
}

function hashOf(word: string): number {
  let hash = SEED
  for (let i = 0; i < word.length; i += 1) hash = Math.imul(hash ^ word.charCodeAt(i), PRIME)
  return hash
}

function join(phrase: number, word: number): number {
  return (Math.imul(phrase, JOIN) + word) | 0
}
