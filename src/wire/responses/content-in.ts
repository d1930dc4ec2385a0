/** Content of a Responses item: flat where chat nests, and named by direction (reference 1.3). */
import type { ContentPart } from '../exchange.ts'
import { asObject, invalid, optionalString, requiredString, unsupported } from '../fields.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import { isJsonArray, isJsonObject } from '../json.ts'

export function decodeContent(value: JsonValue | undefined, param: string): readonly ContentPart[] {
  if (typeof value === 'string') return value === '' ? [] : [{ type: 'text', text: value }]
  if (value === undefined || value === null) return []
  if (!isJsonArray(value)) throw invalid(param, 'a string or an array of content parts')
  return value.map((part, index) => decodePart(part, `${param}[${index}]`))
}

function decodePart(value: JsonValue, param: string): ContentPart {
  const part = asObject(value, param)
  switch (requiredString(part, 'type', `${param}.type`)) {
    case 'input_text':
    case 'output_text':
    case 'summary_text':
    case 'reasoning_text':
    case 'text':
      return { type: 'text', text: requiredString(part, 'text', `${param}.text`) }
    case 'refusal':
      return { type: 'text', text: requiredString(part, 'refusal', `${param}.refusal`) }
    case 'input_image':
    case 'image_url':
      return decodeImage(part, param)
    case 'input_file':
      return decodeFile(part, param)
    case 'input_audio':
      return { type: 'audio', value: part }
    default:
      throw unsupported(`${param}.type`, 'expected input_text, input_image, input_file or output_text.')
  }
}

/** Uploaded to a provider, which alone knows it: the part is kept as it is, for a backend of this protocol. */
export function hasFileId(part: JsonObject): boolean {
  return typeof part['file_id'] === 'string'
}

function decodeImage(part: JsonObject, param: string): ContentPart {
  if (hasFileId(part)) return { type: 'file', value: part }
  const image = part['image_url']
  const detail = optionalString(part, 'detail', `${param}.detail`)
  // Chat's nested form, sent by clients that were ported in a hurry.
  if (isJsonObject(image))
    return { type: 'image', url: requiredString(image, 'url', `${param}.image_url.url`), detail }
  return { type: 'image', url: requiredString(part, 'image_url', `${param}.image_url`), detail }
}

/** Chat nests what Responses has flat, and knows no `file_url`; a backend that does takes it from there. */
function decodeFile(part: JsonObject, param: string): ContentPart {
  if (hasFileId(part)) return { type: 'file', value: part }
  const filename = optionalString(part, 'filename', `${param}.filename`)
  const data = optionalString(part, 'file_data', `${param}.file_data`)
  const url = optionalString(part, 'file_url', `${param}.file_url`)
  if (data === undefined && url === undefined) throw invalid(param, 'a file with file_data or file_url')
  return { type: 'file', value: { type: 'file', file: { filename, file_data: data, file_url: url } } }
}
