/** What kind of work the ask is: the task with the most evidence wins, too little evidence is `general`. */
import type { AskEvidence } from './ask-evidence.ts'
import { COARSE_TASKS, TASKS, type Task } from './classification.ts'

export interface TaskReading {
  /** One of the policy language's six. */
  readonly task: Task
  /** The same before it is folded into the six: what the complexity score goes by. */
  readonly fineTask: Task
}

/** A task must beat this to be more than `general`. */
const LEAST_EVIDENCE = 1.4
const GENERAL = TASKS.indexOf('general')
const COARSE: ReadonlySet<Task> = new Set(COARSE_TASKS)

export function readTask(evidence: AskEvidence, hasImage: boolean): TaskReading {
  if (hasImage) return { task: 'vision', fineTask: 'vision' }
  let best = GENERAL
  let most = LEAST_EVIDENCE
  for (const [i, weight] of evidence.tasks.entries()) {
    if (weight <= most) continue
    best = i
    most = weight
  }
  const fineTask = TASKS[best] ?? 'general'
  return { task: COARSE.has(fineTask) ? fineTask : 'general', fineTask }
}
