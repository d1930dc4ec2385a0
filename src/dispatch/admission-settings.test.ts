import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { admissionSchema, admissionSettings } from './admission-settings.ts'

const OLLAMA = { enabled: true, parallel: 1, firstTokenMs: 300_000 }

describe('admission settings', () => {
  test('have defaults by type of backend', () => {
    assert.deepEqual(admissionSettings(admissionSchema.parse({}), OLLAMA), {
      enabled: true,
      parallel: 1,
      maxParallel: 32,
      queuePerSlot: 4,
      queueWaitMs: 30_000,
    })
  })

  test('never wait longer for a slot than for a first token, unless told to', () => {
    const hasty = { ...OLLAMA, firstTokenMs: 5_000 }
    assert.equal(admissionSettings({}, hasty).queueWaitMs, 5_000)
    assert.equal(admissionSettings({ queueWaitMs: 60_000 }, hasty).queueWaitMs, 60_000)
  })

  test('keep the start below the ceiling', () => {
    assert.equal(admissionSettings({ parallel: 256 }, OLLAMA).maxParallel, 256)
    assert.equal(admissionSettings({ maxParallel: 4 }, { ...OLLAMA, parallel: 16 }).parallel, 4)
    const wrong = admissionSchema.safeParse({ parallel: 8, maxParallel: 4 })
    assert.deepEqual(wrong.error?.issues[0]?.path, ['maxParallel'])
  })

  for (const wrong of [{ paralel: 1 }, { parallel: 0 }, { queueWaitMs: -1 }, { queuePerSlot: 0.5 }]) {
    test(`refuse ${JSON.stringify(wrong)}`, () =>
      assert.equal(admissionSchema.safeParse(wrong).success, false))
  }
})
