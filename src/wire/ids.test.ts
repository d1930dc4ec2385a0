import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newId } from './ids.ts'

test('an id is its prefix and 24 characters of base 62', () => {
  assert.match(newId('call_'), /^call_[0-9A-Za-z]{24}$/)
  assert.match(newId('resp_', 40), /^resp_[0-9A-Za-z]{40}$/)
})

test('ids do not repeat, over many refills of the pool', () => {
  const ids = new Set(Array.from({ length: 20_000 }, () => newId('')))
  assert.equal(ids.size, 20_000)
})

test('every character is used about as often', () => {
  const counts = new Map<string, number>()
  for (const character of newId('', 62_000)) counts.set(character, (counts.get(character) ?? 0) + 1)
  assert.equal(counts.size, 62)
  for (const count of counts.values()) assert.ok(count > 800 && count < 1200, `${count} of about 1000`)
})
