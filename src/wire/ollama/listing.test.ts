import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Ollama } from 'ollama'
import { withCannedAnswer } from '../../../test/fixtures/wire/canned-server.ts'
import type { JsonObject } from '../json.ts'
import { managementRefusal, psAnswer, showAnswer, tagsAnswer, versionAnswer } from './listing.ts'

const DIGEST = 'ab'.repeat(32)
const MODEL = { name: 'qwen3:8b', sizeBytes: 5, family: 'qwen3', modifiedAt: '2026-09-21T13:46:40Z' }

function ask<T>(answer: JsonObject, use: (client: Ollama) => Promise<T>): Promise<T> {
  const canned = { contentType: 'application/json', body: JSON.stringify(answer) }
  return withCannedAnswer(canned, ({ baseURL }) => use(new Ollama({ host: new URL(baseURL).origin })))
}

describe('what Ollama’s clients ask about models', () => {
  test('the list, as the ollama package reads it', async () => {
    const { models } = await ask(tagsAnswer([{ ...MODEL, digest: DIGEST }]), (client) => client.list())
    assert.deepEqual(models, [
      {
        name: 'qwen3:8b',
        model: 'qwen3:8b',
        modified_at: '2026-09-21T13:46:40Z',
        size: 5,
        digest: DIGEST,
        details: {
          parent_model: '',
          format: '',
          family: 'qwen3',
          families: ['qwen3'],
          parameter_size: '',
          quantization_level: '',
        },
      },
    ])
    assert.deepEqual(await ask(tagsAnswer([]), (client) => client.list()), { models: [] })
  })

  test('a digest is 64 hexadecimal digits and does not change, known or not', () => {
    const digestOf = (name: string, digest: string | null) => {
      const { models } = JSON.parse(JSON.stringify(tagsAnswer([{ ...MODEL, name, digest }])))
      return models[0].digest as string
    }
    assert.equal(digestOf('a', `sha256:${DIGEST.toUpperCase()}`), DIGEST)
    for (const digest of [null, '', 'none', DIGEST.slice(1)]) {
      assert.match(digestOf('a', digest), /^[\da-f]{64}$/)
      assert.equal(digestOf('a', digest), digestOf('a', null))
      assert.notEqual(digestOf('a', digest), digestOf('b', digest))
    }
  })

  test('one model: the context is under the name of its architecture', async () => {
    const shown = { name: 'qwen3:8b', capabilities: ['completion', 'tools'], family: 'qwen3' }
    const known = await ask(showAnswer({ ...shown, contextTokens: 40_960 }), (client) =>
      client.show({ model: 'qwen3:8b' }),
    )
    assert.deepEqual(known.capabilities, ['completion', 'tools'])
    assert.deepEqual(known.model_info, {
      'general.architecture': 'qwen3',
      'general.basename': 'qwen3:8b',
      'qwen3.context_length': 40_960,
    })
    const unknown = await ask(showAnswer({ ...shown, family: null, contextTokens: null }), (client) =>
      client.show({ model: 'qwen3:8b' }),
    )
    assert.deepEqual(unknown.model_info, {
      'general.architecture': 'unknown',
      'general.basename': 'qwen3:8b',
    })
    assert.deepEqual(unknown.details.families, [])
  })

  test('what runs, and the version', async () => {
    assert.deepEqual(await ask(psAnswer([{ name: 'a' }]), (client) => client.ps()), {
      models: [{ name: 'a' }],
    })
    assert.deepEqual(await ask(versionAnswer('0.32.15'), (client) => client.version()), {
      version: '0.32.15',
    })
  })

  test('who wants to manage models is sent to where they are', () => {
    const refusal = managementRefusal()
    assert.match(refusal.message, /manages no models.*Ollama behind it/)
    // On 404 a client would begin to upload.
    assert.ok(refusal.status >= 400 && refusal.status < 500 && refusal.status !== 404)
    assert.equal(refusal.retryable, false)
  })
})
