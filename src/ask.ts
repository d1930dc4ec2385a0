import type { Accepted } from './accept/accepted.ts'
import type { Ask } from './decide/decision.ts'

/** What of a request a decision depends on, beyond its tags. */
export function askOf({ id, request }: Pick<Accepted, 'id' | 'request'>): Ask {
  return {
    id,
    model: request.model,
    stream: request.stream,
    embeds: request.embedding !== undefined,
    needsTools: request.tools.length > 0,
    needsVision: request.messages.some((message) => message.content.some((part) => part.type === 'image')),
  }
}
