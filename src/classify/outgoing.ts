/**
 * Reads everything that would be sent: every string and key of the body, wherever a client put it (faults.md L7, L8),
 * except the payload of images and sounds, which no text scan can read.
 */
import { isJsonObject, type JsonObject, type JsonValue } from '../wire/json.ts'
import { isDataUrl, readBase64, readDataUrl, readEmbedded } from './data-url.ts'
import { countTokenIds, holdsUnknownPart, isPayloadPlace, isReference, type Place } from './opaque.ts'
import { TextScan } from './text-scan.ts'
import { estimateTokens } from './tokens.ts'

export interface Outgoing {
  /** Kinds of sensitive content found, in no order. */
  readonly kinds: ReadonlySet<string>
  readonly tokens: number
  /** Something was left unread because it is no text. */
  readonly unscannable: boolean
  /** Something was left unread because there was too much. */
  readonly tooLong: boolean
}

/** A number this long can be a card or an account; a shorter one is a setting. */
const LONG_NUMBER = 100_000_000
/** Envelope fields whose values say nothing; their names are not put before the value. */
const ENVELOPE = new Set(
  (
    'type role content text model messages arguments input description instructions ' +
    'tools function parameters stream stream_options temperature max_tokens'
  ).split(' '),
)
/** Values that steer the call and are no part of the prompt: scanned, not counted. */
const UNCOUNTED = new Set([
  'type',
  'role',
  'model',
  'id',
  'tool_call_id',
  'call_id',
  'detail',
  'user',
  'metadata',
])
/** The fields whose texts the model reads one behind the other. */
const PROSE = new Set(['content', 'text', 'input', 'output', 'instructions', 'arguments', 'input_text'])
const LONGEST_LABELLED_VALUE = 120
const SHORTEST_LABELLED_VALUE = 4
const CHARACTERS_A_TOKEN = 4
const TOP: Place = { holder: null, key: '' }

export function readOutgoing(body: JsonObject, images: number): Outgoing {
  const reader = new OutgoingReader()
  reader.readObject(body, TOP)
  const { kinds, counts, unread } = reader.scan
  return {
    kinds,
    tokens: estimateTokens(counts, images) + reader.tokenIds + Math.ceil(unread / CHARACTERS_A_TOKEN),
    unscannable: reader.unscannable,
    tooLong: unread > 0,
  }
}

class OutgoingReader {
  readonly scan = new TextScan()
  unscannable = false
  tokenIds = 0

  readObject(object: JsonObject, place: Place): void {
    for (const key in object) {
      if (!Object.hasOwn(object, key)) continue
      const value = object[key]
      if (value === undefined || value === null) continue
      if (!ENVELOPE.has(key)) this.scan.scan(key, true)
      this.unscannable ||= isReference(object, key, value)
      if (isPayloadPlace(object, key, place)) this.#readPayload(value, object, key)
      else this.#readValue(value, object, key)
    }
  }

  #readValue(value: JsonValue, holder: JsonObject | null, key: string): void {
    if (typeof value === 'string') this.#readString(value, key)
    else if (typeof value === 'number') this.#readNumber(value, key)
    else if (Array.isArray(value)) this.#readArray(value as readonly JsonValue[], key)
    else if (isJsonObject(value)) this.readObject(value, { holder, key })
  }

  /** Where an image, a sound or a file belongs. Whether it is one, what stands there must show. */
  #readPayload(value: JsonValue, holder: JsonObject, key: string): void {
    if (typeof value === 'string') {
      const decoded = isDataUrl(value) ? readDataUrl(value) : (readEmbedded(value) ?? readBase64(value))
      this.unscannable ||= decoded.isBinary
      for (const text of decoded.texts) this.scan.scan(text, true)
    } else if (Array.isArray(value)) {
      for (const one of value as readonly JsonValue[]) this.#readPayload(one, holder, key)
    } else this.#readValue(value, holder, key)
  }

  #readString(value: string, key: string): void {
    const data = isDataUrl(value) ? readDataUrl(value) : readEmbedded(value)
    if (data !== null) {
      this.unscannable ||= data.isBinary
      for (const text of data.texts) if (text !== value) this.scan.rescan(text)
    }
    this.scan.scan(value, !UNCOUNTED.has(key))
    if (PROSE.has(key)) this.scan.continueWith(value)
    // `{"ssn": "…"}`: the key is the label of its value, and a label is what some numbers are known by.
    const { length } = value
    if (length <= LONGEST_LABELLED_VALUE && length >= SHORTEST_LABELLED_VALUE && !ENVELOPE.has(key)) {
      this.scan.rescan(`${key}: ${value}`)
    }
  }

  #readNumber(value: number, key: string): void {
    if (Math.abs(value) < LONG_NUMBER) return
    this.scan.scan(`${key}: ${value}`, true)
  }

  #readArray(values: readonly JsonValue[], key: string): void {
    this.unscannable ||= holdsUnknownPart(values, key)
    if (typeof values[0] === 'number') this.tokenIds += countTokenIds(values)
    let joined = ''
    let parts = 0
    for (const value of values) {
      this.#readValue(value, null, key)
      const text = isJsonObject(value) ? value['text'] : undefined
      if (typeof text === 'string') {
        joined += text
        parts += 1
      }
    }
    // A secret cut in two by a part boundary is whole again for the model that reads it.
    if (parts > 1) this.scan.rescan(joined)
  }
}
