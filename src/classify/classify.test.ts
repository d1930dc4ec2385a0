import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { clientCodec } from '../wire/codecs.ts'
import type { ChatRequest } from '../wire/exchange.ts'
import type { JsonObject } from '../wire/json.ts'
import type { Classification } from './classification.ts'
import { classify } from './classify.ts'
import { isSensitive, PRIVATE_SAMPLES } from './samples.test.ts'

const ALLOW = { unscannable: 'allow' } as const
const LOCAL_ONLY = { unscannable: 'local-only' } as const
const PIXEL = `data:image/png;base64,${'iVBORw0KGgo'.repeat(12)}`

function classifyBody(body: JsonObject, settings: typeof ALLOW | typeof LOCAL_ONLY = ALLOW): Classification {
  return classify(
    { request: clientCodec('chat').decodeRequest(body), body, markedSensitive: false },
    settings,
  )
}

function ask(text: string): Classification {
  return classifyBody({ model: 'auto', messages: [{ role: 'user', content: text }] })
}

describe('classify', () => {
  it('tags the ask the policy of the specification is written for', () => {
    const tags = ask('Write a Python function that reverses a string')
    assert.equal(tags.task, 'code')
    assert.equal(tags.complexity, 'low')
    assert.equal(tags.family, 'qwen-coder')
    assert.equal(tags.modality, 'text')
    assert.equal(tags.sensitivity, 'normal')
    assert.deepEqual(tags.findings, [])
  })

  it('lets the image win over the code in the family', () => {
    const content = [
      { type: 'text', text: 'Write the HTML of this page' },
      { type: 'image_url', image_url: { url: PIXEL } },
    ]
    const tags = classifyBody({ model: 'auto', messages: [{ role: 'user', content }] })
    assert.deepEqual([tags.task, tags.modality, tags.family], ['vision', 'image', 'gemma'])
    assert.equal(tags.sensitivity, 'normal')
    assert.ok(tags.tokens > 100)
  })

  it('keeps the modality of an image in the history while the task follows the ask', () => {
    const messages = [
      { role: 'user', content: [{ type: 'image_url', image_url: { url: PIXEL } }] },
      { role: 'assistant', content: 'A cat.' },
      { role: 'user', content: 'Write a Python function that reverses a string' },
    ]
    const tags = classifyBody({ model: 'auto', messages })
    assert.deepEqual([tags.task, tags.modality, tags.family], ['code', 'image', 'gemma'])
  })

  it('treats what cannot be scanned as the setting says', () => {
    const messages = [{ role: 'user', content: [{ type: 'image_url', image_url: { url: PIXEL } }] }]
    assert.equal(classifyBody({ messages }, ALLOW).sensitivity, 'normal')
    assert.deepEqual(classifyBody({ messages }, LOCAL_ONLY).findings, ['unscannable'])
  })

  it('is raised by the header', () => {
    const body = { messages: [{ role: 'user', content: 'hello' }] }
    const request = clientCodec('chat').decodeRequest(body)
    const tags = classify({ request, body, markedSensitive: true }, ALLOW)
    assert.deepEqual([tags.sensitivity, tags.findings], ['high', ['header']])
  })

  it('answers high when a part of it breaks', () => {
    const broken = new Proxy({} as ChatRequest, {
      get: () => {
        throw new Error('broken')
      },
    })
    const tags = classify({ request: broken, body: {}, markedSensitive: false }, ALLOW)
    assert.equal(tags.sensitivity, 'high')
    assert.ok(tags.findings.includes('classifier-failure'))
  })

  it('is deterministic', () => {
    const body = { messages: [{ role: 'user', content: 'Summarise this: it rained.' }] }
    assert.deepEqual(classifyBody(body), classifyBody(body))
  })
})

const message = fc.record({
  role: fc.constantFrom('system', 'user', 'assistant'),
  content: fc.string({ maxLength: 60 }),
})
const secret = fc.constantFrom(...PRIVATE_SAMPLES)

describe('the sensitivity label', () => {
  it('is found wherever a client may put it', () => {
    for (const text of PRIVATE_SAMPLES) {
      const places: readonly JsonObject[] = [
        {
          messages: [
            { role: 'system', content: text },
            { role: 'user', content: 'hi' },
          ],
        },
        { messages: [{ role: 'user', content: 'hi', name: text }] },
        { messages: [{ role: 'user', content: 'hi' }], metadata: { note: text } },
        { messages: [{ role: 'user', content: 'hi' }], metadata: { [text]: 'x' } },
        {
          messages: [{ role: 'user', content: 'hi' }],
          tools: [{ type: 'function', function: { name: 'f', description: text } }],
        },
        { messages: [{ role: 'user', content: 'hi' }], nobody_knows: [[[{ deep: text }]]] },
        {
          messages: [
            { role: 'user', content: 'hi' },
            { role: 'user', content: [{ type: 'text', text }] },
          ],
        },
      ]
      for (const body of places)
        assert.ok(isSensitive(body), `${text.slice(0, 12)} in ${Object.keys(body).join()}`)
    }
  })

  it('never falls when something is added, whatever the order and the role', () => {
    fc.assert(
      fc.property(
        secret,
        fc.array(message, { maxLength: 4 }),
        fc.nat(4),
        fc.constantFrom('system', 'user', 'assistant'),
        (text, others, at, role) => {
          const messages: JsonObject[] = others.map((other) => ({ ...other }))
          messages.splice(at, 0, { role, content: text })
          assert.ok(isSensitive({ messages }))
          assert.ok(isSensitive({ messages: messages.toReversed(), user: 'someone', seed: 7 }))
        },
      ),
      { numRuns: 150 },
    )
  })

  it('is not lowered by added fields on any content', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), fc.object({ maxDepth: 2 }), (text, extra) => {
        const body = { messages: [{ role: 'user', content: text }] }
        if (isSensitive(body)) assert.ok(isSensitive({ ...body, extra: extra as JsonObject }))
      }),
      { numRuns: 200 },
    )
  })

  it('sees a secret that is cut over two parts', () => {
    fc.assert(
      fc.property(secret, fc.nat(200), (text, cut) => {
        const at = cut % text.length
        const content = [
          { type: 'text', text: text.slice(0, at) },
          { type: 'text', text: text.slice(at) },
        ]
        assert.ok(isSensitive({ messages: [{ role: 'user', content }] }))
      }),
      { numRuns: 150 },
    )
  })

  it('never throws, whatever the body', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const body = { messages: [{ role: 'user', content: 'hi' }], value } as JsonObject
        const tags = classifyBody(body)
        assert.ok(!tags.findings.includes('classifier-failure'))
        assert.ok(Number.isSafeInteger(tags.tokens))
      }),
      { numRuns: 300 },
    )
  })
})
