import type { Context } from './context.ts'

/** One reading of a number; a longer or shorter one may be tried on the same context. */
export interface NumberSpan {
  readonly text: string
  readonly start: number
  readonly end: number
  /** As written, separators included. */
  readonly written: string
  readonly digits: string
  readonly context: Context
}
