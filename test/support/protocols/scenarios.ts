/** Conversations, one for each thing that every protocol can say. */
import type { Fields } from './demand.ts'
import type { Answer, Answered, Ask, Call, Tool } from './neutral.ts'

export interface Exchange {
  readonly ask: Ask
  readonly answer: Answer
}

/** The exchanges of one conversation; each may use the calls of the answer before it. */
export type Scenario = readonly ((stream: boolean, before: Answered | null) => Exchange)[]

const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
const GIF_LIKE = Buffer.from('a second picture, of which only the bytes matter').toString('base64')

/** No `additionalProperties`: marked strict on the way, it would be refused. */
const WEATHER: Tool = {
  name: 'get_weather',
  description: 'Weather of a city',
  parameters: {
    type: 'object',
    properties: { city: { type: 'string', description: 'Its name' }, days: { type: 'integer', minimum: 1 } },
    required: ['city'],
  },
}
const CLOCK: Tool = {
  name: 'get_time',
  description: 'Time of day',
  parameters: { type: 'object', properties: { zone: { type: 'string' } } },
}
const SCHEMA: Fields = {
  type: 'object',
  properties: { city: { type: 'string' }, rain: { type: 'boolean' } },
  required: ['city', 'rain'],
  additionalProperties: false,
}

const usage = { input: 21, output: 13, cached: 8, reasoning: 0 }
const TEXT = ['One ', 'answer', ', in “several”\n', 'pieces: 日本 👋.']

export const text: Scenario = [
  (stream) => ({
    ask: {
      turns: [
        { role: 'system', text: 'Be brief, and say “tu”.' },
        { role: 'user', text: 'Hello' },
        { role: 'assistant', text: 'Hello to you. 👋' },
        { role: 'user', text: 'Say something\nover two lines.' },
      ],
      maxTokens: 512,
      stream,
    },
    answer: { text: TEXT, finish: 'stop', usage },
  }),
]

export const stopSequences: Scenario = [
  (stream) => ({
    ask: {
      turns: [{ role: 'user', text: 'Count.' }],
      stop: ['END', 'Human:'],
      stream,
    },
    answer: { text: TEXT, finish: 'stop', usage },
  }),
]

const BERN: Call = { id: 'call_Aa01', name: 'get_weather', arguments: { city: 'Bern “BE”\n', days: 2 } }
const OSLO: Call = { id: 'call_Bb02', name: 'get_weather', arguments: { city: 'Oslo' } }
const TIME: Call = { id: 'call_Cc03', name: 'get_time', arguments: {} }

export const toolRoundTrip: Scenario = [
  (stream) => ({
    ask: { turns: [{ role: 'user', text: 'Weather in Bern?' }], tools: [WEATHER], stream },
    answer: { text: [], calls: [BERN], finish: 'tool_calls', usage },
  }),
  (stream, before) => ({
    ask: {
      turns: [
        { role: 'user', text: 'Weather in Bern?' },
        { role: 'assistant', text: '', calls: before?.calls ?? [] },
        { role: 'tool', id: before?.calls[0]?.id ?? '', text: '{"sky":"rain"}' },
      ],
      tools: [WEATHER],
      stream,
    },
    answer: { text: TEXT, finish: 'stop', usage },
  }),
]

export const parallelTools: Scenario = [
  (stream) => ({
    ask: {
      turns: [{ role: 'user', text: 'Weather in Bern and Oslo, and the time?' }],
      tools: [WEATHER, CLOCK],
      stream,
    },
    answer: { text: ['Let me ', 'look.'], calls: [BERN, OSLO, TIME], finish: 'tool_calls', usage },
  }),
  (stream, before) => ({
    ask: {
      turns: [
        { role: 'user', text: 'Weather in Bern and Oslo, and the time?' },
        { role: 'assistant', text: 'Let me look.', calls: before?.calls ?? [] },
        ...['rain', 'snow', 'noon'].map((said, index) => ({
          role: 'tool' as const,
          id: before?.calls[index]?.id ?? '',
          text: said,
        })),
        { role: 'user', text: 'In one word, please.' },
      ],
      tools: [WEATHER, CLOCK],
      stream,
    },
    answer: { text: TEXT, finish: 'stop', usage },
  }),
]

export const image: Scenario = [
  (stream) => ({
    ask: { turns: [{ role: 'user', text: 'What are these?', images: [PNG, GIF_LIKE] }], stream },
    answer: { text: TEXT, finish: 'stop', usage },
  }),
]

export const reasoning: Scenario = [
  (stream) => ({
    ask: {
      turns: [{ role: 'user', text: 'Prove it.' }],
      effort: 'high',
      maxTokens: 32_000,
      stream,
    },
    answer: {
      reasoning: ['First ', 'this,\n\n', 'then that.'],
      text: TEXT,
      finish: 'stop',
      usage: { ...usage, reasoning: 5 },
    },
  }),
]

export const reasoningAcrossTools: Scenario = [
  (stream) => ({
    ask: {
      turns: [{ role: 'user', text: 'Weather in Bern?' }],
      tools: [WEATHER],
      effort: 'medium',
      maxTokens: 32_000,
      stream,
    },
    answer: { reasoning: ['I must ', 'look.'], text: [], calls: [BERN], finish: 'tool_calls', usage },
  }),
  (stream, before) => ({
    ask: {
      turns: [
        { role: 'user', text: 'Weather in Bern?' },
        {
          role: 'assistant',
          text: '',
          calls: before?.calls ?? [],
          reasoning: before?.reasoning ?? '',
          seal: before?.seal ?? null,
        },
        { role: 'tool', id: before?.calls[0]?.id ?? '', text: 'rain' },
      ],
      tools: [WEATHER],
      effort: 'medium',
      maxTokens: 32_000,
      stream,
    },
    answer: { reasoning: ['So it ', 'rains.'], text: TEXT, finish: 'stop', usage },
  }),
]

export const jsonSchema: Scenario = [
  (stream) => ({
    ask: { turns: [{ role: 'user', text: 'As JSON, please.' }], schema: SCHEMA, stream },
    answer: { text: ['{"city":', '"Bern",', '"rain":true}'], finish: 'stop', usage },
  }),
]

export const lengthStop: Scenario = [
  (stream) => ({
    ask: { turns: [{ role: 'user', text: 'Tell me everything.' }], maxTokens: 64, stream },
    answer: { text: ['Once upon ', 'a ti'], finish: 'length', usage: { ...usage, output: 64 } },
  }),
]

/** Plain text, answered or not. */
export function failing(failure: NonNullable<Answer['failure']>): Scenario {
  return text.map((exchange) => (stream, before) => {
    const { ask, answer } = exchange(stream, before)
    return { ask, answer: { ...answer, failure } }
  })
}
