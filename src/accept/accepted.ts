/** What `accept` hands on: one request, read once, bounded, parsed strictly, translated, given an id. */
import type { ProtocolName } from '../wire/codec.ts'
import type { ChatRequest } from '../wire/exchange.ts'
import type { JsonObject } from '../wire/json.ts'

export interface Accepted {
  /** Made by us: `req_` and 26 characters that sort by time. */
  readonly id: string
  /** The protocol that the client speaks. */
  readonly protocol: ProtocolName
  /** The client's body, strictly parsed, with what it refers to put in: what would be sent, and so what is scanned. */
  readonly body: JsonObject
  readonly request: ChatRequest
  /** What this request adds to a conversation that the router keeps (Responses); null where none is kept. */
  readonly newItems: (() => readonly JsonObject[]) | null
  /**
   * `X-LLR-Sensitivity: high` was sent, now or for a turn that this one goes on from. Any other value changes
   * nothing: a header may raise, never lower.
   */
  readonly markedSensitive: boolean
  /** How long the client will wait, from the request's arrival; null: it does not say. */
  readonly deadlineMs: number | null
  /** `batch` gives way to whoever waits for an answer. */
  readonly priority: 'interactive' | 'batch'
  /** Beta features of Anthropic's API that the client names in a header; only letters, digits and dashes. */
  readonly betas: readonly string[]
  /** Wall clock, milliseconds since the epoch. */
  readonly receivedAtEpochMs: number
  /** Monotonic clock, for durations. */
  readonly receivedAtMs: number
}
