/** The canonical vectors → a `/v1/embeddings` answer, in the form the client asked for. */
import type { ReplyContext } from '../codec.ts'
import type { ChatReply } from '../exchange.ts'
import { encodeBase64 } from './base64.ts'
import { encodingFormat } from './request-in.ts'
import { inputTokensOf, vectorsFor } from './vectors.ts'

export function encodeEmbeddingsReply(reply: ChatReply, context: ReplyContext): string {
  const isBase64 = encodingFormat(context.body) === 'base64'
  const tokens = inputTokensOf(reply, context)
  return JSON.stringify({
    object: 'list',
    data: vectorsFor(reply, context.request).map((vector, index) => ({
      object: 'embedding',
      index,
      embedding: isBase64 ? encodeBase64(vector) : vector,
    })),
    model: reply.model || context.model,
    usage: { prompt_tokens: tokens, total_tokens: tokens },
  })
}
