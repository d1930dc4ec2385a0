import assert from 'node:assert/strict'
import { performance } from 'node:perf_hooks'
import { describe, it } from 'node:test'
import { clientCodec } from '../wire/codecs.ts'
import type { JsonObject, JsonValue } from '../wire/json.ts'
import { classify } from './classify.ts'
import { readOutgoing } from './outgoing.ts'
import { AWS_KEY, CARD, EMAIL, GITHUB_KEY, IBAN, kindsIn, SSN } from './samples.test.ts'

const DIGITS = CARD.replaceAll(' ', '')
/** Random bytes: no picture, but what one looks like. */
const BINARY = Buffer.from(Array.from({ length: 300 }, (_, i) => (i * 151 + 137) % 256)).toString('base64')

function base64(text: string, encoding: BufferEncoding = 'utf8'): string {
  return Buffer.from(text, encoding).toString('base64')
}

function user(content: JsonValue): JsonObject {
  return { messages: [{ role: 'user', content }] }
}

function assertFound(body: JsonObject, kind?: string): void {
  const kinds = kindsIn(body)
  assert.ok(kind === undefined ? kinds.length > 0 : kinds.includes(kind), JSON.stringify(body).slice(0, 200))
}

describe('text in JSON in a string', () => {
  const samples: readonly (readonly [string, string])[] = [
    [`Card:\n${DIGITS}`, 'credit_card'],
    [`Card:\t${DIGITS}\tpaid`, 'credit_card'],
    [`a\n${IBAN.replaceAll(' ', '')}`, 'iban'],
    [`a\n${SSN}`, 'us_ssn'],
    [`a\n${AWS_KEY}`, 'secret'],
    [`a\r\n${GITHUB_KEY}\n`, 'secret'],
    ['login\npassword: hunter2!x', 'password'],
    ['"password": "hunter2!x"', 'password'],
    [`a\n${EMAIL}`, 'email'],
  ]
  it('is read as the model reads it', () => {
    for (const [text, kind] of samples) {
      let nested = text
      for (let depth = 0; depth < 3; depth += 1) {
        nested = JSON.stringify({ t: nested })
        assertFound(user(nested), kind)
        const call = { id: 'c', type: 'function', function: { name: 'f', arguments: nested } }
        assertFound({ messages: [{ role: 'assistant', content: null, tool_calls: [call] }] }, kind)
      }
    }
  })
  it('is read with every character escaped', () => {
    const unit = (c: string): string => String.raw`\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`
    assertFound(user(EMAIL.replace('@', unit('@'))), 'email')
    assertFound(user(DIGITS.replaceAll(/\d/g, unit)), 'credit_card')
    assertFound(user(CARD.replaceAll(' ', String.raw`\/`)), 'credit_card')
  })
  it('counts no tokens twice', () => {
    const tokens = (text: string): number => readOutgoing(user(text), 0).tokens
    assert.ok(tokens(String.raw`say \nhello there`) <= tokens('say nhello there') + 2)
  })
})

describe('what only claims to be binary', () => {
  const hidden = 'data:image/png;base64,card:4111-1111-1111-1111'
  it('is read where text stands', () => {
    assertFound(user(hidden), 'credit_card')
    assertFound({ ...user('hi'), metadata: { format: 'wav', data: `${'a'.repeat(80)}\n${DIGITS}` } })
    assertFound({ ...user('hi'), metadata: { images: [`${'a'.repeat(80)}\n${DIGITS}`] } })
    assertFound({ ...user('hi'), metadata: { type: 'base64', data: `${'a'.repeat(80)}-${AWS_KEY}` } })
  })
  it('is read where an image or a sound belongs', () => {
    assertFound(user([{ type: 'image_url', image_url: { url: hidden } }]), 'credit_card')
    assertFound(user([{ type: 'input_image', image_url: hidden }]), 'credit_card')
    assertFound(user([{ type: 'input_audio', input_audio: { data: `card: ${CARD}`, format: 'wav' } }]))
    assertFound({ messages: [{ role: 'user', content: 'hi', images: [`card: ${CARD}`] }] })
    const note = base64(`The note says ${EMAIL} and nothing else at all, really nothing else`)
    assertFound(user([{ type: 'image_url', image_url: { url: `data:image/png;base64,${note}` } }]), 'email')
    assertFound(user([{ type: 'input_audio', input_audio: { data: note, format: 'wav' } }]), 'email')
  })
  it('is decoded, whatever the way of writing it', () => {
    const note = `write to ${EMAIL} or pay with ${CARD}`
    for (const url of [
      `data:text/plain;base64,${base64(note)}`,
      ` DATA:text/plain; base64,${base64(note)}`,
      `data:text/plain; charset=utf-8; base64,${base64(note)}`,
      `data:text/plain;charset=utf-16le;base64,${base64(note, 'utf16le')}`,
      `data:application/octet-stream;base64,${base64(note)}`,
      `data:application/pdf,${encodeURIComponent(note)}`,
      `see ![x](data:text/csv;base64,${base64(note)}) please`,
    ]) {
      assertFound(user(url), 'email')
      assertFound(user([{ type: 'file', file: { filename: 'a.txt', file_data: url } }]), 'email')
    }
    assertFound(user([{ type: 'file', file: { file_data: base64(note) } }]), 'email')
  })
  it('is left alone where it is', () => {
    const parts = [
      { type: 'image_url', image_url: { url: `data:image/png;base64,${BINARY}` } },
      { type: 'input_audio', input_audio: { data: BINARY, format: 'wav' } },
      { type: 'file', file: { file_data: BINARY } },
    ]
    const { kinds, tokens, unscannable } = readOutgoing(user(parts), 0)
    assert.deepEqual([...kinds], [])
    assert.ok(unscannable)
    assert.ok(tokens < 80, String(tokens))
  })
})

describe('what cannot be scanned', () => {
  const isUnscannable = (body: JsonObject): boolean => readOutgoing(body, 0).unscannable
  it('is anything that is not known to be text', () => {
    const parts: readonly JsonObject[] = [
      { type: 'file', file: { file_id: 'file-1' } },
      { type: 'input_file', file_url: 'https://x.dev/a.pdf' },
      { type: 'file', file: { file_data: BINARY } },
      { type: 'file', file: { file_data: base64('%PDF-1.7 and so on, with the text of the paper') } },
      { type: 'video_url', video_url: { url: 'https://x.dev/a.mp4' } },
      { type: 'image_url', image_url: { url: 'https://x.dev/a.png' } },
      { type: 'hologram', text: 'hi' },
      { data: 'hi' },
    ]
    for (const part of parts) assert.ok(isUnscannable(user([part])), JSON.stringify(part))
    const bodies: readonly JsonObject[] = [
      user(`see ![x](data:image/png;base64,${BINARY})`),
      user(`data:image/png;base64,${BINARY}`),
      { messages: [{ role: 'assistant', content: null, audio: { id: 'audio_1' } }] },
      { messages: [{ role: 'user', content: 'hi', images: [BINARY] }] },
      { model: 'm', prompt: 'hi', images: [BINARY] },
      { model: 'm', input: [3923, 374, 856] },
      { model: 'm', input: [[3923, 374], [856]] },
      { model: 'm', prompt: [3923, 374, 856] },
      { model: 'm', prompt: 'and then', context: [3923, 374, 856] },
      {
        messages: [
          {
            role: 'user',
            content: [
              { type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: BINARY } },
            ],
          },
        ],
      },
      { input: [{ type: 'reasoning', summary: [], encrypted_content: 'gAAAA' }] },
      { input: [{ type: 'item_reference', id: 'x' }] },
    ]
    for (const body of bodies) assert.ok(isUnscannable(body), JSON.stringify(body).slice(0, 100))
  })
  it('is not text, nor what tools said', () => {
    const bodies: readonly JsonObject[] = [
      user([{ type: 'text', text: 'hi' }]),
      user([{ type: 'file', file: { file_data: `data:text/plain;base64,${base64('hello')}` } }].slice(1)),
      { messages: [{ role: 'assistant', content: [{ type: 'refusal', refusal: 'no' }] }] },
      { ...user('hi'), audio: { voice: 'alloy', format: 'wav' } },
      {
        ...user('hi'),
        tools: [{ type: 'function', function: { parameters: { properties: { file_id: {} } } } }],
      },
      {
        input: [
          { role: 'user', content: [{ type: 'input_text', text: 'hi' }] },
          { type: 'function_call', call_id: 'c', name: 'f', arguments: '{}' },
          { type: 'function_call_output', call_id: 'c', output: [{ type: 'input_text', text: 'hi' }] },
        ],
      },
    ]
    for (const body of bodies) assert.ok(!isUnscannable(body), JSON.stringify(body))
  })
})

describe('a secret cut over two texts', () => {
  it('is whole again over messages and items', () => {
    for (const text of [AWS_KEY, GITHUB_KEY, CARD, SSN, IBAN, EMAIL]) {
      for (const cut of [3, 8]) {
        const halves = [text.slice(0, cut), text.slice(cut)]
        const messages = halves.map((content) => ({ role: 'user', content }))
        assertFound({ messages })
        assertFound({
          input: halves.map((half) => ({ role: 'user', content: [{ type: 'input_text', text: half }] })),
        })
      }
    }
    const groups = CARD.split(' ').map((content) => ({ role: 'user', content }))
    assertFound({ messages: groups }, 'credit_card')
  })
})

describe('too much to scan', () => {
  it('does not hold up the process', () => {
    for (const unit of ['1 ', '4 ', '4539 5787 ']) {
      const body = user(unit.repeat((16 * 1024 * 1024) / unit.length))
      const request = clientCodec('chat').decodeRequest(body)
      const begin = performance.now()
      const tags = classify({ request, body, markedSensitive: false }, { unscannable: 'allow' })
      const took = performance.now() - begin
      assert.ok(tags.findings.includes('too-long-to-scan'))
      // Measured at a fifth of this.
      assert.ok(took < 3000, `${JSON.stringify(unit)}: ${took.toFixed(0)} ms`)
    }
  })

  it('is told, and what was read counts', () => {
    const { tooLong, tokens } = readOutgoing(user('word '.repeat(1_000_000)), 0)
    assert.ok(tooLong)
    assert.ok(tokens > 900_000, String(tokens))
    assert.ok(!readOutgoing(user('word '.repeat(100_000)), 0).tooLong)
  })
})
