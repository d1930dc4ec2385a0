/** Runs every file of `examples/` against a real router; a file that nothing here runs is a failure. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { classify } from '../../src/classify/classify.ts'
import { loadConfigFile } from '../../src/config.ts'
import { decide } from '../../src/decide/decide.ts'
import type { View } from '../../src/decide/view.ts'
import { askOf } from '../../src/ask.ts'
import { clientCodec } from '../../src/wire/codecs.ts'
import type { JsonObject } from '../../src/wire/json.ts'
import { startRouter, type RunningRouter } from '../support/start-router.ts'

const FOLDER = fileURLToPath(new URL('../../examples', import.meta.url))
const POLICY = `
backends:
  local: { type: demo, model: small }
  flaky: { type: demo, model: large, demo: { fail: status-500 } }
routes:
  - { match: { task: code }, backend: flaky, fallback: local, reason: "Code goes to the large one" }
  - default: local
`
const DEMO_TEXT = /This is the demonstration backend/

let router: RunningRouter

interface Run {
  readonly code: number | null
  readonly output: string
}

function run(program: string, name: string): Promise<Run> {
  const child = spawn(program, [join(FOLDER, name)], {
    env: { ...process.env, LLR_BASE_URL: `${router.url}/v1` },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
  return new Promise((done) => void child.once('close', (code) => done({ code, output })))
}

async function succeeds(program: string, name: string, expected: readonly RegExp[]): Promise<void> {
  const { code, output } = await run(program, name)
  assert.equal(code, 0, output)
  for (const pattern of expected) assert.match(output, pattern)
}

const CHECKS: Readonly<Record<string, () => Promise<void> | void>> = {
  'openai-chat.mjs': () =>
    succeeds(process.execPath, 'openai-chat.mjs', [
      DEMO_TEXT,
      /-- local \/ small/,
      /Code goes to the large one/,
    ]),
  'openai-stream.mjs': () =>
    succeeds(process.execPath, 'openai-stream.mjs', [DEMO_TEXT, /-- local, sensitivity high/]),
  'openai-responses.mjs': () =>
    succeeds(process.execPath, 'openai-responses.mjs', [DEMO_TEXT, /-- completed, \d+ tokens/]),
  'curl.sh': () =>
    succeeds('sh', 'curl.sh', [
      /"id":"local\/small"/,
      DEMO_TEXT,
      /data: \[DONE\]/,
      /x-llr-sensitivity: high/,
    ]),
  'policy.spec.yaml': routesAsTold,
}

/** All backends have their keys, `local` is proven, and nothing has been measured yet. */
const VIEW: View = {
  isProvenLocal: (backend) => backend === 'local',
  isDown: () => false,
  unavailability: () => null,
  medianLatencyMs: () => null,
  medianFirstTokenMs: () => null,
}

function decideFor(content: unknown, sensitive = false, view = VIEW) {
  const { policy, classify: settings } = loadConfigFile(join(FOLDER, 'policy.spec.yaml'))
  const body = { model: 'auto', messages: [{ role: 'user', content }] } as JsonObject
  const request = clientCodec('chat').decodeRequest(body)
  const tags = classify({ body, request, markedSensitive: sensitive }, settings)
  const { route, targets, refusal, reason } = decide(tags, askOf({ id: 'req_1', request }), policy, view)
  const order = targets.map(({ backend, model }) => `${backend}/${model}`)
  return { route, order, reason, refusal: refusal?.code ?? null }
}

function routesAsTold(): void {
  const image = { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=' } }

  const sensitive = decideFor('Summarise our plans for next year.', true)
  assert.deepEqual(sensitive.order, ['local/llama4:16x17b'])
  assert.match(sensitive.reason, /^Privacy: never leave the machine/)
  const unproven = decideFor('Summarise our plans.', true, { ...VIEW, isProvenLocal: () => false })
  assert.equal(unproven.refusal, 'privacy_no_local_target')

  const code = decideFor('Write a Python function that reverses a list.')
  assert.deepEqual(code, { ...code, route: 'route-2', order: ['local/qwen2.5-coder:7b', 'sarmalink/smart'] })

  const vision = decideFor([{ type: 'text', text: 'What is on this picture?' }, image])
  assert.deepEqual(vision, { ...vision, route: 'route-3', order: ['local/gemma3:12b', 'frontier/gpt-4o'] })

  const web = decideFor('Search the web for the latest news on fusion power.')
  assert.deepEqual(web, { ...web, route: 'route-4', order: ['sarmalink/smart'] })

  // 1,800 ms are expected of `local`, 1,200 allowed, and 600 expected of its fallback.
  const rest = decideFor('Hello')
  assert.deepEqual(rest, { ...rest, route: 'default', order: ['sarmalink/smart', 'local/llama4:16x17b'] })
  const down = decideFor('Hello', false, {
    ...VIEW,
    medianLatencyMs: ({ backend }) => (backend === 'local' ? 900 : null),
  })
  assert.deepEqual(down.order, ['local/llama4:16x17b', 'sarmalink/smart'])
}

describe('examples', { timeout: 30_000 }, () => {
  before(async () => {
    router = await startRouter(POLICY)
  })
  after(() => router.close())

  for (const name of readdirSync(FOLDER)) {
    it(name, async () => {
      const check = CHECKS[name]
      assert.ok(check, `nothing here runs examples/${name}`)
      await check()
    })
  }

  it('are all there, and have met no defect of the router', () => {
    assert.deepEqual(readdirSync(FOLDER).toSorted(), Object.keys(CHECKS).toSorted())
    assert.deepEqual(router.defects, [])
  })
})
