/** Conversations that a client of the Responses API goes on with by an id, in front of backends that store nothing. */
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import type OpenAI from 'openai'
import {
  chatScript,
  messagesOf,
  ollamaScript,
  sendJson,
  type Backend,
  type Received,
  type Script,
} from '../support/backend.ts'
import { cutAfter, chunk, ROLE } from '../support/failing.ts'
import { createStage } from '../support/stage.ts'
import type { RunningRouter } from '../support/start-router.ts'

const TEXT = 'One answer, in several words.'
const CANARY = 'Numbat-9902-Canary'
const PATH = '/v1/responses'
const HIGH = { 'x-llr-sensitivity': 'high' }

interface Scene {
  readonly router: RunningRouter
  readonly backend: Backend
}

async function start(t: TestContext, type = 'openai', script?: Script, more = ''): Promise<Scene> {
  const stage = createStage(t)
  const own = type === 'ollama' ? ollamaScript(TEXT, ['m']) : chatScript(TEXT)
  const backend = await stage.backend(script ?? own)
  const router = await stage.router(`
backends:
  one: { type: ${type}, endpoint: "${backend.origin}${type === 'ollama' ? '' : '/v1'}", model: m }
routes: [{ default: one }]
${more}`)
  return { router, backend }
}

function said(request: Received | undefined): readonly (readonly unknown[])[] {
  return messagesOf(request).map((message) => [message['role'], message['content']])
}

interface Envelope {
  readonly code: string
  readonly param: string | null
  readonly message: string
}

async function assertRefused(response: Response, status: number, code: string): Promise<Envelope> {
  const text = await response.text()
  assert.equal(response.status, status, text)
  const { error } = JSON.parse(text) as { error: Envelope }
  assert.equal(error.code, code, text)
  return error
}

/** The package's own type leaves `store` out. */
type Answered = OpenAI.Responses.Response & { readonly store: boolean }

async function create(router: RunningRouter, body: object, headers = {}): Promise<Answered> {
  const response = await router.post(PATH, { model: 'auto', ...body }, headers)
  const text = await response.text()
  assert.equal(response.status, 200, text)
  return JSON.parse(text) as Answered
}

/** The last response object of a stream. */
async function createStreamed(router: RunningRouter, body: object): Promise<Answered> {
  const text = await (await router.post(PATH, { model: 'auto', stream: true, ...body })).text()
  const data = /^event: response\.completed\ndata: (.*)$/m.exec(text)?.[1]
  assert.ok(data !== undefined, text)
  return (JSON.parse(data) as { response: Answered }).response
}

for (const type of ['openai', 'ollama'] as const) {
  for (const stream of [false, true]) {
    describe(`a conversation over ${type}, ${stream ? 'streamed' : 'buffered'}`, () => {
      const next = stream ? createStreamed : create

      test('the backend gets all of it, without the instructions of before', async (t) => {
        const { router, backend } = await start(t, type)
        const first = await next(router, { input: 'I am Ada.', instructions: 'Be brief.' })
        assert.equal(first.store, true)
        assert.equal(first.previous_response_id, null)
        const second = await next(router, { input: 'Who am I?', previous_response_id: first.id })
        assert.equal(second.previous_response_id, first.id)
        assert.notEqual(second.id, first.id)
        const third = await next(router, {
          input: [{ role: 'user', content: [{ type: 'input_text', text: 'Sure?' }] }],
          instructions: 'Shout.',
          previous_response_id: second.id,
        })
        assert.equal(third.instructions, 'Shout.')
        const way = [
          ['user', 'I am Ada.'],
          ['assistant', TEXT],
          ['user', 'Who am I?'],
        ]
        assert.deepEqual(said(backend.received[0]), [['system', 'Be brief.'], way[0]])
        assert.deepEqual(said(backend.received[1]), way)
        assert.deepEqual(said(backend.received[2]), [
          ['system', 'Shout.'],
          ...way,
          ['assistant', TEXT],
          ['user', 'Sure?'],
        ])
        assert.deepEqual(router.defects, [])
      })

      test('two ways on from the same answer', async (t) => {
        const { router, backend } = await start(t, type)
        const { id } = await next(router, { input: 'Stem' })
        await next(router, { input: 'Left', previous_response_id: id })
        await next(router, { input: 'Right', previous_response_id: id })
        assert.deepEqual(said(backend.received[2]), [
          ['user', 'Stem'],
          ['assistant', TEXT],
          ['user', 'Right'],
        ])
      })

      test('an item by reference, once however often it is named', async (t) => {
        const { router, backend } = await start(t, type)
        const first = await next(router, { input: 'Stem' })
        const reference = { type: 'item_reference', id: first.output[0]?.id }
        await next(router, { input: [reference, { id: reference.id }, { role: 'user', content: 'On' }] })
        assert.deepEqual(said(backend.received[1]), [
          ['assistant', TEXT],
          ['user', 'On'],
        ])
      })

      test('store: false is not kept', async (t) => {
        const { router } = await start(t, type)
        const { id, store } = await next(router, { input: 'Stem', store: false })
        assert.equal(store, false)
        const refused = await router.post(PATH, { input: 'On', previous_response_id: id })
        const error = await assertRefused(refused, 400, 'previous_response_not_found')
        assert.equal(error.param, 'previous_response_id')
        await assertRefused(await fetch(`${router.url}${PATH}/${id}`), 404, 'not_found')
      })

      test('responses: { store: off } keeps nothing and says so in the answer', async (t) => {
        const { router } = await start(t, type, undefined, 'responses: { store: off }\n')
        const { id, store } = await next(router, { input: 'Stem' })
        const refused = await router.post(PATH, { input: 'On', previous_response_id: id })
        await assertRefused(refused, 400, 'previous_response_not_found')
        assert.equal(store, false)
      })
    })
  }
}

describe('what is kept can be read', () => {
  test('a response as it was answered, by the package too', async (t) => {
    const { router } = await start(t)
    const first = await create(router, { input: 'Stem', metadata: { a: 'b' } })
    const { data, response } = await router.openai.responses.retrieve(first.id).withResponse()
    assert.deepEqual({ ...data, output_text: TEXT }, { ...first, output_text: TEXT })
    assert.match(response.headers.get('x-llr-request-id') ?? '', /^req_/)
    const streamed = await createStreamed(router, { input: 'Stem' })
    assert.deepEqual((await router.openai.responses.retrieve(streamed.id)).output, streamed.output)
    await assertRefused(
      await fetch(`${router.url}${PATH}/${first.id}?stream=true`),
      400,
      'unsupported_parameter',
    )
    await assertRefused(await fetch(`${router.url}${PATH}/resp_nobody`), 404, 'not_found')
  })

  test('deleted is gone, and what went on from it cannot be continued', async (t) => {
    const { router } = await start(t)
    const first = await create(router, { input: 'Stem' })
    const second = await create(router, { input: 'On', previous_response_id: first.id })
    const url = `${router.url}${PATH}/${first.id}`
    const deleted = await fetch(url, { method: 'DELETE' })
    assert.deepEqual(await deleted.json(), { id: first.id, object: 'response', deleted: true })
    await assertRefused(await fetch(url, { method: 'DELETE' }), 404, 'not_found')
    await assertRefused(await fetch(url), 404, 'not_found')
    const refused = await router.post(PATH, { input: 'On', previous_response_id: second.id })
    await assertRefused(refused, 400, 'previous_response_not_found')
    await router.openai.responses.delete(second.id)
    await assertRefused(await fetch(`${router.url}${PATH}/${second.id}`), 404, 'not_found')
  })

  test('the input of it: order, limit, after', async (t) => {
    const { router } = await start(t)
    const first = await create(router, { input: 'One' })
    const { id } = await create(router, {
      input: [
        { role: 'user', content: 'Two' },
        { role: 'user', content: 'Three' },
      ],
      previous_response_id: first.id,
    })
    const list = async (query = ''): Promise<ItemList> => {
      const response = await fetch(`${router.url}${PATH}/${id}/input_items${query}`)
      assert.equal(response.status, 200)
      return (await response.json()) as ItemList
    }
    const words = ({ data }: ItemList): readonly unknown[] => data.map(({ content }) => content[0]?.text)
    const all = await list('?order=asc')
    assert.deepEqual(words(all), ['One', TEXT, 'Two', 'Three'])
    assert.equal(all.has_more, false)
    assert.deepEqual(words(await list()), ['Three', 'Two', TEXT, 'One'])
    const page = await list('?order=asc&limit=2')
    assert.deepEqual([words(page), page.has_more], [['One', TEXT], true])
    assert.equal(page.last_id, page.data[1]?.id)
    assert.deepEqual(words(await list(`?order=asc&limit=2&after=${page.last_id}`)), ['Two', 'Three'])
    const items: string[] = []
    for await (const item of router.openai.responses.inputItems.list(id, { order: 'asc', limit: 1 }))
      items.push(item.id ?? '')
    assert.deepEqual(
      items,
      all.data.map((item) => item.id),
    )
    for (const [query, param] of [
      ['limit=0', 'limit'],
      ['limit=101', 'limit'],
      ['order=up', 'order'],
      ['after=msg_nobody', 'after'],
    ]) {
      const response = await fetch(`${router.url}${PATH}/${id}/input_items?${query}`)
      assert.equal((await assertRefused(response, 400, 'invalid_value')).param, param)
    }
    await assertRefused(await fetch(`${router.url}${PATH}/resp_nobody/input_items`), 404, 'not_found')
  })

  test('nothing runs in the background, so nothing is there to cancel', async (t) => {
    const { router } = await start(t)
    const { id } = await create(router, { input: 'Stem' })
    const error = await assertRefused(
      await router.post(`${PATH}/${id}/cancel`, ''),
      400,
      'unsupported_parameter',
    )
    assert.equal(error.param, 'background')
    await assertRefused(await router.post(`${PATH}/resp_nobody/cancel`, ''), 404, 'not_found')
  })
})

interface ItemList {
  readonly data: readonly { readonly id: string; readonly content: readonly { readonly text: string }[] }[]
  readonly first_id: string
  readonly last_id: string
  readonly has_more: boolean
}

describe('what cannot be done is said', () => {
  for (const [param, value] of [
    ['background', true],
    ['conversation', 'conv_1'],
    ['conversation', { id: 'conv_1' }],
    ['prompt', { id: 'pmpt_1' }],
  ] as const) {
    test(`${param}: ${JSON.stringify(value)}`, async (t) => {
      const { router, backend } = await start(t)
      for (const stream of [false, true]) {
        const response = await router.post(PATH, { input: 'Hi', [param]: value, stream })
        assert.equal((await assertRefused(response, 400, 'unsupported_parameter')).param, param)
      }
      assert.equal(backend.received.length, 0)
    })
  }

  test('ids that lead nowhere', async (t) => {
    const { router, backend } = await start(t)
    for (const stream of [false, true]) {
      const unknown = await router.post(PATH, { input: 'Hi', previous_response_id: CANARY, stream })
      const error = await assertRefused(unknown, 400, 'previous_response_not_found')
      assert.equal(error.param, 'previous_response_id')
      assert.ok(!error.message.includes(CANARY))
      const input = [{ type: 'item_reference', id: CANARY }]
      const missing = await router.post(PATH, { input, stream })
      assert.ok(!(await assertRefused(missing, 404, 'not_found')).message.includes(CANARY))
      assert.equal((await router.post(PATH, { input: 'Hi', previous_response_id: 7, stream })).status, 400)
      assert.equal((await router.post(PATH, { input: [{ type: 'item_reference' }], stream })).status, 400)
    }
    assert.equal(backend.received.length, 0)
  })

  test('an answer that broke off is nothing to go on from', async (t) => {
    const { router } = await start(t, 'openai', cutAfter(ROLE, chunk({ content: 'half ' })))
    const text = await (await router.post(PATH, { input: 'Hi', stream: true })).text()
    const id = /"id":"(resp_[^"]+)"/.exec(text)?.[1] ?? ''
    assert.match(text, /response\.failed/)
    const refused = await router.post(PATH, { input: 'On', previous_response_id: id })
    await assertRefused(refused, 400, 'previous_response_not_found')
  })
})

describe('how large a request is', () => {
  test('counted with what it refers to, sent to nobody', async (t) => {
    const { router, backend } = await start(t)
    const count = async (body: object): Promise<number> => {
      const response = await router.post(`${PATH}/input_tokens`, body)
      const answer = (await response.json()) as { object: string; input_tokens: number }
      assert.deepEqual([response.status, answer.object], [200, 'response.input_tokens'])
      return answer.input_tokens
    }
    const { id } = await create(router, { input: 'Once upon a time there was a long story. '.repeat(40) })
    assert.equal(backend.received.length, 1)
    const alone = await count({ input: 'And then?' })
    assert.ok(alone > 0 && alone < 50, String(alone))
    assert.ok((await count({ input: 'And then?', previous_response_id: id })) > alone + 200)
    assert.equal(backend.received.length, 1)
    const refused = await router.post(`${PATH}/input_tokens`, { input: 'x', previous_response_id: 'resp_0' })
    await assertRefused(refused, 400, 'previous_response_not_found')
  })
})

describe('a private conversation', () => {
  async function house(t: TestContext, more = '', dbPath = ':memory:') {
    const stage = createStage(t)
    const local = await stage.backend(ollamaScript('from this machine', ['m']))
    const hosted = await stage.backend(chatScript('from far away'))
    const policy = `
backends:
  local: { type: ollama, endpoint: "${local.origin}", model: m }
  hosted: { type: openai, endpoint: "${hosted.origin}/v1", model: gpt }
routes: [{ default: hosted, fallback: local }]
${more}`
    return { stage, local, hosted, policy, router: await stage.router(policy, { dbPath }) }
  }

  for (const stream of [false, true]) {
    test(`stays private in every turn, ${stream ? 'streamed' : 'buffered'}, though the mark is not repeated`, async (t) => {
      const { router, hosted } = await house(t)
      const turn = async (body: object, headers = {}): Promise<string> => {
        const response = await router.post(PATH, { ...body, stream }, headers)
        const text = await response.text()
        assert.equal(response.headers.get('x-llr-backend'), 'local', text)
        assert.equal(response.headers.get('x-llr-sensitivity'), 'high')
        return /"id":"(resp_[^"]+)"/.exec(text)?.[1] ?? ''
      }
      let id = await turn({ input: `The plan of ${CANARY}` }, HIGH)
      const output = (await router.openai.responses.retrieve(id)).output[0]?.id
      for (let i = 0; i < 3; i++) id = await turn({ input: 'Go on.', previous_response_id: id })
      const items = await (await fetch(`${router.url}${PATH}/${id}/input_items?order=asc`)).text()
      const first = /"id":"(msg_[^"]+)"/.exec(items)?.[1]
      for (const item of [first, output]) {
        const input = [
          { type: 'item_reference', id: item },
          { role: 'user', content: 'Go on.' },
        ]
        id = await turn({ input })
        await turn({ input: 'Go on.', previous_response_id: id })
      }
      const pinned = await router.post(PATH, {
        input: 'x',
        previous_response_id: id,
        model: 'hosted',
        stream,
      })
      await assertRefused(pinned, 400, 'privacy_no_local_target')
      const open = await router.post(PATH, { input: 'What is the capital of France?', stream })
      assert.equal(open.headers.get('x-llr-backend'), 'hosted', 'the road is there')
      for (const text of hosted.seen) assert.ok(!text.includes(CANARY), text)
      assert.equal(hosted.received.length, 1)
    })
  }

  test('found by content: the same', async (t) => {
    const { router, hosted } = await house(t)
    const first = await create(router, { input: `My card is 4111 1111 1111 1111, ${CANARY}` })
    const { id } = await create(router, { input: 'Thanks.', previous_response_id: first.id })
    await router.openai.responses.delete(first.id)
    await assertRefused(
      await router.post(PATH, { input: 'On', previous_response_id: id }),
      400,
      'previous_response_not_found',
    )
    assert.equal(hosted.received.length, 0)
  })

  test('is on no disk, where others survive a restart', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'llr-stored-'))
    t.after(() => rmSync(folder, { recursive: true, force: true }))
    const onDisk = (): Buffer[] => readdirSync(folder).map((file) => readFileSync(join(folder, file)))
    const dbPath = join(folder, 'metrics.db')
    const { stage, router, hosted, policy } = await house(t, 'responses: { store: disk }\n', dbPath)
    const secret = await create(router, { input: `The plan of ${CANARY}` }, HIGH)
    const secret2 = await create(router, { input: `More of ${CANARY}`, previous_response_id: secret.id })
    const open = await create(router, { input: 'A story of Wallabies' })
    const branch = await create(router, { input: `Now ${CANARY}`, previous_response_id: open.id }, HIGH)
    const branch2 = await create(router, { input: `And ${CANARY} again`, previous_response_id: branch.id })
    const streamed = await createStreamed(router, { input: 'On', previous_response_id: open.id })
    for (const { id } of [secret2, branch2, streamed]) {
      assert.equal((await fetch(`${router.url}${PATH}/${id}`)).status, 200)
    }
    const check = (): void => {
      for (const bytes of onDisk()) assert.ok(!bytes.includes(CANARY))
      assert.ok(
        onDisk().some((bytes) => bytes.includes('Wallabies')),
        'the others are there',
      )
    }
    check()
    await router.close()
    check()

    const again = await stage.router(policy, { dbPath })
    const third = await create(again, { input: 'And then?', previous_response_id: streamed.id })
    assert.equal(third.previous_response_id, streamed.id)
    assert.deepEqual(said(hosted.received.at(-1)), [
      ['user', 'A story of Wallabies'],
      ['assistant', 'from far away'],
      ['user', 'On'],
      ['assistant', 'from far away'],
      ['user', 'And then?'],
    ])
    assert.deepEqual((await again.openai.responses.retrieve(open.id)).output, open.output)
    for (const { id } of [secret, secret2, branch, branch2]) {
      const refused = await again.post(PATH, { input: 'On', previous_response_id: id })
      await assertRefused(refused, 400, 'previous_response_not_found')
    }
    await fetch(`${again.url}${PATH}/${open.id}`, { method: 'DELETE' })
    await again.close()
    for (const bytes of onDisk()) assert.ok(!bytes.includes('Wallabies'), 'deleted is deleted')
    for (const text of hosted.seen) assert.ok(!text.includes(CANARY))
  })

  test('store: memory, and in memory alone, writes no text at all', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'llr-stored-'))
    t.after(() => rmSync(folder, { recursive: true, force: true }))
    const { router } = await house(t, '', join(folder, 'metrics.db'))
    const { id } = await create(router, { input: 'A story of Wallabies' })
    await create(router, { input: 'On', previous_response_id: id })
    await router.close()
    for (const file of readdirSync(folder)) {
      assert.ok(!readFileSync(join(folder, file)).includes('Wallabies'), file)
    }
  })
})

describe('over a backend that speaks Responses itself', () => {
  const SEAL = 'gAAAAABencryptedReasoning=='
  const OUTPUT = [
    { id: 'rs_1', type: 'reasoning', summary: [], encrypted_content: SEAL },
    { id: 'ws_1', type: 'web_search_call', status: 'completed', action: { type: 'search', query: 'x' } },
    {
      id: 'msg_1',
      type: 'message',
      role: 'assistant',
      status: 'completed',
      content: [{ type: 'output_text', text: TEXT, annotations: [] }],
    },
  ]
  let made = 0
  const responses: Script = ({ method, path, body }, response) => {
    if (method === 'GET') return sendJson(response, 200, { data: [] })
    if (path !== PATH) return sendJson(response, 404, { error: { message: 'no' } })
    const answer = {
      id: `resp_upstream${++made}`,
      object: 'response',
      created_at: 1,
      status: 'completed',
      model: body['model'],
      output: OUTPUT,
      usage: { input_tokens: 3, output_tokens: 5, total_tokens: 8 },
    }
    if (body['stream'] !== true) return sendJson(response, 200, answer)
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    let sequence = 0
    const send = (type: string, fields: object): void => {
      const data = { type, sequence_number: sequence++, ...fields }
      response.write(`event: ${type}\ndata: ${JSON.stringify(data)}\n\n`)
    }
    send('response.created', { response: { ...answer, status: 'in_progress', output: [] } })
    send('response.output_text.delta', { item_id: 'msg_1', output_index: 2, content_index: 0, delta: TEXT })
    send('response.completed', { response: answer })
    response.end()
  }
  const ASKED = {
    tools: [{ type: 'web_search' }],
    include: ['reasoning.encrypted_content'],
    prompt_cache_key: 'k',
    future_field: { a: 1 },
  }

  async function duet(t: TestContext) {
    const stage = createStage(t)
    const native = await stage.backend(responses)
    const chat = await stage.backend(chatScript('by chat'))
    const router = await stage.router(`
backends:
  native: { type: openai-compatible, protocol: [chat, responses], endpoint: "${native.origin}/v1", model: m }
  chat: { type: openai-compatible, endpoint: "${chat.origin}/v1", model: c }
routes: [{ default: native }]
`)
    return { native, chat, router }
  }

  for (const stream of [false, true]) {
    const form = stream ? 'streamed' : 'buffered'
    test(`the whole input goes along, hosted tools and sealed thinking too, ${form}`, async (t) => {
      const { router, native, chat } = await duet(t)
      const next = stream ? createStreamed : create
      const first = await next(router, { input: 'Search it.', ...ASKED })
      assert.match(first.id, /^resp_upstream/)
      const second = await next(router, { input: 'Again.', previous_response_id: first.id, ...ASKED })
      const body = native.received[1]?.body ?? {}
      assert.ok(!('previous_response_id' in body), JSON.stringify(body))
      assert.equal(native.received[1]?.path, PATH)
      const { tools, include, prompt_cache_key, future_field, input } = body
      assert.deepEqual({ tools, include, prompt_cache_key, future_field }, ASKED)
      const items = input as readonly Record<string, unknown>[]
      assert.deepEqual(
        items.map((item) => item['type'] ?? 'message'),
        ['message', 'reasoning', 'web_search_call', 'message', 'message'],
      )
      assert.deepEqual(items.slice(1, 4), OUTPUT)

      const third = await router.post(PATH, {
        model: 'chat',
        input: 'And you?',
        previous_response_id: second.id,
        stream,
      })
      const text = await third.text()
      assert.equal(third.status, 200, text)
      assert.equal(third.headers.get('x-llr-backend'), 'chat')
      assert.deepEqual(said(chat.received[0]), [
        ['user', 'Search it.'],
        ['assistant', TEXT],
        ['user', 'Again.'],
        ['assistant', TEXT],
        ['user', 'And you?'],
      ])
      const thirdId = /"id":"(resp_[^"]+)"/.exec(text)?.[1]
      await next(router, { input: 'Back.', previous_response_id: thirdId })
      const back = native.received[2]?.body['input'] as readonly unknown[]
      assert.equal(back.length, 11)
      assert.deepEqual(router.defects, [])
    })
  }

  test('store: false goes along and is kept nowhere', async (t) => {
    const { router, native } = await duet(t)
    const { id } = await create(router, { input: 'Hi', store: false })
    assert.equal(native.received[0]?.body['store'], false)
    const refused = await router.post(PATH, { input: 'On', previous_response_id: id })
    await assertRefused(refused, 400, 'previous_response_not_found')
  })

  test('a broken stream is not kept', async (t) => {
    const { router, native } = await duet(t)
    native.script((request, response) => {
      if (request.method === 'GET') return sendJson(response, 200, { data: [] })
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      const created = { id: 'resp_cut', object: 'response', status: 'in_progress', output: [], model: 'm' }
      const delta = { type: 'response.output_text.delta', sequence_number: 1, delta: 'half', output_index: 0 }
      response.write(
        `event: response.created\ndata: ${JSON.stringify({ type: 'response.created', sequence_number: 0, response: created })}\n\n` +
          `event: response.output_text.delta\ndata: ${JSON.stringify(delta)}\n\n`,
        () => response.destroy(),
      )
    })
    const text = await (await router.post(PATH, { input: 'Hi', stream: true })).text()
    assert.match(text, /event: response\.failed\n.*"id":"resp_cut"/)
    const refused = await router.post(PATH, { input: 'On', previous_response_id: 'resp_cut' })
    await assertRefused(refused, 400, 'previous_response_not_found')
  })
})
