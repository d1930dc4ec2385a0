import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { DEFAULT_RESPONSES, responsesSchema } from './response-settings.ts'

describe('settings of stored responses', () => {
  test('keep prompts in memory unless told otherwise', () => {
    assert.deepEqual(DEFAULT_RESPONSES, { store: 'memory', maxBytes: 67_108_864, maxAgeMinutes: 1440 })
  })

  test('refuse misspelt keys and senseless values', () => {
    for (const wrong of [{ Store: 'off' }, { store: 'file' }, { maxBytes: 0 }, { maxAgeMinutes: 0.5 }]) {
      assert.throws(() => responsesSchema.parse(wrong))
    }
  })

  test('are each described, for the configuration reference', () => {
    for (const [name, field] of Object.entries(responsesSchema.shape)) assert.ok(field.description, name)
  })
})
