/** `content` of a Chat Completions message: a string, parts, or nothing. */
import type { ContentPart } from '../exchange.ts'
import { asObject, invalid, optionalString, requiredString } from '../fields.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import { isJsonArray, isJsonObject } from '../json.ts'

const NOTHING: readonly ContentPart[] = []

export function decodeContent(value: JsonValue | undefined, param: string): readonly ContentPart[] {
  if (typeof value === 'string') return value === '' ? NOTHING : [{ type: 'text', text: value }]
  if (value === undefined || value === null) return NOTHING
  if (!isJsonArray(value)) throw invalid(param, 'a string, an array of content parts or null')
  return value.map((part, index) => decodePart(part, `${param}[${index}]`))
}

function decodePart(value: JsonValue, param: string): ContentPart {
  const part = asObject(value, param)
  switch (requiredString(part, 'type', `${param}.type`)) {
    case 'text':
    // Clients that also speak Responses mix the names up.
    case 'input_text':
    case 'output_text':
      return { type: 'text', text: requiredString(part, 'text', `${param}.text`) }
    case 'refusal':
      return { type: 'text', text: requiredString(part, 'refusal', `${param}.refusal`) }
    case 'image_url':
    case 'input_image':
      return decodeImage(part, param)
    case 'input_audio':
      return { type: 'audio', value: part }
    default:
      // `file`, and what servers of this dialect have of their own (`video_url`): kept as it is.
      return { type: 'file', value: part }
  }
}

function decodeImage(part: JsonObject, param: string): ContentPart {
  const image = part['image_url']
  if (typeof image === 'string') {
    return { type: 'image', url: image, detail: optionalString(part, 'detail', `${param}.detail`) }
  }
  if (!isJsonObject(image)) throw invalid(`${param}.image_url`, 'an object with a url')
  return {
    type: 'image',
    url: requiredString(image, 'url', `${param}.image_url.url`),
    detail: optionalString(image, 'detail', `${param}.image_url.detail`),
  }
}
