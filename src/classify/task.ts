/** What kind of work the ask is: evidence for each task is added up, the strongest wins, no evidence is `general`. */
import { COARSE_TASKS, TASKS, type Task } from './classification.ts'
import { codeShare } from './code-shape.ts'
import type { Ask } from './latest-ask.ts'
import { TASK_TERMS } from './task-terms.ts'
import { TermTable } from './terms.ts'

export interface TaskReading {
  /** One of the policy language's six. */
  readonly task: Task
  /** The same, not folded: the finer tags too. */
  readonly fineTask: Task
  /** How far code syntax makes up the ask, 0 to 1. */
  readonly codeShare: number
}

interface Evidence {
  readonly task: number
  readonly weight: number
}

const TABLE = buildTable()
const CODE = TASKS.indexOf('code')
const GENERAL = TASKS.indexOf('general')

/** An instruction stands at the beginning or the end; what is between is mostly what it is about. */
const ZONE = 260
const BODY_WEIGHT = 0.25
/** A task must beat this to be more than `general`. */
const LEAST_EVIDENCE = 1.4
const CODE_SHAPE_WEIGHT = 5
/** The middle of a long ask is sampled where an instruction could stand: at the beginning of its paragraphs. */
const LONG_ASK = 6000
const PARAGRAPH_START = 120
const MOST_PARAGRAPHS = 200

function buildTable(): TermTable<Evidence> {
  const table = new TermTable<Evidence>()
  for (const [task, byWeight] of Object.entries(TASK_TERMS)) {
    const index = TASKS.indexOf(task as Task)
    for (const [weight, terms] of Object.entries(byWeight)) {
      for (const term of terms.split(',')) {
        table.add(term.trim().replace(/\s+/g, ' '), { task: index, weight: Number(weight) })
      }
    }
  }
  return table
}

export function readTask(ask: Ask): TaskReading {
  const shape = codeShare(ask.text)
  if (ask.hasImage) return { task: 'vision', fineTask: 'vision', codeShare: shape }
  const evidence = gather(ask.text)
  evidence[CODE] = (evidence[CODE] ?? 0) + shape * CODE_SHAPE_WEIGHT
  evidence[GENERAL] = LEAST_EVIDENCE
  let best = GENERAL
  for (let i = 0; i < TASKS.length; i += 1) if ((evidence[i] ?? 0) > (evidence[best] ?? 0)) best = i
  const fineTask = TASKS[best] ?? 'general'
  const task = (COARSE_TASKS as readonly Task[]).includes(fineTask) ? fineTask : 'general'
  return { task, fineTask, codeShare: shape }
}

function gather(text: string): Float64Array {
  const evidence = new Float64Array(TASKS.length)
  const lower = text.toLowerCase()
  const tail = lower.length - ZONE
  const hit = (found: Evidence, at: number): void => {
    const weight = at < ZONE || at >= tail ? 1 : BODY_WEIGHT
    evidence[found.task] = (evidence[found.task] ?? 0) + found.weight * weight
  }
  if (lower.length <= LONG_ASK) {
    TABLE.read(lower, 0, lower.length, hit)
    return evidence
  }
  TABLE.read(lower, 0, LONG_ASK / 2, hit)
  readParagraphStarts(lower, LONG_ASK / 2, tail, hit)
  TABLE.read(lower, tail, lower.length, hit)
  return evidence
}

function readParagraphStarts(text: string, from: number, to: number, hit: (found: Evidence, at: number) => void): void {
  let at = text.indexOf('\n\n', from)
  for (let count = 0; at !== -1 && at < to && count < MOST_PARAGRAPHS; count += 1) {
    const end = Math.min(to, at + PARAGRAPH_START)
    TABLE.read(text, at, end, hit)
    at = text.indexOf('\n\n', end)
  }
}
