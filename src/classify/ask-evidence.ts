/** Reads the ask once and adds up what its words say: for each task, and about how hard it is. */
import { TASKS, type Task } from './classification.ts'
import { codeShare } from './code-shape.ts'
import { COMPLEXITY_TERMS, type ComplexitySignal } from './complexity-terms.ts'
import { TASK_TERMS, UNSPACED_TERMS } from './task-terms.ts'
import { TermTable } from './terms.ts'

export interface AskEvidence {
  /** By index into `TASKS`. */
  readonly tasks: Float64Array
  readonly hard: number
  readonly trivial: number
  readonly constraints: number
}

interface Evidence {
  readonly slot: number
  readonly weight: number
}

const SIGNALS: readonly ComplexitySignal[] = ['hard', 'trivial', 'constraint']
const SIGNAL_SLOT = TASKS.length
const SLOTS = SIGNAL_SLOT + SIGNALS.length
const CODE = TASKS.indexOf('code')
const WEB_SEARCH = TASKS.indexOf('web_search')
const MATH = TASKS.indexOf('math')

/** An instruction stands at the beginning or the end; what is between is mostly what it is about. */
const ZONE = 260
const BODY_WEIGHT = 0.2
/** The first line, and the last, are where most people say what they want. */
const OPENING = 120
const OPENING_WEIGHT = 1.3
const CLOSING_WEIGHT = 1.1
/** A long text is about the news rather than asking for them: whoever asks for them is brief. */
const SHORT_ASK = 400
const CODE_SHAPE_WEIGHT = 5
const LATEX =
  /\[asy\]|\\(?:frac|sqrt|begin\{(?:align|equation|pmatrix|array)|overline|sigma|sum|int|mathbb|left|cdot)|\$[^$\n]{1,60}\$/i
const LATEX_WEIGHT = 3
const UNSPACED = /[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]/
const UNSPACED_WEIGHT = 2.5
/** The middle of a long ask is sampled where an instruction could stand: at the beginning of its paragraphs. */
const LONG_ASK = 6000
const PARAGRAPH_START = 120
const MOST_PARAGRAPHS = 200

const TABLE = buildTable()

function buildTable(): TermTable<Evidence> {
  const table = new TermTable<Evidence>()
  for (const [task, byWeight] of Object.entries(TASK_TERMS)) {
    const slot = TASKS.indexOf(task as Task)
    for (const [weight, terms] of Object.entries(byWeight))
      addTerms(table, terms, { slot, weight: Number(weight) })
  }
  for (const [i, signal] of SIGNALS.entries()) {
    addTerms(table, COMPLEXITY_TERMS[signal], { slot: SIGNAL_SLOT + i, weight: 1 })
  }
  return table
}

function addTerms(table: TermTable<Evidence>, terms: string, evidence: Evidence): void {
  for (const term of terms.split(',')) table.add(term.trim().replace(/\s+/g, ' '), evidence)
}

export function gatherEvidence(text: string): AskEvidence {
  const slots = new Float64Array(SLOTS)
  readWords(text, slots)
  const sample = text.length > LONG_ASK ? text.slice(0, LONG_ASK / 2) + text.slice(-LONG_ASK / 2) : text
  if (UNSPACED.test(sample)) addUnspacedEvidence(sample, slots)
  if (LATEX.test(sample)) slots[MATH] = (slots[MATH] ?? 0) + LATEX_WEIGHT
  slots[CODE] = (slots[CODE] ?? 0) + codeShare(text) * CODE_SHAPE_WEIGHT
  return {
    tasks: slots.subarray(0, TASKS.length),
    hard: slots[SIGNAL_SLOT] ?? 0,
    trivial: slots[SIGNAL_SLOT + 1] ?? 0,
    constraints: slots[SIGNAL_SLOT + 2] ?? 0,
  }
}

function readWords(text: string, slots: Float64Array): void {
  const length = text.length
  const tail = length - ZONE
  const firstLine = text.indexOf('\n')
  const opening = firstLine === -1 ? OPENING : Math.min(OPENING, firstLine)
  const closing = Math.max(tail, text.lastIndexOf('\n'))
  const newsWeight = length > SHORT_ASK ? BODY_WEIGHT : 1
  let from = 0
  const hit = ({ slot, weight }: Evidence, atInPiece: number): void => {
    const at = from + atInPiece
    let place = at < ZONE || at >= tail ? 1 : BODY_WEIGHT
    if (slot >= SIGNAL_SLOT) place = 1
    else if (at < opening) place = OPENING_WEIGHT
    else if (at > closing) place = CLOSING_WEIGHT
    if (slot === WEB_SEARCH) place *= newsWeight
    slots[slot] = (slots[slot] ?? 0) + weight * place
  }
  // Only what is read is made lower case: of a long text in two bytes a unit, that alone was a tenth of the time.
  const read = (start: number, end: number): void => {
    from = start
    const piece = text.slice(start, end).toLowerCase()
    TABLE.read(piece, hit)
  }
  if (length <= LONG_ASK) {
    read(0, length)
    return
  }
  read(0, LONG_ASK / 2)
  let at = text.indexOf('\n\n', LONG_ASK / 2)
  for (let count = 0; at !== -1 && at < tail && count < MOST_PARAGRAPHS; count += 1) {
    const end = Math.min(tail, at + PARAGRAPH_START)
    read(at, end)
    at = text.indexOf('\n\n', end)
  }
  read(tail, length)
}

/** Scripts written without blanks have no words to look up; these few are looked for as they stand. */
function addUnspacedEvidence(sample: string, slots: Float64Array): void {
  for (const [task, pattern] of UNSPACED_TERMS) {
    const slot = TASKS.indexOf(task)
    if (pattern.test(sample)) slots[slot] = (slots[slot] ?? 0) + UNSPACED_WEIGHT
  }
}
