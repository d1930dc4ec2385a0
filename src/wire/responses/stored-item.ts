/** An item as it is stored and listed: with an id, and a message in its long form. */
import { textOr } from '../fields.ts'
import { newId } from '../ids.ts'
import type { JsonObject, JsonValue } from '../json.ts'

const PREFIXES: Readonly<Record<string, string>> = {
  message: 'msg_',
  reasoning: 'rs_',
  function_call: 'fc_',
  function_call_output: 'fco_',
  custom_tool_call: 'ctc_',
  custom_tool_call_output: 'ctco_',
  compaction: 'cmp_',
}

/** Clients write messages in short (no type, text for content); what reads a list of items knows the long form only. */
export function storedItem(item: JsonObject): JsonObject {
  const type = textOr(item['type'], item['role'] === undefined ? '' : 'message')
  const prefix = Object.hasOwn(PREFIXES, type) ? PREFIXES[type] : undefined
  const id = textOr(item['id'], '') || newId(prefix ?? 'item_')
  if (type !== 'message') return { ...item, id }
  return { ...item, id, type, content: longContent(item['content'], item['role']) }
}

function longContent(content: JsonValue | undefined, role: JsonValue | undefined): JsonValue {
  if (typeof content !== 'string') return content ?? []
  if (role === 'assistant') return [{ type: 'output_text', text: content, annotations: [] }]
  return [{ type: 'input_text', text: content }]
}
