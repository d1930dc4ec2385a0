/** The demonstration backend over its real socket, as the router reaches it. */
import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import OpenAI from 'openai'
import { startDemoServer } from './demo-server.ts'
import { demoSchema } from './settings.ts'

type Params = OpenAI.ChatCompletionCreateParamsNonStreaming
type Message = OpenAI.ChatCompletionMessageParam

const TEXT =
  'This is the demonstration backend of local-llm-router: no model is connected. Start Ollama or set a key, then start it again.'
const TOOLS: OpenAI.ChatCompletionTool[] = ['read', 'mcp__files__list'].map((name) => ({
  type: 'function',
  function: { name, parameters: { type: 'object', properties: {} } },
}))

interface Said {
  readonly finish: string
  readonly text: string | null
  readonly calls: readonly { readonly id: string; readonly name: string; readonly arguments: string }[]
}

function saidIn({ finish_reason, message }: OpenAI.ChatCompletion.Choice): Said {
  const calls = (message.tool_calls ?? []).flatMap((call) =>
    call.type === 'function'
      ? [{ id: call.id, name: call.function.name, arguments: call.function.arguments }]
      : [],
  )
  return { finish: finish_reason, text: message.content, calls }
}

async function demo(t: TestContext, settings: object = {}): Promise<OpenAI> {
  const server = await startDemoServer(demoSchema.parse(settings))
  t.after(() => server.close())
  return new OpenAI({ baseURL: server.endpoint, apiKey: 'any', maxRetries: 0 })
}

/** Asks both ways, buffered and streamed; they must agree. */
async function say(client: OpenAI, messages: readonly Message[], more: object = {}): Promise<Said> {
  const params: Params = { model: 'demo', messages: [...messages], tools: TOOLS, ...more }
  const buffered = (await client.chat.completions.create(params)).choices[0]
  const streamed = (await client.chat.completions.stream({ ...params, stream: true }).finalChatCompletion())
    .choices[0]
  assert.ok(buffered !== undefined && streamed !== undefined)
  assert.deepEqual(saidIn(streamed), saidIn(buffered))
  return saidIn(buffered)
}

const user = (content: string): Message => ({ role: 'user', content })
const ASK = user('Please look.\n  call read {"path":"a \u{1f600} b.txt","deep":{"n":[1,2]}}\nThank you.')
const CALL = (id: string): Message => ({
  role: 'assistant',
  content: null,
  tool_calls: [{ id, type: 'function', function: { name: 'read', arguments: '{}' } }],
})
const result = (content: string): Message => ({ role: 'tool', tool_call_id: 'call_demo_1', content })

describe('the demonstration backend', () => {
  test('says what it is', async (t) => {
    const client = await demo(t)
    assert.deepEqual(await say(client, [user('hello')]), { finish: 'stop', text: TEXT, calls: [] })
  })

  test('keeps to the length that the request or the settings give', async (t) => {
    const short = await say(await demo(t), [user('hello')], { max_tokens: 3 })
    assert.deepEqual(short, { finish: 'length', text: 'This is the', calls: [] })
    const long = await say(await demo(t, { replyTokens: 60 }), [user('hello')])
    assert.equal(long.finish, 'stop')
    assert.ok(long.text?.startsWith(`${TEXT} This is the demonstration`), long.text ?? '')
  })

  test('calls a tool when it is asked to, in pieces when it streams', async (t) => {
    const client = await demo(t)
    const said = await say(client, [ASK])
    assert.equal(said.finish, 'tool_calls')
    assert.equal(said.text, null)
    assert.deepEqual(said.calls, [
      { id: 'call_demo_1', name: 'read', arguments: '{"path":"a \u{1f600} b.txt","deep":{"n":[1,2]}}' },
    ])
    const pieces: string[] = []
    const chunks = await client.chat.completions.create({
      model: 'demo',
      messages: [ASK],
      tools: TOOLS,
      stream: true,
    })
    for await (const chunk of chunks) {
      for (const call of chunk.choices[0]?.delta.tool_calls ?? []) pieces.push(call.function?.arguments ?? '')
    }
    assert.ok(pieces.length > 3)
  })

  test('finds the line in content parts, under a name with underscores, before what a program adds', async (t) => {
    const parts: Message = {
      role: 'user',
      content: [
        { type: 'text', text: 'note' },
        { type: 'text', text: 'call mcp__files__list {}' },
      ],
    }
    const said = await say(await demo(t), [
      parts,
      { role: 'system', content: 'remember' },
      user('<reminder>be brief</reminder>'),
    ])
    assert.deepEqual(said.calls, [{ id: 'call_demo_3', name: 'mcp__files__list', arguments: '{}' }])
  })

  for (const [what, messages, more] of [
    ['no tools', [ASK], { tools: [] }],
    ['no tool of that name', [user('call write {}')], {}],
    ['tools switched off', [ASK], { tool_choice: 'none' }],
    ['arguments that are no JSON object', [user('call read {"path"}')], {}],
    ['the line inside a sentence', [user('do not call read {}')], {}],
    ['the line in an older message', [ASK, { role: 'assistant', content: 'done' }, user('hello')], {}],
  ] as const satisfies readonly (readonly [string, readonly Message[], object])[]) {
    test(`answers with its text when there is: ${what}`, async (t) => {
      const said = await say(await demo(t), messages, more)
      assert.deepEqual(said, { finish: 'stop', text: TEXT, calls: [] })
    })
  }

  test('quotes the beginning of what the tool gave', async (t) => {
    const client = await demo(t)
    const history = [ASK, CALL('call_demo_1')]
    const short = await say(client, [...history, result('line 1.\n  line 2: x=1.5\n')])
    assert.deepEqual(short, {
      finish: 'stop',
      text: "The tool's output begins with: line 1.\n  line 2: x=1.5",
      calls: [],
    })
    const long = await say(client, [...history, result('\u{1f600}'.repeat(500)), user('<reminder/>')])
    assert.equal(long.text, `The tool's output begins with: ${'\u{1f600}'.repeat(200)} …`)
    assert.equal((await say(client, [...history, result('')])).text, 'The tool ran and gave no output.')
  })

  test('can cut a call as it cuts a text', async (t) => {
    const client = await demo(t, { fail: 'cut' })
    const params = { model: 'demo', messages: [ASK], tools: TOOLS }
    await assert.rejects(async () => client.chat.completions.create(params))
    await assert.rejects(client.chat.completions.stream(params).finalChatCompletion())
  })
})

test('says it in as many choices as are asked for', async (t) => {
  const client = await demo(t)
  const params: Params = { model: 'demo', messages: [user('Hello')], n: 3 }
  const buffered = await client.chat.completions.create(params)
  const streamed = await client.chat.completions.stream({ ...params, stream: true }).finalChatCompletion()
  for (const { choices } of [buffered, streamed]) {
    assert.deepEqual(
      choices.map(({ index, message }) => [index, message.content]),
      [0, 1, 2].map((index) => [index, TEXT]),
    )
  }
})
