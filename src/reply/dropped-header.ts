/** What of a request the answer was given without, in the client's own words (reference 3.3). */
import type { Outbound } from '../dispatch/outbound.ts'
import type { ClientCodec } from '../wire/codec.ts'
import type { ChatRequest, DroppableField } from '../wire/exchange.ts'
import { toAscii } from './headers.ts'

/** `x-llr-dropped: seed,tools[2]`, or nothing when nothing was lost. */
export function droppedHeader(
  request: ChatRequest,
  outbound: Outbound,
  codec: ClientCodec,
): Readonly<Record<string, string>> {
  // A body that passes through takes everything along.
  if (outbound.passThrough) return {}
  const names = new Set([...request.dropped, ...outbound.dropped.map((field) => nameOf(field, codec))])
  return names.size === 0 ? {} : { 'x-llr-dropped': toAscii([...names].join(',')) }
}

function nameOf(field: DroppableField, codec: ClientCodec): string {
  return codec.fieldNames[field] ?? field.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}
