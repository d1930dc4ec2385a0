/** The four played backends behind the proxy: their own drivers see a healthy answer, and the faults. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { startFaultProxy } from '../fault-proxy.ts'
import { assertAnswered } from '../protocols/compare.ts'
import type { Answer } from '../protocols/neutral.ts'
import { MODEL } from '../protocols/played-server.ts'
import { PROTOCOLS, type ProtocolName } from '../protocols/protocols.ts'
import { startPlayedBackend } from './played-backend.ts'

const ANSWER: Answer = {
  text: ['Hello ', 'from ', 'behind.'],
  finish: 'stop',
  usage: { input: 3, output: 4, cached: 0, reasoning: 0 },
}

describe('a played backend behind the proxy', () => {
  for (const name of Object.keys(PROTOCOLS) as ProtocolName[]) {
    test(`${name}: sliced it is understood, truncated it is not whole`, async (t) => {
      const backend = await startPlayedBackend(name, ANSWER)
      const proxy = await startFaultProxy({ upstream: backend.origin, faults: [{ kind: 'slice', most: 3 }] })
      t.after(async () => {
        await proxy.close()
        await backend.close()
      })
      const protocol = PROTOCOLS[name]
      const turns = [{ role: 'user', text: 'Hello' }] as const
      for (const stream of [false, true]) {
        const answered = await protocol.ask(proxy.origin, { model: MODEL, turns, stream })
        assertAnswered(answered, ANSWER, [protocol, protocol])
      }
      assert.deepEqual(backend.breaches, [])
      proxy.set({ kind: 'truncate', afterEvents: 1, whole: 1 })
      const cut = await protocol.ask(proxy.origin, { model: MODEL, turns, stream: true })
      assert.equal(cut.terminated, false)
      backend.answer({ ...ANSWER, text: ['Other.'] })
      proxy.set()
      const other = await protocol.ask(proxy.origin, { model: MODEL, turns, stream: true })
      assert.equal(other.text, 'Other.')
    })
  }
})
