/** What `classify` hands on: the tags a policy can match. No text of the request is in it. */

/** The tasks of the policy language. */
export const COARSE_TASKS = [
  'code',
  'web_search',
  'summarisation',
  'classification',
  'vision',
  'general',
] as const
/** Finer tags, each of which `general` in a match covers as well (SPEC 9.3). */
export const FINE_TASKS = ['math', 'translation', 'extraction', 'reasoning', 'writing'] as const
export const TASKS = [...COARSE_TASKS, ...FINE_TASKS] as const
export const COMPLEXITIES = ['low', 'medium', 'high'] as const
export const SENSITIVITIES = ['normal', 'high'] as const
export const MODALITIES = ['text', 'image'] as const
export const FAMILIES = ['qwen-coder', 'gemma', 'llama'] as const

export type Task = (typeof TASKS)[number]
export type Complexity = (typeof COMPLEXITIES)[number]
export type Sensitivity = (typeof SENSITIVITIES)[number]
export type Modality = (typeof MODALITIES)[number]
export type Family = (typeof FAMILIES)[number]

/** Kinds of finding that make content sensitive. Names only: what was found is never kept. */
export type FindingKind = string

export interface Classification {
  readonly task: Task
  /** The finer kind of work where there is one, else the same: a policy matches either (SPEC 9.3). */
  readonly fineTask: Task
  readonly complexity: Complexity
  /** 0 (trivial) to 1 (hard). The level follows it, but `low` also needs evidence of triviality. */
  readonly complexityScore: number
  readonly sensitivity: Sensitivity
  /** Why it is high: `header`, `unscannable`, `too-long-to-scan`, `classifier-failure`, or the kinds that the content scan found. */
  readonly findings: readonly FindingKind[]
  readonly modality: Modality
  readonly family: Family
  /** Estimate of the input tokens of everything that would be sent. */
  readonly tokens: number
}
