/** Which of the fields that a protocol has no form for a request really has: those are told to the client. */
import type { ChatRequest, DroppableField } from './exchange.ts'

export function droppedOf(
  request: ChatRequest,
  unsupported: readonly DroppableField[],
): readonly DroppableField[] {
  return unsupported.filter((field) => isSet(request, field))
}

/** What asks for the default is no loss: one choice, calls as the model likes, plain text. */
function isSet(request: ChatRequest, field: DroppableField): boolean {
  switch (field) {
    case 'tools':
      return request.tools.length > 0
    case 'toolChoice':
      return request.tools.length > 0 && request.toolChoice !== undefined && request.toolChoice !== 'auto'
    case 'parallelToolCalls':
      return request.tools.length > 0 && request.parallelToolCalls === false
    case 'responseFormat':
      return request.responseFormat !== undefined && request.responseFormat.type !== 'text'
    case 'choiceCount':
      return (request.choiceCount ?? 1) > 1
    case 'logprobs':
      return request.logprobs === true
    case 'dimensions':
      return request.embedding?.dimensions !== undefined
    case 'temperature':
    case 'topP':
    case 'topK':
    case 'presencePenalty':
    case 'frequencyPenalty':
    case 'seed':
    case 'stop':
    case 'topLogprobs':
    case 'reasoningEffort':
      break
  }
  return request[field] !== undefined
}
