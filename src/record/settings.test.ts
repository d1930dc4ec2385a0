import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { z } from 'zod'
import { DEFAULT_RECORDS, DEFAULT_VERDICT, priceShape, recordsSchema, verdictShape } from './settings.ts'

describe('record settings', () => {
  test('have the documented defaults', () => {
    assert.deepEqual(DEFAULT_RECORDS, { maxDays: 30, maxRows: 1_000_000, flushIntervalMs: 200 })
    assert.deepEqual(DEFAULT_VERDICT, {
      minimumPairs: 50,
      confidence: 0.95,
      successMargin: 0.02,
      latencyMargin: 0.1,
      costMustNotRise: true,
      windowHours: 168,
    })
  })

  test('refuse misspelt keys and senseless values', () => {
    assert.throws(() => recordsSchema.parse({ maxdays: 3 }))
    assert.throws(() => recordsSchema.parse({ flushIntervalMs: 0 }))
    const backend = z.strictObject(priceShape)
    assert.throws(() => backend.parse({ costPerMillionTokens: { input: -1, output: 1 } }))
    assert.throws(() => backend.parse({ costPerMillionTokens: { input: 1 } }))
    assert.throws(() => z.strictObject(verdictShape).parse({ confidence: 1 }))
  })

  test('are each described, for the configuration reference', () => {
    for (const shape of [recordsSchema.shape, priceShape, verdictShape]) {
      for (const [name, field] of Object.entries(shape)) assert.ok(field.description, name)
    }
  })
})
