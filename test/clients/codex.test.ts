/** codex (@openai/codex) through the router: the Responses API, streamed. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from '../../src/wire/json.ts'
import {
  DEMO_TEXT,
  NOTE,
  setClientStage,
  textIn,
  type ClientRun,
  type ClientStage,
  type RunSetup,
} from './client-stage.ts'

const PROMPT = 'Please read the note.\ncall exec_command {"cmd":"cat note.txt"}'

const SETTINGS = [
  'check_for_update_on_startup = false',
  'analytics.enabled = false',
  // Their catalogues are fetched from the internet at every start.
  'features = { plugins = false, apps = false }',
]

async function stage(t: TestContext): Promise<ClientStage & { exec(prompt: string): Promise<ClientRun> }> {
  const client = await setClientStage(t, 'codex')
  const provider = [
    '[model_providers.router]',
    'name = "local-llm-router"',
    `base_url = "${client.url}/v1"`,
    'wire_api = "responses"',
  ]
  const lines = ['model = "auto"', 'model_provider = "router"', ...SETTINGS, ...provider]
  writeFileSync(join(client.home, 'config.toml'), `${lines.join('\n')}\n`)
  return { ...client, exec: (prompt) => client.run(execution(client, prompt)) }
}

function execution({ home }: ClientStage, ...args: readonly string[]): RunSetup {
  const options = ['--skip-git-repo-check', '--sandbox', 'read-only', '--json']
  return { args: ['exec', ...options, ...args], env: { CODEX_HOME: home } }
}

/** The items that `--json` reports as completed. */
function itemsIn(stdout: string): readonly JsonObject[] {
  const events = stdout.split('\n').filter((line) => line.startsWith('{'))
  return events
    .map((line) => JSON.parse(line) as JsonObject)
    .flatMap(({ type, item }) => (type === 'item.completed' && isJsonObject(item) ? [item] : []))
}

function itemOf(value: JsonValue | undefined, type: string): JsonObject {
  const items = isJsonArray(value) ? value.filter(isJsonObject) : []
  const item = items.find((one) => one['type'] === type)
  assert.ok(item !== undefined, `no ${type} was sent`)
  return item
}

describe('codex', () => {
  test('gets an answer to a plain question', async (t) => {
    const client = await stage(t)
    const { code, stdout } = await client.exec('Hello there')
    assert.equal(code, 0)
    assert.deepEqual(client.outside(), [])
    const message = itemsIn(stdout).find(({ type }) => type === 'agent_message')
    assert.ok(textIn(message?.['text']).startsWith(DEMO_TEXT), stdout)
    const [call, ...more] = client.calls()
    assert.equal(more.length, 0)
    assert.equal(call?.path, '/v1/responses')
    assert.equal(call.body['model'], 'auto')
    assert.equal(call.body['stream'], true)
    assert.equal(call.body['store'], false)
    assert.match(call.reply, /event: response\.completed\n/)
    // A search that only OpenAI could run.
    assert.match(String(call.replyHeaders['x-llr-dropped']), /^tools\[\d+\]$/)
  })

  test('runs a command and hands its output back', async (t) => {
    const client = await stage(t)
    const { code, stdout } = await client.exec(PROMPT)
    assert.equal(code, 0)
    assert.deepEqual(client.outside(), [])
    const items = itemsIn(stdout)
    const command = items.find(({ type }) => type === 'command_execution')
    assert.equal(command?.['status'], 'completed', stdout)
    assert.equal(command['aggregated_output'], `${NOTE}\n`)
    assert.match(textIn(items.findLast(({ type }) => type === 'agent_message')?.['text']), RegExp(NOTE))

    const [first, second, ...more] = client.calls()
    assert.equal(more.length, 0)
    assert.match(JSON.stringify(first?.body['tools']), /"name":"exec_command"/)
    const called = itemOf(second?.body['input'], 'function_call')
    const output = itemOf(second?.body['input'], 'function_call_output')
    assert.equal(called['name'], 'exec_command')
    assert.equal(called['arguments'], '{"cmd":"cat note.txt"}')
    assert.equal(output['call_id'], called['call_id'])
    assert.match(textIn(output['output']), RegExp(NOTE))
  })

  test('knows a tool of a namespace again by both of its names', async (t) => {
    const client = await stage(t)
    const { code, stdout } = await client.exec('call multi_agent_v1__spawn_agent {"message":"Hello"}')
    assert.equal(code, 0)
    const spawned = itemsIn(stdout).find(({ type }) => type === 'collab_tool_call')
    assert.equal(spawned?.['status'], 'completed', stdout)
    // The other agent asks as well, at the same time.
    const next = client
      .calls()
      .find(({ body }) => JSON.stringify(body['input']).includes('function_call_output'))
    const called = itemOf(next?.body['input'], 'function_call')
    assert.deepEqual([called['namespace'], called['name']], ['multi_agent_v1', 'spawn_agent'])
  })

  test('takes the router for an Ollama', async (t) => {
    const client = await setClientStage(t, 'codex')
    writeFileSync(join(client.home, 'config.toml'), `${SETTINGS.join('\n')}\n`)
    const setup = execution(client, '--oss', '--local-provider', 'ollama', '--model', 'auto', PROMPT)
    const { code, stdout } = await client.run({
      ...setup,
      env: { ...setup.env, CODEX_OSS_BASE_URL: `${client.url}/v1` },
    })
    assert.equal(code, 0)
    assert.deepEqual(client.outside(), [])
    const answer = itemsIn(stdout).findLast(({ type }) => type === 'agent_message')
    assert.match(textIn(answer?.['text']), RegExp(NOTE))
    // No attempt to pull the model: it was found in the list.
    assert.deepEqual(
      client.allCalls().map(({ method, path }) => `${method} ${path}`),
      ['GET /v1/models', 'GET /api/version', 'GET /api/tags', 'POST /v1/responses', 'POST /v1/responses'],
    )
    assert.equal(client.calls().length, 2)
  })
})
