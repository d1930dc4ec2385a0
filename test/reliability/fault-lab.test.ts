/** The fault lab as a person uses it: started, asked through a router with the policy that it prints, ended. */
import assert from 'node:assert/strict'
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { startBackend, chatScript } from '../support/backend.ts'
import { eventually } from '../support/eventually.ts'
import { PROTOCOLS, type ProtocolName } from '../support/protocols/protocols.ts'
import { FAULTS } from '../support/faults/fault.ts'
import { startRouter } from '../support/start-router.ts'

const ROOT = new URL('../..', import.meta.url).pathname
const LAB = join(ROOT, 'scripts/fault-lab.ts')

interface Lab {
  readonly child: ChildProcess
  readonly text: () => string
  readonly policy: string
}

async function startLab(t: TestContext, ...options: readonly string[]): Promise<Lab> {
  const child = spawn(process.execPath, [LAB, ...options], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => child.kill('SIGKILL'))
  let text = ''
  child.stdout.on('data', (bytes: Buffer) => {
    text += bytes.toString('utf8')
  })
  await eventually('the lab says its policy', () => /^routes:\n.*\n\n/ms.test(text), 15_000)
  return { child, text: () => text, policy: /^backends:[\s\S]*?\n\n/m.exec(text)?.[0] ?? '' }
}

const turns = [{ role: 'user', text: 'Hello' }] as const

describe('the fault lab', () => {
  test('is in front of a backend of each protocol, tells what it does, and ends at Ctrl-C', async (t) => {
    for (const protocol of Object.keys(PROTOCOLS) as ProtocolName[]) {
      const lab = await startLab(t, '--protocol', protocol, '--fault', 'slice:most=9', '--seed', '4')
      assert.match(lab.text(), /with slice:most=9, seed 4\./)
      const router = await startRouter(lab.policy)
      const answered = await PROTOCOLS.chat.ask(router.url, { turns, stream: true })
      assert.match(answered.text, /^This answer comes from the fault lab, .* to break\.$/)
      await router.close()
      const { path } = PROTOCOLS[protocol].server
      const line = `connection \\d+, request 1: POST ${path}: slice:most=9: status 200, \\d+ bytes, answered to the end`
      await eventually('the line of the request', () => new RegExp(line).test(lab.text()))
      lab.child.kill('SIGINT')
      assert.deepEqual(await once(lab.child, 'exit'), [0, null])
    }
  })

  test('breaks answers of a server that somebody else runs', async (t) => {
    const engine = await startBackend(chatScript('one two three four'))
    t.after(() => engine.close())
    const lab = await startLab(t, '--upstream', engine.origin, '--fault', 'truncate:afterEvents=3,whole=1')
    assert.match(lab.policy, /model: THE-MODEL-THERE/)
    const router = await startRouter(lab.policy)
    const answered = await PROTOCOLS.chat.ask(router.url, { turns, stream: true })
    assert.equal(answered.text, 'one two ')
    assert.equal(answered.error?.code, 'upstream_truncated')
    assert.equal(engine.received.length, 1)
    await router.close()
  })

  test('lists every fault, and says what is wrong with an option', () => {
    const run = (...options: readonly string[]): { stdout: string; stderr: string; status: number | null } =>
      spawnSync(process.execPath, [LAB, ...options], { encoding: 'utf8' })
    const { stdout, status } = run('--list')
    assert.equal(status, 0)
    for (const [kind, { what }] of Object.entries(FAULTS)) {
      assert.ok(
        stdout.split('\n').some((line) => line.trim().startsWith(kind) && line.includes(what)),
        kind,
      )
    }
    const wrong = run('--fault', 'earthquake')
    assert.equal(wrong.status, 2)
    assert.match(wrong.stderr, /^no fault is called "earthquake"; there are latency/)
    assert.match(run('--protocol', 'smtp').stderr, /^--protocol: one of chat, responses/)
  })

  test('is shown in CONTRIBUTING.md with faults and options that there are', () => {
    const [, section = ''] = readFileSync(join(ROOT, 'CONTRIBUTING.md'), 'utf8').split('## Faults by hand\n')
    const usage = readFileSync(LAB, 'utf8').split('*/')[0] ?? ''
    const shown = section.split('\n## ')[0] ?? ''
    const options = [...shown.matchAll(/--[a-z]+/g)].map(([option]) => option)
    assert.ok(options.includes('--fault') && options.includes('--list'))
    for (const option of options) assert.ok(usage.includes(`${option} `), option)
    for (const [, kind = ''] of shown.matchAll(/--fault ([a-z-]+)/g))
      assert.ok(Object.hasOwn(FAULTS, kind), kind)
  })
})
