/** What the checks of all protocols are written in. */
import assert from 'node:assert/strict'

export interface Json {
  readonly [key: string]: Json | undefined
}

/** A value that may be anything, for messages and comparisons. */
export function show(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value ?? null)
}

export function items(value: unknown): readonly Json[] {
  assert.ok(Array.isArray(value), 'a list')
  return value as readonly Json[]
}

export interface Event {
  readonly name: string
  readonly data: string
}

/** Every event whole, ended by a blank line; nothing left over. */
export function eventsOf(text: string): readonly Event[] {
  assert.ok(text.endsWith('\n\n'), 'the stream ends with a whole event')
  return text
    .slice(0, -2)
    .split('\n\n')
    .filter((block) => !block.startsWith(':'))
    .map((block) => {
      const lines = block.split('\n')
      const field = (name: string): string =>
        lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2) ?? ''
      return { name: field('event'), data: field('data') }
    })
}
