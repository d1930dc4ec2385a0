/** What `accept` hands on: one request, read once, bounded, parsed strictly, translated, given an id. */
import type { ProtocolName } from '../wire/codec.ts'
import type { ChatRequest } from '../wire/exchange.ts'
import type { JsonObject } from '../wire/json.ts'

export interface Accepted {
  /** Made by us: `req_` and 26 characters that sort by time. */
  readonly id: string
  /** The protocol that the client speaks. */
  readonly protocol: ProtocolName
  /** The client's body, strictly parsed; what would be sent, and so what is scanned. */
  readonly body: JsonObject
  readonly request: ChatRequest
  /** `X-LLR-Sensitivity: high` was sent. Any other value changes nothing: a header may raise, never lower. */
  readonly markedSensitive: boolean
  /** Wall clock, milliseconds since the epoch. */
  readonly receivedAtEpochMs: number
  /** Monotonic clock, for durations. */
  readonly receivedAtMs: number
}
