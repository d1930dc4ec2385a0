import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import { ollamaScript, startBackend } from '../../test/support/backend.ts'
import { systemClock } from '../clock.ts'
import { RouterError } from '../errors.ts'
import { openGate } from './egress.ts'
import { createFleet, type Fleet } from './fleet.ts'

async function fleetOf(t: TestContext): Promise<Fleet> {
  const fake = await startBackend(ollamaScript('x', ['m']))
  const fleet = await createFleet({
    connections: {
      local: { type: 'ollama', endpoint: fake.origin },
      hosted: { type: 'openai', endpoint: `${fake.origin}/v1` },
      demo: { type: 'demo' },
    },
    timeouts: {},
    env: {},
    clock: systemClock,
  })
  await fleet.locality.refresh()
  t.after(async () => {
    await fleet.close()
    await fake.close()
  })
  return fleet
}

function codeOf(open: () => unknown): string | null {
  try {
    open()
    return null
  } catch (error) {
    return error instanceof RouterError ? error.code : 'another error'
  }
}

describe('the gate', () => {
  /** Backend, model, what the decision says of it, what comes of it for a private request. */
  for (const [backend, model, provenLocal, code] of [
    ['local', 'm', true, null],
    ['demo', 'demo', true, null],
    ['local', 'm', false, 'privacy_no_local_target'],
    ['local', 'other', true, 'privacy_no_local_target'],
    ['local', 'm:cloud', true, 'privacy_no_local_target'],
    ['hosted', 'm', true, 'privacy_no_local_target'],
    ['hosted', 'm', false, 'privacy_no_local_target'],
    ['nobody', 'm', true, 'no_target'],
  ] as const) {
    test(`private, ${backend}/${model}, decided ${provenLocal}: ${code ?? 'open'}`, async (t) => {
      const fleet = await fleetOf(t)
      assert.equal(
        codeOf(() => openGate(fleet, { backend, model, provenLocal }, 'local-only')),
        code,
      )
    })
  }

  test('is open to everything of the policy for other requests', async (t) => {
    const fleet = await fleetOf(t)
    for (const backend of ['local', 'hosted', 'demo']) {
      assert.equal(openGate(fleet, { backend, model: 'm', provenLocal: false }, 'any').name, backend)
    }
    assert.equal(
      codeOf(() => openGate(fleet, { backend: '__proto__', model: 'm', provenLocal: true }, 'any')),
      'no_target',
    )
  })
})
