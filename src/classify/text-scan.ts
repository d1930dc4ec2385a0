/**
 * Scans one request's texts for what is sensitive, in every reading that a model would give them: as they are, with
 * look-alike and invisible characters folded, with escapes decoded, and over the seam between two messages.
 */
import { Candidates } from './candidates.ts'
import { detectPrivateKey } from './detectors/private-key.ts'
import { decodedAroundEscapes } from './escapes.ts'
import { folded, STABLE } from './folding.ts'
import { emptyCounts, survey, type TextCounts } from './survey.ts'

/**
 * Code units of one request that are scanned: half a million tokens, more than models read. What is beyond is not
 * read, so that no request holds up the others, and the request counts as sensitive.
 */
const MOST_SCANNED = 2 * 1024 * 1024
/** What a text costs besides its length: a request of a million keys is as much work as a long one. */
const SCAN_OVERHEAD = 16
/** Readings of readings: JSON in JSON in JSON, or look-alikes among escapes. */
const DEEPEST = 4
/** How much of each neighbour is put together at a seam. */
const SEAM = 64
const CUT_NUMBER = /^\d+/

export class TextScan {
  readonly kinds: ReadonlySet<string>
  readonly counts: TextCounts = emptyCounts()
  /** Code units that were left unread. */
  unread = 0
  readonly #candidates = new Candidates()
  /** Copies (labelled values, joined parts) must not count their tokens again. */
  readonly #uncounted: TextCounts = emptyCounts()
  #left = MOST_SCANNED
  /** The end of the prompt so far, its texts put together with nothing and with a blank between them. */
  #glued = ''
  #spaced = ''

  constructor() {
    this.kinds = this.#candidates.kinds
  }

  /** A text of the request. */
  scan(text: string, counted: boolean): void {
    this.#spend(text, counted ? this.counts : this.#uncounted)
  }

  /** A text made of others, to be read in one piece; its tokens are counted where they stand. */
  rescan(text: string): void {
    this.#spend(text, this.#uncounted)
  }

  /** A text that the model reads right behind the last one: a number may begin there and end here. */
  continueWith(text: string): void {
    const head = text.slice(0, SEAM)
    if (this.#glued !== '') {
      this.#spend(this.#glued + head, this.#uncounted)
      this.#spend(`${this.#spaced} ${head}`, this.#uncounted)
    }
    if (text.length >= SEAM) {
      // The rest of a number that is cut here is another number.
      this.#glued = text.slice(-SEAM).replace(CUT_NUMBER, '')
      this.#spaced = this.#glued
      return
    }
    this.#glued = (this.#glued + text).slice(-SEAM)
    this.#spaced = (this.#spaced === '' ? text : `${this.#spaced} ${text}`).slice(-SEAM)
  }

  #spend(text: string, counts: TextCounts): void {
    if (text === '') return
    const most = this.#left - SCAN_OVERHEAD
    if (most <= 0 || text.length > most) {
      this.unread += text.length - Math.max(0, most)
      this.#left = 0
      if (most > 0) this.#read(text.slice(0, most), counts, 0)
      return
    }
    this.#left -= text.length + SCAN_OVERHEAD
    this.#read(text, counts, 0)
  }

  #read(text: string, counts: TextCounts, depth: number): void {
    const candidates = this.#candidates
    candidates.begin()
    const folding = survey(text, counts, candidates)
    detectPrivateKey(text, candidates.kinds)
    if (depth === DEEPEST) return
    if (folding > STABLE) {
      // Full-width digits and zero-width joints hide a number from a pattern, not from a model (faults.md L24).
      const plain = folded(text, folding)
      if (plain !== text) {
        this.#read(plain, this.#uncounted, depth + 1)
        return
      }
    }
    for (const decoded of decodedAroundEscapes(text)) this.#read(decoded, this.#uncounted, depth + 1)
  }
}
