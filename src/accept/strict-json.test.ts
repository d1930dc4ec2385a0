import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { RouterError } from '../errors.ts'
import { parseBody } from './strict-json.ts'

const DEPTH = 64

function parse(text: string, maxDepth = DEPTH): unknown {
  return parseBody(Buffer.from(text), maxDepth)
}

function assertRefused(text: string | Buffer, message: RegExp, code = 'invalid_json'): void {
  assert.throws(
    () => parseBody(typeof text === 'string' ? Buffer.from(text) : text, DEPTH),
    (error: unknown) => error instanceof RouterError && error.code === code && message.test(error.message),
  )
}

/** Any JSON value, as the value of a key that means nothing to a router. */
const anyBody = fc.jsonValue().map((value) => ({ value }))

describe('parseBody', () => {
  test('reads what JSON.parse reads, whatever is in it', () => {
    fc.assert(
      fc.property(anyBody, fc.constantFrom(undefined, 1, '\t'), (body, indent) => {
        const text = JSON.stringify(body, null, indent)
        assert.deepEqual(parse(text), JSON.parse(text))
      }),
    )
  })

  test('reads quotes, backslashes, colons and brackets inside of strings as text', () => {
    const hostile = fc.string({
      unit: fc.constantFrom('"', '\\', ':', '{', '}', '[', ']', ',', 'a', '\n', 'é', '😀'),
      maxLength: 40,
    })
    fc.assert(
      fc.property(
        fc.dictionary(
          hostile.map((key) => `k${key}`),
          hostile,
        ),
        (body) => {
          const text = JSON.stringify(body)
          assert.deepEqual(parse(text), JSON.parse(text))
        },
      ),
    )
  })

  test('refuses a duplicate key wherever it is, however it is written', () => {
    const escaped = (key: string): string =>
      `"${Array.from({ length: key.length }, (_, i) => `\\u${key.charCodeAt(i).toString(16).padStart(4, '0')}`).join('')}"`
    const wrap = fc.constantFrom(
      (text: string) => text,
      (text: string) => `{"a":${text}}`,
      (text: string) => `{"a":[1,{"b":[${text}]}]}`,
    )
    fc.assert(
      fc.property(fc.string(), fc.jsonValue(), fc.jsonValue(), wrap, (key, one, two, place) => {
        const values = [JSON.stringify(one), JSON.stringify(two)] as const
        assertRefused(
          place(`{${JSON.stringify(key)}:${values[0]},"other":0,${escaped(key)}:${values[1]}}`),
          /duplicate key/,
        )
      }),
      { examples: [['__proto__', {}, {}, (text) => text]] },
    )
  })

  test('the same key in two objects is no duplicate', () => {
    assert.deepEqual(parse('{"a":{"k":1},"b":{"k":2},"c":[{"k":3},{"k":4}]}'), {
      a: { k: 1 },
      b: { k: 2 },
      c: [{ k: 3 }, { k: 4 }],
    })
  })

  test('refuses what is no object', () => {
    for (const text of ['[]', '"x"', '1', 'null', 'true', '[{"a":1}]'])
      assertRefused(text, /must be a JSON object/)
  })

  test('refuses what is no JSON, without repeating it', () => {
    assertRefused('', /^The request body is empty\.$/)
    for (const text of [
      ' ',
      '{',
      '{"a"}',
      "{'a':1}",
      '{"a":01}',
      '{"a":1}x',
      '\ufeff{"a":1}',
      '{"a":"\n"}',
      '"',
      '{"a":"\\',
    ]) {
      assertRefused(text, /is not valid JSON\.$/)
    }
  })

  test('refuses invalid UTF-8: overlong, surrogates, cut short', () => {
    for (const bytes of [
      [0xc0, 0x80],
      [0xed, 0xa0, 0x80],
      [0xe2, 0x82],
      [0xff],
      [0xf8, 0x88, 0x80, 0x80, 0x80],
    ]) {
      assertRefused(
        Buffer.from([0x7b, 0x22, 0x61, 0x22, 0x3a, 0x22, ...bytes, 0x22, 0x7d]),
        /not valid UTF-8/,
      )
    }
  })

  test('counts depth on the bytes: its bound is exact, and strings do not count', () => {
    const nested = (levels: number): string => `{"a":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}`
    assert.ok(parse(nested(8), 8))
    assert.throws(() => parse(nested(9), 8), /deeper than 8 levels/)
    assert.ok(parse(`{"a":"${'['.repeat(100)}"}`, 2))
  })

  test('refuses megabytes of brackets at once', () => {
    const before = performance.now()
    assertRefused('['.repeat(10_000_000), /deeper than/)
    assert.ok(performance.now() - before < 1_000)
  })

  test('is linear on many escaped quotes', () => {
    const body = JSON.stringify({ a: '\\"'.repeat(1_000_000) })
    const before = performance.now()
    assert.ok(parse(body))
    assert.ok(performance.now() - before < 3_000)
  })

  test('refuses more keys than any request has', () => {
    const many = `{${Array.from({ length: 50_001 }, (_, i) => `"k${i}":0`).join(',')}}`
    assertRefused(many, /more than 50000 keys/)
  })

  test('refuses a routing key in another case, at the top only', () => {
    for (const key of ['Model', 'MESSAGES', 'sTream', 'Tools', 'Input', 'Instructions', 'Metadata']) {
      assertRefused(JSON.stringify({ [key]: 1 }), /another case/, 'invalid_value')
      assert.ok(parse(JSON.stringify({ deep: { [key]: 1 } })))
    }
    assert.ok(parse('{"Temperature":1,"userId":2}'))
  })
})
