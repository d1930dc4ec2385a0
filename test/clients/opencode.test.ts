/** opencode (opencode-ai) through the router: its provider's package decides which of three APIs it speaks. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { isJsonObject, type JsonObject } from '../../src/wire/json.ts'
import { DEMO_TEXT, NOTE, setClientStage, textIn, type ClientRun, type ClientStage } from './client-stage.ts'

const PROMPT = 'Please read the note.\ncall bash {"command":"cat note.txt","description":"Reads the note"}'

const SURFACES = [
  { npm: '@ai-sdk/openai-compatible', path: '/v1/chat/completions', result: '"role":"tool"' },
  { npm: '@ai-sdk/openai', path: '/v1/responses', result: '"type":"function_call_output"' },
  { npm: '@ai-sdk/anthropic', path: '/v1/messages', result: '"type":"tool_result"' },
] as const

async function stage(
  t: TestContext,
  npm: string,
): Promise<ClientStage & { say(prompt: string): Promise<ClientRun> }> {
  const client = await setClientStage(t, 'opencode')
  const provider = {
    npm,
    name: 'local-llm-router',
    options: { baseURL: `${client.url}/v1`, apiKey: 'any' },
    models: { auto: { name: 'auto' } },
  }
  writeFileSync(
    join(client.work, 'opencode.json'),
    JSON.stringify({
      autoupdate: false,
      share: 'disabled',
      model: 'router/auto',
      small_model: 'router/auto',
      enabled_providers: ['router'],
      provider: { router: provider },
    }),
  )
  // As an argument it would arrive in quotes.
  const say = (stdin: string): Promise<ClientRun> =>
    client.run({
      args: ['run', '--format', 'json'],
      stdin,
      env: {
        OPENCODE_DISABLE_AUTOUPDATE: '1',
        OPENCODE_DISABLE_MODELS_FETCH: '1',
        OPENCODE_DISABLE_LSP_DOWNLOAD: '1',
        OPENCODE_DISABLE_SHARE: '1',
      },
    })
  return { ...client, say }
}

function partsIn(stdout: string, type: string): readonly JsonObject[] {
  const events = stdout.split('\n').filter((line) => line.startsWith('{'))
  return events
    .map((line) => JSON.parse(line) as JsonObject)
    .flatMap((event) => (event['type'] === type && isJsonObject(event['part']) ? [event['part']] : []))
}

for (const { npm, path, result } of SURFACES) {
  describe(`opencode with ${npm}`, () => {
    test('gets an answer to a plain question', async (t) => {
      const client = await stage(t, npm)
      const { code, stdout } = await client.say('Hello there')
      assert.equal(code, 0)
      // It looks for its plugins' package, and does without.
      assert.deepEqual(
        client.outside().filter((host) => host !== 'registry.npmjs.org:443'),
        [],
      )
      assert.ok(textIn(partsIn(stdout, 'text')[0]?.['text']).startsWith(DEMO_TEXT), stdout)
      // The question, and a title for the conversation.
      for (const call of client.calls()) {
        assert.equal(call.path, path)
        assert.equal(call.body['model'], 'auto')
        assert.equal(call.body['stream'], true)
      }
    })

    test('runs a command and hands its output back', async (t) => {
      const client = await stage(t, npm)
      const { code, stdout } = await client.say(PROMPT)
      assert.equal(code, 0)
      const state = partsIn(stdout, 'tool_use')[0]?.['state']
      assert.ok(isJsonObject(state), stdout)
      assert.equal(state['status'], 'completed')
      assert.equal(state['output'], `${NOTE}\n`)
      assert.match(textIn(partsIn(stdout, 'text').at(-1)?.['text']), RegExp(NOTE))

      const withTools = client.calls().filter((call) => call.body['tools'] !== undefined)
      assert.equal(withTools.length, 2)
      assert.match(JSON.stringify(withTools[0]?.body['tools']), /"name":"bash"/)
      assert.ok(JSON.stringify(withTools[1]?.body).includes(result))
      assert.ok(JSON.stringify(withTools[1]?.body).includes(NOTE))
    })
  })
}
