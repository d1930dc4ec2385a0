/**
 * Looks words and short phrases up in a table while reading a text once. Words are hashed as they are read, so that
 * a text costs the same whether the table has ten terms or a thousand.
 */

/** `at` is where the first word of the term begins. */
export type OnTerm<Value> = (value: Value, at: number) => void

interface Node<Value> {
  /** What the terms that end here are worth. */
  readonly values: Value[]
  /** First character of those terms: a cheap second look, should two hashes ever meet. */
  first: number
  /** A longer phrase begins like this. */
  begins: boolean
}

const MOST_OPEN = 5
const SEED = 0x81_1c_9d_c5 | 0
const PRIME = 0x01_00_01_93
const JOIN = 31
/** Most words are in no term: one byte says so before the map is asked. */
const SIEVE_BITS = 0xff_ff

export class TermTable<Value> {
  readonly #nodes = new Map<number, Node<Value>>()
  readonly #sieve = new Uint8Array(SIEVE_BITS + 1)
  /** Of use within one `read` only; kept because a typed array is dear to make. */
  readonly #open: OpenPhrases = {
    count: 0,
    hashes: new Int32Array(MOST_OPEN),
    starts: new Int32Array(MOST_OPEN),
  }

  add(term: string, value: Value): void {
    const words = term.split(' ')
    let hash = 0
    for (const [i, word] of words.entries()) {
      hash = i === 0 ? hashOf(word) : join(hash, hashOf(word))
      const node = this.#nodes.get(hash) ?? { values: [], first: term.charCodeAt(0), begins: false }
      this.#nodes.set(hash, node)
      this.#sieve[hash & SIEVE_BITS] = 1
      if (i < words.length - 1) node.begins = true
      else node.values.push(value)
    }
  }

  /** Calls `onTerm` for each term in `text`, which must be in lower case. */
  read(text: string, onTerm: OnTerm<Value>): void {
    const to = text.length
    const open = this.#open
    open.count = 0
    let position = 0
    while (position < to) {
      const start = position
      let hash = SEED
      let code = text.charCodeAt(position)
      while (isTermCode(code)) {
        hash = Math.imul(hash ^ code, PRIME)
        position += 1
        if (position >= to) break
        code = text.charCodeAt(position)
      }
      if (position > start) {
        if (open.count > 0) this.#follow(text, hash, open, onTerm)
        if (this.#sieve[hash & SIEVE_BITS] === 1 && this.#visit(text, hash, start, onTerm))
          keepOpen(open, hash, start)
      } else {
        if (!joinsWords(code)) open.count = 0
        position += 1
      }
    }
  }

  /** The word goes on with every open phrase, or ends it. */
  #follow(text: string, word: number, open: OpenPhrases, onTerm: OnTerm<Value>): void {
    const before = open.count
    open.count = 0
    for (let i = 0; i < before; i += 1) {
      const phrase = join(open.hashes[i] ?? 0, word)
      if (this.#sieve[phrase & SIEVE_BITS] === 0) continue
      const start = open.starts[i] ?? 0
      if (this.#visit(text, phrase, start, onTerm)) keepOpen(open, phrase, start)
    }
  }

  /** True when a longer phrase may follow. */
  #visit(text: string, hash: number, start: number, onTerm: OnTerm<Value>): boolean {
    const node = this.#nodes.get(hash)
    if (node === undefined || node.first !== text.charCodeAt(start)) return false
    for (const value of node.values) onTerm(value, start)
    return node.begins
  }
}

/** Phrases that the next word may go on with. Of fixed size: an array that shrinks to nothing is allocated anew. */
interface OpenPhrases {
  count: number
  readonly hashes: Int32Array
  readonly starts: Int32Array
}

function keepOpen(open: OpenPhrases, hash: number, start: number): void {
  if (open.count === MOST_OPEN) return
  open.hashes[open.count] = hash
  open.starts[open.count] = start
  open.count += 1
}

/** A mark ends every open phrase; a blank does not, nor do the marks inside `driver's` and `tl;dr`. */
function joinsWords(code: number): boolean {
  return code === 32 || code === 10 || code === 39 || code === 59
}

/** Letters, digits, and the marks of `c++`, `c#` and `x_y`; letters of other scripts too. */
function isTermCode(code: number): boolean {
  if (code >= 97) return code <= 122 || code >= 0xc0
  return (code >= 48 && code <= 57) || code === 43 || code === 35 || code === 95
}

function hashOf(word: string): number {
  let hash = SEED
  for (let i = 0; i < word.length; i += 1) hash = Math.imul(hash ^ word.charCodeAt(i), PRIME)
  return hash
}

function join(phrase: number, word: number): number {
  return (Math.imul(phrase, JOIN) + word) | 0
}
