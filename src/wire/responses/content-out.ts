/** Content parts → those of an input item; what an assistant said has a name of its own and is not here. */
import type { ContentPart, OpaquePart } from '../exchange.ts'
import type { JsonObject } from '../json.ts'
import { isJsonObject } from '../json.ts'
import { unsupportedPart } from '../unsupported-part.ts'

/** An empty list is refused; an empty text is not. */
export function encodeInputParts(content: readonly ContentPart[]): JsonObject[] {
  return content.length === 0 ? [{ type: 'input_text', text: '' }] : content.map(encodePart)
}

function encodePart(part: ContentPart): JsonObject {
  switch (part.type) {
    case 'text':
      return { type: 'input_text', text: part.text }
    case 'image':
      return { type: 'input_image', image_url: part.url, detail: part.detail }
    case 'file':
      return encodeFile(part)
    case 'audio':
      break
  }
  return part.value
}

/** Chat nests what Responses has flat. */
function encodeFile({ value }: OpaquePart): JsonObject {
  const { type, file } = value
  if (type === 'input_file' || type === 'input_image') return value
  if (!isJsonObject(file)) throw unsupportedPart('a part', 'Responses takes text, images and files only.')
  const { filename, file_data, file_url, file_id } = file
  return { type: 'input_file', filename, file_data, file_url, file_id }
}
