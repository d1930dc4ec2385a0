/**
 * What a client asks, what a backend hears, what it answers and what the client gets, in words of no protocol. Built
 * without `src/wire`, so that a mistake there cannot hide by being made on both sides.
 */
import type { Fields } from './demand.ts'

export interface Call {
  readonly id: string
  readonly name: string
  readonly arguments: Fields
}

export type Turn =
  | { readonly role: 'system'; readonly text: string }
  /** `images` are PNGs in base64. */
  | { readonly role: 'user'; readonly text: string; readonly images?: readonly string[] }
  | {
      readonly role: 'assistant'
      readonly text: string
      readonly calls?: readonly Call[]
      /** What it thought before, as it was answered. */
      readonly reasoning?: string
      readonly seal?: string | null
    }
  /** `id` is the id of the call that it answers. */
  | { readonly role: 'tool'; readonly id: string; readonly text: string }

export interface Tool {
  readonly name: string
  readonly description: string
  /** JSON Schema. */
  readonly parameters: Fields
}

export interface Ask {
  readonly model?: string
  readonly turns: readonly Turn[]
  readonly tools?: readonly Tool[]
  /** JSON Schema that the answer has to fit. */
  readonly schema?: Fields
  readonly maxTokens?: number
  readonly stop?: readonly string[]
  readonly effort?: 'low' | 'medium' | 'high'
  readonly stream: boolean
}

export type Finish = 'stop' | 'length' | 'tool_calls'

/** `input` has the cached tokens in it, `output` those of the reasoning. */
export interface Usage {
  readonly input: number
  readonly output: number
  /** `null`: the protocol does not tell. */
  readonly cached: number | null
  readonly reasoning: number | null
}

export interface Answer {
  readonly text: readonly string[]
  readonly reasoning?: readonly string[]
  readonly calls?: readonly Call[]
  readonly finish: Finish
  readonly usage: Usage
  /**
   * `before`: status 500; `early`: status 200, but the protocol's own error comes instead of the first token; `error`:
   * it comes behind that; `cut`: the connection is closed there. A buffered answer fails by status (`before`,
   * `error`) or in the middle of its body.
   */
  readonly failure?: 'before' | 'early' | 'error' | 'cut'
}

export interface Answered {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  readonly reasoning: string
  /** What the client has to send back beside the reasoning, where its protocol has such a thing. */
  readonly seal: string | null
  readonly calls: readonly Call[]
  readonly finish: Finish | null
  readonly usage: Usage | null
  readonly error: {
    readonly code: string | null
    readonly type: string | null
    readonly message: string
  } | null
  /** Of a stream: its events; 0 for a buffered answer. */
  readonly events: number
  /** The protocol's own end of a finished answer was seen. */
  readonly terminated: boolean
  readonly raw: string
}

type HeardTurn =
  | { readonly role: 'system'; readonly text: string }
  | { readonly role: 'user'; readonly text: string; readonly images: readonly string[] }
  | {
      readonly role: 'assistant'
      readonly text: string
      readonly calls: readonly string[]
      readonly reasoning: string
    }
  | { readonly role: 'tool'; readonly answers: string; readonly text: string }

/** What a backend made of a request. Ids differ from protocol to protocol, so results name the call they answer. */
export interface Heard {
  readonly turns: readonly HeardTurn[]
  readonly tools: readonly Tool[]
  readonly schema: Fields | null
  readonly maxTokens: number | null
  readonly stop: readonly string[]
  readonly effort: string | null
  readonly stream: boolean
}

export function heardOf(ask: Ask): Heard {
  const calls = new Map<string, string>()
  const turns = ask.turns.map((turn): HeardTurn => {
    switch (turn.role) {
      case 'user':
        return { role: 'user', text: turn.text, images: turn.images ?? [] }
      case 'assistant': {
        for (const call of turn.calls ?? []) calls.set(call.id, nameOf(call))
        return {
          role: 'assistant',
          text: turn.text,
          calls: (turn.calls ?? []).map(nameOf),
          reasoning: turn.reasoning ?? '',
        }
      }
      case 'tool':
        return { role: 'tool', answers: calls.get(turn.id) ?? 'no call', text: turn.text }
      case 'system':
        break
    }
    return turn
  })
  return {
    turns,
    tools: ask.tools ?? [],
    schema: ask.schema ?? null,
    maxTokens: ask.maxTokens ?? null,
    stop: ask.stop ?? [],
    effort: ask.effort ?? null,
    stream: ask.stream,
  }
}

function nameOf(call: Call): string {
  return `${call.name} ${JSON.stringify(call.arguments)}`
}
