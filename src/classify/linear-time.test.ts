import assert from 'node:assert/strict'
import { performance } from 'node:perf_hooks'
import { describe, it } from 'node:test'
import { classify } from './classify.ts'

/** Far above what was measured (benchmarks/README.md), far below what a quadratic pattern would take. */
const MS_A_KILOBYTE = 6
const KILOBYTES = 256

/** Each makes some detector or lookup begin again and again. */
const UNITS: readonly string[] = [
  'a',
  '1',
  '1 ',
  '4 ',
  '12345 ',
  '4929 1234-5678 90 12 ',
  'card 4 5 3 9 5 7 8 7 ',
  '@',
  'a@',
  'a.b@c.d@e-f.',
  'password:=token=api_key=',
  'password = a1!',
  '://a:b',
  'sk-ant-api03-',
  'eyJeyJ.',
  '-----BEGIN ',
  'data:image/png;base64,',
  '12 Aa Bb Cc Dd ',
  'GB00 ',
  'patient Aa Bb ',
  '<system-reminder>',
  '</system-reminder><system-reminder>',
  '$a$',
  'def f(\n',
  'how many ',
  '\n\n',
  'x = ',
  '((((',
  'ﬃ\u200b１２３ ',
  '\ud800',
  '的',
]

describe('classify takes linear time', () => {
  for (const unit of UNITS) {
    it(`on ${JSON.stringify(unit)}`, () => {
      const text = unit.repeat(Math.ceil((KILOBYTES * 1024) / unit.length))
      const request = {
        model: 'auto',
        messages: [{ role: 'user' as const, content: [{ type: 'text' as const, text }] }],
        stream: false,
        includeUsage: false,
        tools: [],
        dropped: [],
      }
      const body = { messages: [{ role: 'user', content: text }] }
      const begin = performance.now()
      const tags = classify({ request, body, markedSensitive: false }, { unscannable: 'allow' })
      const took = performance.now() - begin
      assert.ok(!tags.findings.includes('classifier-failure'))
      assert.ok(took < MS_A_KILOBYTE * KILOBYTES, `${took.toFixed(0)} ms`)
    })
  }
})
