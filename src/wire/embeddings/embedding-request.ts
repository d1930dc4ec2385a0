/** What the protocols of embeddings have in common on their way in. */
import { RouterError } from '../../errors.ts'
import type { ChatMessage, ChatRequest, EmbeddingAsk } from '../exchange.ts'
import { invalid, optionalNumber } from '../fields.ts'
import type { JsonObject } from '../json.ts'

export function embeddingRequest(
  model: string,
  embedding: EmbeddingAsk,
  rest: Pick<ChatRequest, 'user' | 'nativeOnly' | 'dropped'>,
): ChatRequest {
  return {
    model,
    messages: messagesOf(embedding.inputs),
    stream: false,
    includeUsage: true,
    tools: [],
    embedding,
    ...rest,
  }
}

/** The texts as the classifier reads them. Token ids have none: one empty message stands for them. */
function messagesOf(inputs: EmbeddingAsk['inputs']): readonly ChatMessage[] {
  const texts = inputs.filter((input) => typeof input === 'string')
  if (texts.length === 0) return [{ role: 'user', content: [] }]
  return texts.map((text) => ({ role: 'user', content: [{ type: 'text', text }] }))
}

export function optionalDimensions(body: JsonObject): number | undefined {
  const dimensions = optionalNumber(body, 'dimensions')
  if (dimensions === undefined) return undefined
  if (!Number.isSafeInteger(dimensions) || dimensions < 1) throw invalid('dimensions', 'a positive integer')
  return dimensions
}

export function askOf(request: ChatRequest): EmbeddingAsk {
  if (request.embedding === undefined) {
    throw new RouterError(
      'internal_error',
      'A request that asks for no vectors reached a codec of embeddings.',
    )
  }
  return request.embedding
}
