import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { backend, decided, names, route } from '../../test/support/decide-case.ts'
import type { Policy } from './policy.ts'
import { advertisedModels } from './model.ts'

/** Two models for vectors, one of them in two places, and a backend that only chats. */
const backends = {
  chat: backend('chat'),
  first: backend('first', { embeddings: 'nomic', model: null }),
  second: backend('second', { embeddings: 'nomic' }),
  other: backend('other', { embeddings: 'bge:latest' }),
}
const policy: Partial<Policy> = {
  backends,
  routes: [route('default', { backend: 'chat', fallback: ['other'] })],
  ab: { enabled: true, sampleRate: 1, candidates: { first: 'other' } },
}
const HIGH = { sensitivity: 'high' } as const

function asked(model: string, more: Parameters<typeof decided>[0] = {}) {
  return decided({ policy, ...more, ask: { embeds: true, model, ...more.ask } })
}

describe('embeddings', () => {
  test('go to the first backend that makes them, then to those with the very same model', () => {
    for (const model of ['auto', '', 'text-embedding-3-small', 'gpt-4o', 'nobody/nomic', 'constructor']) {
      const decision = asked(model)
      assert.deepEqual(names(decision.targets), ['first/nomic', 'second/nomic'], model)
      assert.equal(decision.route, 'embeddings')
      assert.equal(decision.reason, 'embeddings by nomic')
      assert.equal(decision.refusal, null)
      assert.equal(decision.pinned, false)
    }
  })

  test('by the name of a model, with or without its tag', () => {
    for (const model of ['nomic', 'nomic:latest']) {
      assert.deepEqual(names(asked(model).targets), ['first/nomic', 'second/nomic'])
    }
    for (const model of ['bge', 'bge:latest'])
      assert.deepEqual(names(asked(model).targets), ['other/bge:latest'])
  })

  test('pinned to a backend: its own model, and nobody else', () => {
    assert.deepEqual(names(asked('second').targets), ['second/nomic'])
    assert.deepEqual(names(asked('second/nomic').targets), ['second/nomic'])
    assert.deepEqual(names(asked('other/bge:latest').targets), ['other/bge:latest'])
    assert.equal(asked('second').pinned, true)
  })

  test('never to a model that only chats, though it is pinned', () => {
    for (const [model, why] of [
      ['chat', /Tried chat: makes no embeddings\./],
      ['chat/chat-model', /chat\/chat-model: makes no embeddings\./],
      ['second/second-model', /second\/second-model: makes embeddings with nomic only\./],
    ] as const) {
      const { targets, refusal } = asked(model)
      assert.deepEqual(targets, [], model)
      assert.equal(refusal?.code, 'no_target')
      assert.match(refusal?.message ?? '', why)
    }
  })

  test('a backend that is down makes way for the same model only', () => {
    const down = (...gone: readonly string[]) => ({
      view: { unavailability: (name: string) => (gone.includes(name) ? 'is down' : null) },
    })
    assert.deepEqual(names(asked('auto', down('first')).targets), ['second/nomic'])
    const { targets, refusal, rejected } = asked('auto', down('first', 'second'))
    assert.deepEqual(targets, [])
    assert.equal(refusal?.code, 'no_target')
    assert.deepEqual(
      rejected.map(({ backend: name, role }) => [name, role]),
      [
        ['first', 'primary'],
        ['second', 'fallback'],
      ],
    )
  })

  test('of a private text are made by a proven local backend, or not at all', () => {
    const local = (...proven: readonly string[]) => ({
      tags: HIGH,
      view: { isProvenLocal: (name: string) => proven.includes(name) },
    })
    assert.deepEqual(names(asked('auto', local('second')).targets), ['second/nomic'])
    // Another model of the house would spoil the index that the vector is meant for.
    for (const model of ['auto', 'nomic', 'first']) {
      const { targets, refusal, label } = asked(model, local('other', 'chat'))
      assert.deepEqual(targets, [], model)
      assert.equal(label, 'local-only')
      assert.equal(refusal?.code, 'privacy_no_local_target')
    }
    assert.deepEqual(names(asked('bge', local('other')).targets), ['other/bge:latest'])
  })

  test('allowRemote lets a private text out', () => {
    const decision = asked('auto', { tags: HIGH, policy: { ...policy, privacy: { allowRemote: true } } })
    assert.deepEqual(names(decision.targets), ['first/nomic', 'second/nomic'])
  })

  test('are neither mirrored nor shifted', () => {
    const shifted = {
      ...policy,
      routes: [route('default', { backend: 'first', fallback: ['other'], latencyBudgetMs: 1 })],
    }
    const { shadow, shift, targets } = asked('auto', { policy: shifted })
    assert.equal(shadow, null)
    assert.equal(shift, null)
    assert.equal(targets[0]?.backend, 'first')
  })

  test('where nobody makes them the answer says what to write into the policy', () => {
    const { refusal, targets } = asked('auto', { policy: { ...policy, backends: { chat: backends.chat } } })
    assert.deepEqual(targets, [])
    assert.equal(refusal?.code, 'no_target')
    assert.match(refusal?.message ?? '', /`embeddings: MODEL`/)
  })

  test('whatever is asked, all targets have one model, and it is one for embeddings', () => {
    const advertised = advertisedModels({ ...(policy as Policy), privacy: { allowRemote: false } })
    const model = fc.oneof(fc.constantFrom(...advertised, 'nomic', 'bge', 'x', 'first/x'), fc.string())
    fc.assert(
      fc.property(model, fc.subarray(Object.keys(backends)), fc.boolean(), (wanted, proven, isHigh) => {
        const { targets, refusal } = asked(wanted, {
          tags: isHigh ? HIGH : {},
          view: { isProvenLocal: (name) => proven.includes(name) },
        })
        assert.ok(new Set(targets.map((target) => target.model)).size <= 1)
        for (const target of targets) {
          assert.equal(target.model, backends[target.backend as keyof typeof backends].embeddings)
          assert.ok(!isHigh || proven.includes(target.backend))
        }
        assert.equal(refusal === null, targets.length > 0)
      }),
    )
  })
})

describe('a chat', () => {
  test('never goes to a backend that only makes embeddings, not even pinned to it', () => {
    for (const model of ['auto', 'first', 'first/nomic']) {
      const routed = decided({
        ask: { model },
        policy: { ...policy, routes: [route('default', { backend: 'first', fallback: ['second'] })] },
      })
      assert.ok(
        routed.targets.every((target) => target.backend !== 'first'),
        `${model}: ${names(routed.targets).join(' ')}`,
      )
    }
  })

  test('never to the model for embeddings of a backend that also chats', () => {
    for (const model of ['auto', 'second', 'second/nomic']) {
      const { targets } = decided({ ask: { model }, policy })
      assert.ok(
        targets.every((target) => target.model !== 'nomic'),
        `${model}: ${names(targets).join(' ')}`,
      )
    }
  })
})
