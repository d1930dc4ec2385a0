import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { argumentsObject, argumentsText } from './call-arguments.ts'

describe('arguments of a call in the history', () => {
  it('stay as they were written when they are an object', () => {
    assert.equal(argumentsText('{ "a" : 1.0 }'), '{ "a" : 1.0 }')
    assert.deepEqual(argumentsObject('{ "a" : 1.0 }'), { a: 1 })
  })

  it('become an object that shows what was written when they are anything else', () => {
    for (const [written, shown] of [
      ['', {}],
      [' \n', {}],
      ['{"cmd": ', { arguments: '{"cmd": ' }],
      ['[1]', { arguments: [1] }],
      ['"text"', { arguments: 'text' }],
      ['null', { arguments: 'null' }],
    ] as const) {
      assert.deepEqual(argumentsObject(written), shown)
      assert.deepEqual(JSON.parse(argumentsText(written)), shown)
    }
  })
})
