/**
 * `llr classify`: JSON Lines of prompts or requests in, JSON Lines of tags out. Nothing is sent anywhere.
 *
 * `us` is the classification alone, in microseconds, as in a process that has been serving for a while: before the
 * first line the classifier is run over texts of its own, for at most 150 ms, until it is compiled.
 */
import { once } from 'node:events'
import { performance } from 'node:perf_hooks'
import { createInterface } from 'node:readline'
import { classify, type ClassifyInput } from '../src/classify/classify.ts'
import type { Classification } from '../src/classify/classification.ts'
import type { ClassifySettings } from '../src/classify/settings.ts'
import { RouterError } from '../src/errors.ts'
import { clientCodec } from '../src/wire/codecs.ts'
import { isJsonObject, parseJson, type JsonObject, type JsonValue } from '../src/wire/json.ts'
import { SAMPLES } from './classify-samples.ts'

const MICROSECONDS_A_MILLISECOND = 1000
const WARM_UP_MS = 150
const WARM_UP_ROUNDS = 1000

interface Line {
  readonly id: JsonValue
  readonly input: ClassifyInput
}

/** Returns the exit code: 1 when a line could not be read, after all others were answered. */
export async function classifyCommand(
  input: NodeJS.ReadableStream,
  output: NodeJS.WritableStream,
  settings: ClassifySettings,
): Promise<number> {
  let lineNumber = 0
  let exitCode = 0
  let warm = false
  for await (const text of createInterface({ input, crlfDelay: Infinity })) {
    lineNumber += 1
    if (text.trim() === '') continue
    const line = readLine(text)
    if (typeof line === 'string') {
      // The line's own text is never repeated: it may be what must not be seen.
      process.stderr.write(`line ${lineNumber}: ${line}\n`)
      exitCode = 1
      continue
    }
    if (!warm) warmUp(settings)
    warm = true
    const begin = performance.now()
    const tags = classify(line.input, settings)
    const us = (performance.now() - begin) * MICROSECONDS_A_MILLISECOND
    if (!output.write(`${JSON.stringify(toRow(line.id, tags, us))}\n`)) await once(output, 'drain')
  }
  return exitCode
}

/** By way of `readLine`, as real lines come: objects of another make would have the compiler begin again. */
function warmUp(settings: ClassifySettings): void {
  const lines = SAMPLES.map((prompt) => readLine(JSON.stringify({ prompt })))
  const stop = performance.now() + WARM_UP_MS
  for (let round = 0; round < WARM_UP_ROUNDS; round += 1) {
    for (const line of lines) {
      if (performance.now() >= stop) return
      if (typeof line !== 'string') classify(line.input, settings)
    }
  }
}

/** A line ready to classify, or what is wrong with it. */
function readLine(text: string): Line | string {
  const row = parseJson(text)
  if (row === undefined) return 'not valid JSON'
  if (!isJsonObject(row)) return 'expected an object {"id", "prompt"} or {"id", "request"}'
  const { prompt, request } = row
  if (prompt !== undefined && request !== undefined) return 'has both "prompt" and "request"; give one'
  if (prompt === undefined && request === undefined) return 'has neither "prompt" nor "request"'
  if (prompt !== undefined && typeof prompt !== 'string') return '"prompt" must be a string'
  if (request !== undefined && !isJsonObject(request)) return '"request" must be an object'
  const body: JsonObject = request ?? { model: 'auto', messages: [{ role: 'user', content: prompt ?? '' }] }
  try {
    return { id: row['id'] ?? null, input: { body, request: decode(body), markedSensitive: false } }
  } catch (error) {
    return error instanceof RouterError
      ? `"request" is refused: ${error.message}`
      : '"request" cannot be read'
  }
}

/** A body with `input` speaks the Responses protocol, any other Chat Completions. */
function decode(body: JsonObject): ClassifyInput['request'] {
  return clientCodec('input' in body && !('messages' in body) ? 'responses' : 'chat').decodeRequest(body)
}

function toRow(id: JsonValue, tags: Classification, us: number): JsonObject {
  return {
    id,
    task: tags.task,
    complexity: tags.complexity,
    complexity_score: tags.complexityScore,
    sensitive: tags.sensitivity === 'high',
    kinds: tags.findings,
    modality: tags.modality,
    family: tags.family,
    tokens: tags.tokens,
    us: Math.round(us * 10) / 10,
  }
}
