/**
 * Which call a tool's result answers. Ollama's clients mostly say only the tool's name, or nothing at all, where
 * every other protocol ties the two by id.
 */
import type { ToolCall } from '../exchange.ts'

/** Bounds the time on a history of a hundred thousand calls that nobody answered. */
const MOST = 256

export class OpenCalls {
  #calls: readonly ToolCall[] = []
  /** Left unanswered when the user went on: they are answered only when nothing else can be meant. */
  #left: readonly ToolCall[] = []

  add(calls: readonly ToolCall[]): void {
    if (calls.length > 0) this.#calls = [...this.#calls, ...calls].slice(-MOST)
  }

  nextTurn(): void {
    if (this.#calls.length === 0) return
    this.#left = [...this.#left, ...this.#calls].slice(-MOST)
    this.#calls = []
  }

  /** The id of the call that this result is for; undefined when none is open. */
  answer(id: string | undefined, name: string | undefined): string | undefined {
    const open = [...this.#calls, ...this.#left]
    const call =
      id === undefined
        ? (open.find((one) => one.name === name) ?? open[0])
        : open.find((one) => one.id === id)
    this.#calls = this.#calls.filter((one) => one !== call)
    this.#left = this.#left.filter((one) => one !== call)
    return id ?? call?.id
  }
}
