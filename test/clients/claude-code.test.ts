/** Claude Code (@anthropic-ai/claude-code) through the router: the Messages API, streamed. */
import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from '../../src/wire/json.ts'
import type { RecordedCall } from './recorder.ts'
import { DEMO_TEXT, NOTE, setClientStage, textIn, type ClientRun, type ClientStage } from './client-stage.ts'

const PROMPT = 'Please read the note.\ncall Bash {"command":"cat note.txt","description":"Reads the note"}'

async function stage(t: TestContext): Promise<ClientStage & { print(prompt: string): Promise<ClientRun> }> {
  const client = await setClientStage(t, 'claude-code')
  const env = {
    ANTHROPIC_BASE_URL: client.url,
    ANTHROPIC_AUTH_TOKEN: 'any',
    ANTHROPIC_MODEL: 'auto',
    ANTHROPIC_DEFAULT_OPUS_MODEL: 'auto',
    ANTHROPIC_DEFAULT_SONNET_MODEL: 'auto',
    ANTHROPIC_DEFAULT_HAIKU_MODEL: 'auto',
    CLAUDE_CODE_MAX_CONTEXT_TOKENS: '32768',
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
  }
  mkdirSync(join(client.home, '.claude'))
  writeFileSync(join(client.home, '.claude', 'settings.json'), JSON.stringify({ env }))
  const args = ['--output-format', 'json', '--allowedTools', 'Bash(cat:*)']
  return { ...client, print: (prompt) => client.run({ args: ['-p', prompt, ...args] }) }
}

function resultIn(stdout: string): JsonObject {
  const result = JSON.parse(stdout) as JsonValue
  assert.ok(isJsonObject(result))
  return result
}

/** Requests for an answer: it also has tokens counted. */
function messagesOf(client: ClientStage): readonly RecordedCall[] {
  return client.calls().filter((call) => !call.path.includes('count_tokens'))
}

/** The content blocks of one type in what was sent. */
function blocksOf(call: RecordedCall | undefined, type: string): readonly JsonObject[] {
  const messages = isJsonArray(call?.body['messages']) ? call.body['messages'].filter(isJsonObject) : []
  return messages
    .flatMap(({ content }) => (isJsonArray(content) ? content.filter(isJsonObject) : []))
    .filter((block) => block['type'] === type)
}

describe('Claude Code', () => {
  test('gets an answer to a plain question', async (t) => {
    const client = await stage(t)
    const { code, stdout } = await client.print('Hello there')
    assert.equal(code, 0)
    assert.deepEqual(client.outside(), [])
    const { result, is_error: isError } = resultIn(stdout)
    assert.equal(isError, false)
    assert.ok(textIn(result).startsWith(DEMO_TEXT), stdout)
    for (const call of messagesOf(client)) {
      assert.match(call.path, /^\/v1\/messages(\?|$)/)
      assert.equal(call.body['model'], 'auto')
    }
  })

  test('runs a command and hands its output back', async (t) => {
    const client = await stage(t)
    const { code, stdout } = await client.print(PROMPT)
    assert.equal(code, 0)
    assert.deepEqual(client.outside(), [])
    const { result, num_turns: turns, permission_denials: denials } = resultIn(stdout)
    assert.match(textIn(result), RegExp(NOTE))
    assert.equal(turns, 2)
    assert.deepEqual(denials, [])

    const withTools = messagesOf(client).filter((call) => isJsonArray(call.body['tools']))
    assert.match(JSON.stringify(withTools[0]?.body['tools']), /"name":"Bash"/)
    const [used] = blocksOf(withTools.at(-1), 'tool_use')
    const [given] = blocksOf(withTools.at(-1), 'tool_result')
    assert.equal(used?.['name'], 'Bash')
    assert.equal(given?.['tool_use_id'], used['id'])
    assert.match(JSON.stringify(given), RegExp(NOTE))
  })

  test('is given a tool that it had kept back', async (t) => {
    const client = await stage(t)
    const { code, stdout } = await client.print('call ToolSearch {"query":"select:WebFetch"}')
    assert.equal(code, 0)
    assert.match(textIn(resultIn(stdout)['result']), /WebFetch/)
    const [given] = blocksOf(messagesOf(client).at(-1), 'tool_result')
    assert.match(JSON.stringify(given), /"type":"tool_reference"/)
  })

  test('starts an agent of its own', async (t) => {
    const client = await stage(t)
    const input = {
      description: 'Greets',
      prompt: 'Hello',
      subagent_type: 'general-purpose',
      model: 'sonnet',
    }
    const { code } = await client.print(`call Agent ${JSON.stringify(input)}`)
    assert.equal(code, 0)
    assert.ok(messagesOf(client).length >= 3)
    for (const { body } of messagesOf(client)) assert.equal(body['model'], 'auto')
  })
})
