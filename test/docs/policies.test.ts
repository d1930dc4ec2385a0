/** A policy that a document shows can be pasted as it stands. */
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { describe, it } from 'node:test'
import { parseConfig } from '../../src/config.ts'
import { fences, readDocument, ROOT } from './markdown.ts'

const DOCUMENTS = ['README.md', ...readdirSync(`${ROOT}/docs`).map((name) => `docs/${name}`)].filter((name) =>
  name.endsWith('.md'),
)

describe('the policies in the documents', () => {
  const policies = DOCUMENTS.flatMap((name) =>
    fences(readDocument(name))
      .filter(({ language, text }) => language === 'yaml' && /^backends:/m.test(text))
      .map(({ text, line }) => ({ place: `${name}:${line}`, text })),
  )

  it('are found', () => assert.ok(policies.length >= 3, `only ${policies.length}`))

  for (const { place, text } of policies) {
    it(`${place} is whole and right`, () => {
      assert.deepEqual(parseConfig(text, place).warnings, [])
    })
  }
})
