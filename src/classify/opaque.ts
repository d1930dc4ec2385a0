/** Which places of a request hold what no text scan can read. What is not known to be text is not. */
import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from '../wire/json.ts'

const words = (list: string): ReadonlySet<string> => new Set(list.split(' '))

/** Parts of a message whose content is text. */
const TEXT_PARTS = words(
  'text input_text output_text summary_text reasoning_text refusal thinking tool_use tool_call tool_result ' +
    'function_call function_call_output',
)
/** Items of a Responses input whose content is text; what tools of OpenAI made is not known to be. */
const TEXT_ITEMS = words(
  'message function_call function_call_output custom_tool_call custom_tool_call_output reasoning web_search_call ' +
    'local_shell_call local_shell_call_output shell_call shell_call_output apply_patch_call ' +
    'apply_patch_call_output mcp_call mcp_list_tools mcp_approval_request mcp_approval_response ' +
    'text input_text output_text refusal',
)
/** Fields that name or hold content that is elsewhere, or sealed. */
const REFERENCES = words('file_id file_url encrypted_content')
const LINKS = words('image_url video_url audio_url')
const MEDIA_PARTS = words('image_url input_image image input_audio document')
/** Fields that take a text as token ids of one model's vocabulary, which no one else can read. */
const TOKEN_IDS = words('prompt input context')

/** Elements of an array under `key`: whether one is a part or item that is not known to be text. */
export function holdsUnknownPart(values: readonly JsonValue[], key: string): boolean {
  const known = key === 'input' ? TEXT_ITEMS : key === 'content' || key === 'output' ? TEXT_PARTS : null
  return known !== null && values.some((value) => isUnknown(value, known))
}

function isUnknown(value: JsonValue, known: ReadonlySet<string>): boolean {
  if (!isJsonObject(value)) return false
  const { type } = value
  if (type === undefined) return value['role'] === undefined && typeof value['text'] !== 'string'
  if (type === 'file' || type === 'input_file') return !hasFileData(value)
  if (type === 'document') return !isTextSource(value['source'])
  return typeof type !== 'string' || !known.has(type)
}

/** Anthropic's documents: the text itself, or blocks of it. */
function isTextSource(source: JsonValue | undefined): boolean {
  return isJsonObject(source) && (source['type'] === 'text' || source['type'] === 'content')
}

/** What is in the request is judged by what it is. */
function hasFileData(part: JsonObject): boolean {
  return hasString(part, 'file_data') || hasString(part['file'] ?? null, 'file_data')
}

/** Whether a field points to something that is not in the request, or is sealed, or is no text. */
export function isReference(object: JsonObject, key: string, value: JsonValue): boolean {
  if (REFERENCES.has(key)) return typeof value === 'string'
  if (LINKS.has(key)) return typeof value === 'string' || hasString(value, 'url')
  if (key === 'audio') return hasString(value, 'id') || hasString(value, 'data')
  if (TOKEN_IDS.has(key)) return countTokenIds(value) > 0
  return key === 'images' && takesImages(object) && Array.isArray(value) && value.length > 0
}

function hasString(value: JsonValue, key: string): boolean {
  return isJsonObject(value) && typeof value[key] === 'string'
}

/** A message of Ollama's chat, or the body of its `/api/generate`. */
function takesImages(object: JsonObject): boolean {
  return typeof object['role'] === 'string' || typeof object['prompt'] === 'string'
}

/** How many there are in a list of them, or in a list of such lists. */
export function countTokenIds(value: JsonValue | undefined): number {
  if (!isJsonArray(value)) return 0
  let count = 0
  for (const one of value) count += typeof one === 'number' ? 1 : countTokenIds(one)
  return count
}

/** Where an object stands in the request: the object it is a field of, and that field's name. */
export interface Place {
  readonly holder: JsonObject | null
  readonly key: string
}

/** The places where a payload of an image or a sound belongs; anywhere else it is text as far as anyone knows. */
export function isPayloadPlace(object: JsonObject, key: string, { holder, key: heldAs }: Place): boolean {
  if (key === 'file_data') return true
  if (key === 'images') return takesImages(object)
  if (key === 'image_url') return isMediaPart(object)
  if (holder === null || !isMediaPart(holder)) return false
  if (key === 'url') return heldAs === 'image_url'
  return key === 'data' && (heldAs === 'source' || heldAs === 'input_audio')
}

function isMediaPart(object: JsonObject): boolean {
  const { type } = object
  return typeof type === 'string' && MEDIA_PARTS.has(type)
}
