/** `system` and `messages` of a Messages request: one turn here may be several messages of the exchange. */
import type { ChatMessage, ContentPart, ToolCall } from '../exchange.ts'
import { asObject, invalid, missing, requiredString } from '../fields.ts'
import type { JsonValue } from '../json.ts'
import { isJsonArray } from '../json.ts'
import { blocksOf, decodePart, decodeParts, type PlacedBlock } from './blocks-in.ts'
import type { Losses } from './losses.ts'
import { decodeThought, joinThoughts, type Thought } from './thinking-blocks.ts'

/** Claude Code's first block: it differs with every request, so a local model could reuse nothing behind it. */
const BILLING_TAG = 'x-anthropic-billing-header'

export function decodeSystem(value: JsonValue | undefined, losses: Losses): readonly ChatMessage[] {
  const blocks = blocksOf(value, 'system').filter(({ block }) => {
    const text = block['text']
    return typeof text !== 'string' || !text.startsWith(BILLING_TAG)
  })
  const content = blocks.flatMap((placed) => decodePart(placed, losses))
  return content.length === 0 ? [] : [{ role: 'system', content }]
}

export function decodeMessages(value: JsonValue | undefined, losses: Losses): readonly ChatMessage[] {
  if (value === undefined || value === null) throw missing('messages')
  if (!isJsonArray(value) || value.length === 0) throw invalid('messages', 'a non-empty array')
  return value.flatMap((item, index) => decodeTurn(item, `messages[${index}]`, losses))
}

function decodeTurn(value: JsonValue, param: string, losses: Losses): ChatMessage[] {
  const turn = asObject(value, param)
  const place = `${param}.content`
  const role = requiredString(turn, 'role', `${param}.role`)
  if (turn['content'] === undefined || turn['content'] === null) throw missing(place)
  switch (role) {
    case 'user':
      return decodeUser(blocksOf(turn['content'], place), losses)
    case 'assistant':
      return [decodeAssistant(blocksOf(turn['content'], place), losses)]
    // Claude Code puts them between the turns (reference 4).
    case 'system':
      return [{ role, content: decodeParts(turn['content'], place, losses) }]
    default:
      throw invalid(`${param}.role`, 'user, assistant or system')
  }
}

/** The results come first: what answers a call must stand right behind it. */
function decodeUser(blocks: readonly PlacedBlock[], losses: Losses): ChatMessage[] {
  const results: ChatMessage[] = []
  const content: ContentPart[] = []
  for (const placed of blocks) {
    if (placed.block['type'] === 'tool_result') results.push(decodeResult(placed, losses))
    else content.push(...decodePart(placed, losses))
  }
  return results.length > 0 && content.length === 0 ? results : [...results, { role: 'user', content }]
}

function decodeResult({ block, param }: PlacedBlock, losses: Losses): ChatMessage {
  return {
    role: 'tool',
    content: decodeParts(block['content'], `${param}.content`, losses),
    toolCallId: requiredString(block, 'tool_use_id', `${param}.tool_use_id`),
    isError: block['is_error'] === true ? true : undefined,
  }
}

function decodeAssistant(blocks: readonly PlacedBlock[], losses: Losses): ChatMessage {
  const content: ContentPart[] = []
  const toolCalls: ToolCall[] = []
  const thoughts: Thought[] = []
  for (const placed of blocks) {
    const thought = decodeThought(placed.block)
    if (thought !== undefined) thoughts.push(thought)
    else if (placed.block['type'] === 'tool_use') toolCalls.push(decodeCall(placed))
    else content.push(...decodePart(placed, losses))
  }
  return {
    role: 'assistant',
    content,
    ...joinThoughts(thoughts),
    toolCalls: toolCalls.length > 0 ? toolCalls : undefined,
  }
}

/** `input` is what a model wrote and its client could read; whatever it is, it stays that. */
function decodeCall({ block, param }: PlacedBlock): ToolCall {
  const input = block['input'] ?? {}
  return {
    id: requiredString(block, 'id', `${param}.id`),
    name: requiredString(block, 'name', `${param}.name`),
    arguments: typeof input === 'string' ? input : JSON.stringify(input),
  }
}
