/** `Accepted → Classification`: pure, synchronous, deterministic, in time linear in the request. */
import type { ChatRequest } from '../wire/exchange.ts'
import type { JsonObject } from '../wire/json.ts'
import { gatherEvidence } from './ask-evidence.ts'
import type { Classification, Complexity, Family, Modality, Task } from './classification.ts'
import { scoreComplexity } from './complexity.ts'
import { latestAsk } from './latest-ask.ts'
import { readOutgoing } from './outgoing.ts'
import type { ClassifySettings } from './settings.ts'
import { readTask } from './task.ts'

export interface ClassifyInput {
  readonly request: ChatRequest
  /** The client's own body: what would be sent, so what is scanned. */
  readonly body: JsonObject
  readonly markedSensitive: boolean
}

interface Ask {
  readonly task: Task
  readonly fineTask: Task
  readonly complexity: Complexity
  readonly complexityScore: number
}

/** When a part of the classifier breaks, the others still speak; these stand in for the broken one. */
const UNKNOWN_ASK: Ask = {
  task: 'general',
  fineTask: 'general',
  complexity: 'medium',
  complexityScore: 0.5,
}
const BYTES_A_TOKEN = 3
const LONGEST_ASK = 256 * 1024

export function classify(input: ClassifyInput, settings: ClassifySettings): Classification {
  let failed = false
  const guarded = <T>(read: () => T, standIn: () => T): T => {
    try {
      return read()
    } catch {
      // Fail closed: a request that could not be read is not shown to be harmless (faults.md L14).
      failed = true
      return standIn()
    }
  }
  const ask = guarded(
    () => readAsk(input.request),
    () => UNKNOWN_ASK,
  )
  const modality = guarded<Modality>(
    () => readModality(input.request),
    () => 'text',
  )
  const outgoing = guarded(
    () => readOutgoing(input.body, countImages(input.request)),
    () => ({ kinds: new Set<string>(), tokens: roughTokens(input.body), unscannable: true, tooLong: false }),
  )
  const findings = new Set<string>(outgoing.kinds)
  if (input.markedSensitive) findings.add('header')
  // Fail closed: what was not read is not shown to be harmless.
  if (outgoing.tooLong) findings.add('too-long-to-scan')
  if (failed) findings.add('classifier-failure')
  if (settings.unscannable === 'local-only' && (outgoing.unscannable || modality === 'image')) {
    findings.add('unscannable')
  }
  return {
    ...ask,
    sensitivity: findings.size > 0 ? 'high' : 'normal',
    findings: [...findings].sort(),
    modality,
    family: familyOf(ask.task, modality),
    tokens: outgoing.tokens,
  }
}

function readAsk(request: ChatRequest): Ask {
  const ask = latestAsk(request.messages)
  const text = clipped(ask.text)
  const evidence = gatherEvidence(text)
  const { task, fineTask } = readTask(evidence, ask.hasImage)
  const { score, level } = scoreComplexity(text, evidence, fineTask)
  return { task, fineTask, complexity: level, complexityScore: score }
}

/** The middle of a very long ask says nothing about what is asked. */
function clipped(text: string): string {
  if (text.length <= LONGEST_ASK) return text
  return `${text.slice(0, LONGEST_ASK / 2)}\n${text.slice(-LONGEST_ASK / 2)}`
}

/** An image anywhere decides: a text model cannot even read the history. */
function readModality(request: ChatRequest): Modality {
  return countImages(request) > 0 ? 'image' : 'text'
}

function countImages(request: ChatRequest): number {
  let count = 0
  for (const message of request.messages) {
    for (const part of message.content) if (part.type === 'image') count += 1
  }
  return count
}

function familyOf(task: Task, modality: Modality): Family {
  if (modality === 'image') return 'gemma'
  return task === 'code' ? 'qwen-coder' : 'llama'
}

function roughTokens(body: JsonObject): number {
  try {
    return Math.ceil(JSON.stringify(body).length / BYTES_A_TOKEN)
  } catch {
    return 0
  }
}
