/**
 * Reads everything that would be sent: every string and key of the body, wherever a client put it (faults.md L7, L8),
 * except the payload of images and sounds, which no text scan can read.
 */
import { isJsonObject, type JsonObject, type JsonValue } from '../wire/json.ts'
import { Candidates } from './candidates.ts'
import { readDataUrl } from './data-url.ts'
import { detectPrivateKey } from './detectors/private-key.ts'
import { FORMAT, STABLE } from './folding.ts'
import { emptyCounts, survey, type TextCounts } from './survey.ts'
import { estimateTokens } from './tokens.ts'

export interface Outgoing {
  /** Kinds of sensitive content found, in no order. */
  readonly kinds: ReadonlySet<string>
  readonly tokens: number
  /** Something was left unread because it is no text. */
  readonly unscannable: boolean
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
const LONGEST_LABELLED_VALUE = 120
const FORMAT_CHARACTERS = /\p{Cf}/gu

export function readOutgoing(body: JsonObject, images: number): Outgoing {
  const reader = new OutgoingReader()
  reader.readObject(body)
  return {
    kinds: reader.candidates.kinds,
    tokens: estimateTokens(reader.counts, images),
    unscannable: reader.unscannable,
  }
}

class OutgoingReader {
  readonly counts: TextCounts = emptyCounts()
  readonly candidates = new Candidates()
  unscannable = false
  /** Rescans (labelled values, joined parts) must not count their tokens again. */
  readonly #uncounted: TextCounts = emptyCounts()

  readObject(object: JsonObject): void {
    for (const key in object) {
      if (!Object.hasOwn(object, key)) continue
      const value = object[key]
      if (value === undefined) continue
      if (!ENVELOPE.has(key)) this.#scan(key, this.counts)
      if (this.#isBinary(object, key, value)) this.unscannable = true
      else this.#readValue(value, key)
    }
  }

  #readValue(value: JsonValue, key: string): void {
    if (typeof value === 'string') this.#readString(value, key)
    else if (typeof value === 'number') this.#readNumber(value, key)
    else if (Array.isArray(value)) this.#readArray(value as readonly JsonValue[], key)
    else if (isJsonObject(value)) this.readObject(value)
  }

  #readString(value: string, key: string): void {
    const data = value.startsWith('data:') ? readDataUrl(value) : null
    if (data !== null) {
      this.unscannable ||= data.unscannable
      this.#scan(data.text, this.counts)
      return
    }
    this.#scan(value, UNCOUNTED.has(key) ? this.#uncounted : this.counts)
    // `{"ssn": "…"}`: the key is the label of its value, and a label is what some numbers are known by.
    if (value.length <= LONGEST_LABELLED_VALUE && value.length > 3 && !ENVELOPE.has(key)) {
      this.#scan(`${key}: ${value}`, this.#uncounted)
    }
  }

  #readNumber(value: number, key: string): void {
    if (Math.abs(value) < LONG_NUMBER) return
    this.#scan(`${key}: ${value}`, this.counts)
  }

  #readArray(values: readonly JsonValue[], key: string): void {
    let joined = ''
    let parts = 0
    for (const value of values) {
      this.#readValue(value, key)
      const text = isJsonObject(value) ? value['text'] : undefined
      if (typeof text === 'string') {
        joined += text
        parts += 1
      }
    }
    // A secret cut in two by a part boundary is whole again for the model that reads it.
    if (parts > 1) this.#scan(joined, this.#uncounted)
  }

  #scan(text: string, counts: TextCounts): void {
    if (text === '') return
    const { candidates } = this
    candidates.begin()
    const folding = survey(text, counts, candidates)
    detectPrivateKey(text, candidates.kinds)
    if (folding <= STABLE) return
    // Full-width digits and zero-width joints hide a number from a pattern, not from a model (faults.md L24).
    const folded = text.normalize('NFKC')
    const plain = folding === FORMAT ? folded.replace(FORMAT_CHARACTERS, '') : folded
    if (plain !== text) this.#scan(plain, this.#uncounted)
  }

  /** `input_audio.data`, an image source's `data`, Ollama's `images`: base64 without a `data:` in front. */
  #isBinary(object: JsonObject, key: string, value: JsonValue): boolean {
    if (key === 'data' && typeof value === 'string') {
      return (object['type'] === 'base64' || typeof object['format'] === 'string') && isBase64(value)
    }
    return (
      key === 'images' &&
      Array.isArray(value) &&
      value.every((one) => typeof one === 'string' && isBase64(one))
    )
  }
}

const SHORTEST_PAYLOAD = 64

/** Base64 has none of the characters that prose and identifiers need; a text that only claims to be is scanned. */
function isBase64(value: string): boolean {
  return (
    value.length >= SHORTEST_PAYLOAD && !value.includes(' ') && !value.includes('@') && !value.includes('.')
  )
}
