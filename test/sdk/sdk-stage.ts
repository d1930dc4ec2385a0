/** One SDK's stage: the router, and behind it a played server that gives the scripted answers one by one. */
import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import type { TestContext } from 'node:test'
import { sendJson, type Received, type Script } from '../support/backend.ts'
import type { Fields } from '../support/protocols/demand.ts'
import type { Answer, Call, Heard } from '../support/protocols/neutral.ts'
import { MODEL, play } from '../support/protocols/played-server.ts'
import { PROTOCOLS, type ProtocolName } from '../support/protocols/protocols.ts'
import { createStage } from '../support/stage.ts'
import type { RunningRouter } from '../support/start-router.ts'

export const TEXT = 'One answer, in “several”\npieces: 日本 👋.'
const PIECES = ['One ', 'answer', ', in “several”\n', 'pieces: 日本 👋.']
export const THOUGHT = 'First this,\n\nthen that.'
export const USAGE = { input: 21, output: 13, cached: 8, reasoning: 5 } as const
export const EVERY_EGRESS: readonly ProtocolName[] = ['chat', 'ollama', 'messages', 'responses']

export function says(text = TEXT): Answer {
  return { text: text === TEXT ? PIECES : [text], finish: 'stop', usage: USAGE }
}

export function thinks(answer: Answer): Answer {
  return { ...answer, reasoning: ['First ', 'this,\n\n', 'then that.'] }
}

export function calls(...made: readonly Call[]): Answer {
  return { text: [], calls: made, finish: 'tool_calls', usage: USAGE }
}

export const BERN: Call = {
  id: 'call_Aa01',
  name: 'get_weather',
  arguments: { city: 'Bern “BE”\n', days: 2 },
}
export const OSLO: Call = { id: 'call_Bb02', name: 'get_weather', arguments: { city: 'Oslo', days: 1 } }

export interface SdkStage {
  readonly router: RunningRouter
  readonly url: string
  /** The next requests get these, in order. */
  answer(...answers: readonly Answer[]): void
  /** Every further request gets this. */
  script(script: Script): void
  /** What the backend made of each request for an answer. */
  heard(): readonly Heard[]
  /** Those requests as they came. */
  requests(): readonly Received[]
  readonly aborted: () => number
  untilAborted(count: number): Promise<void>
}

/** Ends with: nothing was refused by the backend, nothing that the script has was left over, and no defect was logged. */
export async function setSdkStage(
  t: TestContext,
  egress: ProtocolName,
  ...answers: readonly Answer[]
): Promise<SdkStage> {
  const { server } = PROTOCOLS[egress]
  const breaches: string[] = []
  let next = [...answers]
  let asked = 0
  const scripted: Script = (request, response) => {
    const isAsked = request.path === server.path
    const answer = isAsked ? next.shift() : says()
    if (isAsked) number(response, asked++)
    if (answer !== undefined) return play(server, answer, breaches)(request, response)
    breaches.push('asked more often than there are answers')
    sendJson(response, 400, server.errorBody(400, 'no more answers'))
  }
  const stage = createStage(t)
  const backend = await stage.backend(scripted)
  const router = await stage.router(`
backends:
  one: ${entryOf(egress, backend.origin)}
routes: [{ default: one }]
breaker: { enabled: false }
`)
  t.after(() => {
    assert.deepEqual(breaches, [], 'the backend refused')
    assert.equal(next.length, 0, 'answers that nobody asked for')
    assert.deepEqual(router.defects, [], 'defects of the router')
  })
  const requests = (): readonly Received[] => backend.received.filter(({ path }) => path === server.path)
  return {
    router,
    url: router.url,
    answer: (...more) => {
      next = [...next, ...more]
      backend.script(scripted)
    },
    script: (script) => backend.script(script),
    heard: () => requests().map(({ body, headers }) => server.hear(body, headers)),
    requests,
    aborted: backend.aborted,
    untilAborted: (count) => backend.untilAborted(count),
  }
}

/** Played Responses servers know one id, under which each answer would be stored in the place of the one before. */
function number(response: ServerResponse, index: number): void {
  const own = (chunk: unknown): unknown =>
    typeof chunk === 'string'
      ? chunk.replaceAll(PLAYED_ID, `${PLAYED_ID.slice(0, -1)}${index.toString(16)}`)
      : chunk
  const write = response.write.bind(response) as (...values: unknown[]) => boolean
  const end = response.end.bind(response) as (...values: unknown[]) => ServerResponse
  response.write = (...[chunk, ...rest]: unknown[]) => write(own(chunk), ...rest)
  response.end = (...[chunk, ...rest]: unknown[]) => end(own(chunk), ...rest)
}

const PLAYED_ID = '68a1f0c2d3e4b5a6'

function entryOf(egress: ProtocolName, origin: string): string {
  return egress === 'ollama'
    ? `{ type: ollama, endpoint: "${origin}", model: ${MODEL} }`
    : `{ type: openai-compatible, endpoint: "${origin}/v1", model: ${MODEL}, protocol: ${egress} }`
}

/** Whatever is asked for: this status, in the words of the protocol. */
export function refuses(egress: ProtocolName, status: number, message: string, headers = {}): Script {
  return (request, response) => {
    if (request.path !== PROTOCOLS[egress].server.path) {
      return play(PROTOCOLS[egress].server, says())(request, response)
    }
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, String(value))
    sendJson(response, status, PROTOCOLS[egress].server.errorBody(status, message))
  }
}

/** What `promise` was rejected with. */
export async function rejection(promise: PromiseLike<unknown>): Promise<unknown> {
  try {
    await promise
  } catch (error) {
    return error
  }
  return assert.fail('it was answered')
}

/** The roles of a conversation, with what was said. */
export function talkOf(heard: Heard | undefined): readonly string[] {
  return (heard?.turns ?? []).map((turn) => {
    const name = turn.role === 'tool' ? `tool ${turn.answers}` : turn.role
    const made = turn.role === 'assistant' ? turn.calls.map((call) => ` → ${call}`).join('') : ''
    const thought = turn.role === 'assistant' && turn.reasoning !== '' ? ` (${turn.reasoning})` : ''
    return `${name}:${thought} ${turn.text}${made}`
  })
}

export const WEATHER_SCHEMA: Fields = {
  type: 'object',
  properties: { city: { type: 'string' }, days: { type: 'integer' } },
  required: ['city', 'days'],
  additionalProperties: false,
}
