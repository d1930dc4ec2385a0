/** What the proxy does to bodies, over real sockets. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { EVENTS, startProxyStage } from './proxy-stage.ts'

const [ONE = '', TWO = '', THREE = '', FOUR = ''] = EVENTS

describe('a fault of the body', () => {
  test('garbage: a frame that is no JSON, and the rest behind it', async (t) => {
    const { ask } = await startProxyStage(t, { kind: 'garbage', afterEvents: 2, text: '{"n' })
    assert.equal((await ask('/stream')).body, `${ONE}${TWO}data: {"n\n\n${THREE}${FOUR}`)
  })

  test('half frame: one event breaks off, the next begins as it should', async (t) => {
    const { ask } = await startProxyStage(t, { kind: 'half-frame', afterEvents: 1 })
    assert.equal((await ask('/stream')).body, `${ONE}${TWO.slice(0, TWO.length / 2)}\n\n${THREE}${FOUR}`)
  })

  test('oversized: one line of that many bytes', async (t) => {
    const { ask } = await startProxyStage(t, { kind: 'oversized', afterEvents: 1, bytes: 200_000 })
    const { body } = await ask('/stream')
    assert.equal(body, `${ONE}data: ${'x'.repeat(200_000)}\n\n${TWO}${THREE}${FOUR}`)
  })

  test('line ends: CRLF, CR, and mixtures that are the same for the same seed', async (t) => {
    const { ask, proxy } = await startProxyStage(t, { kind: 'line-ends' })
    const lines = EVENTS.join('')
    assert.equal((await ask('/stream')).body, lines.replaceAll('\n', '\r\n'))
    proxy.set({ kind: 'line-ends', ends: 'cr' })
    assert.equal((await ask('/stream')).body, lines.replaceAll('\n', '\r'))
    const mixed = async (): Promise<string> => {
      const { ask } = await startProxyStage(t, { kind: 'line-ends', ends: 'mixed' })
      return (await ask('/stream')).body
    }
    const first = await mixed()
    assert.equal(await mixed(), first)
    assert.equal(first.replaceAll(/\r\n|\r/g, '\n'), lines)
    assert.ok(first.includes('\r\n') && /\r(?!\n)/.test(first))
  })

  test('byte order mark, and data on two lines', async (t) => {
    const { ask, proxy } = await startProxyStage(t, { kind: 'bom' })
    assert.equal((await ask('/stream')).body, `\uFEFF${EVENTS.join('')}`)
    proxy.set({ kind: 'multi-line' })
    assert.equal((await ask('/stream')).body, EVENTS.join('').replaceAll('data: {', 'data: {\ndata: '))
  })

  test('pings: for ever, in place of the rest', async (t) => {
    const { ask } = await startProxyStage(t, { kind: 'pings', afterEvents: 1, everyMs: 5 })
    const { body, end } = await ask('/stream', (text) => text.split(': ping').length > 5)
    assert.match(body, /^data: [^\n]*\n\n(?:: ping\n\n){5,}/)
    assert.equal(end, 'open')
  })

  test('flood: bytes without a meaning, in the form of the body', async (t) => {
    const { ask, proxy } = await startProxyStage(t, { kind: 'flood', bytes: 300_000 })
    const whole = await ask('/whole')
    assert.equal(whole.body.length, 300_034)
    assert.deepEqual(JSON.parse(whole.body), { path: '/whole', answer: 'whole' })
    proxy.set({ kind: 'flood', bytes: 90_000, afterEvents: 1 })
    const streamed = await ask('/stream')
    assert.ok(streamed.body.startsWith(`${ONE}: flood\n\n`) && streamed.body.endsWith(TWO + THREE + FOUR))
    proxy.set({ kind: 'status', statuses: [500] }, { kind: 'flood', bytes: Infinity })
    const endless = await ask('/whole', (text) => text.length > 500_000)
    assert.match(endless.text, /^HTTP\/1.1 500 /)
  })

  test('headers: more of them, cookies too', async (t) => {
    const { ask } = await startProxyStage(t, { kind: 'headers', count: 200 })
    const { text } = await ask('/whole')
    assert.equal(text.split('set-cookie: ').length - 1, 100)
    assert.ok(text.includes('x-more-198: 198\r\n'))
  })
})
