import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { JsonObject } from '../json.ts'
import { flatName, ToolNames } from './tool-names.ts'
import { decodeTools } from './tools-in.ts'

const TOOLS: JsonObject[] = [
  { type: 'function', name: 'ls', description: null, parameters: { type: 'object' }, strict: null },
  {
    type: 'namespace',
    name: 'agents',
    tools: [
      { type: 'function', name: 'close', strict: false },
      { type: 'function', name: 'open' },
    ],
  },
  { type: 'custom', name: 'sql', description: 'run', format: { type: 'text' } },
  { type: 'web_search', external_web_access: false },
]
const names = (body: JsonObject) => decodeTools({ tools: TOOLS, ...body }).tools.map(({ name }) => name)

describe('Responses tools', () => {
  test('flat names, custom tools as functions, hosted tools dropped', () => {
    const { tools, dropped, toolChoice } = decodeTools({ tools: TOOLS, tool_choice: 'auto' })
    assert.deepEqual(
      tools.map(({ name, namespace, kind }) => [name, namespace, kind]),
      [
        ['ls', undefined, undefined],
        ['agents__close', 'agents', undefined],
        ['agents__open', 'agents', undefined],
        ['sql', undefined, 'custom'],
      ],
    )
    assert.deepEqual(tools[3]?.parameters?.['required'], ['input'])
    assert.deepEqual([dropped, toolChoice], [['tools[3]'], 'auto'])
  })

  test('a forced hosted tool is for a provider of the protocol alone', () => {
    for (const tool_choice of [
      { type: 'web_search' },
      { type: 'allowed_tools', mode: 'required', tools: [{ type: 'web_search' }] },
    ]) {
      const decoded = decodeTools({ tools: TOOLS, tool_choice })
      assert.deepEqual([decoded.nativeOnly?.param, decoded.toolChoice], ['tools', undefined])
    }
    const onlyHosted = { tools: [{ type: 'web_search' }], tool_choice: 'required' }
    assert.equal(decodeTools(onlyHosted).nativeOnly?.param, 'tools')
    assert.equal(decodeTools({ tools: TOOLS, tool_choice: 'required' }).nativeOnly, undefined)
  })

  test('choices', () => {
    const close = { type: 'function', name: 'close', namespace: 'agents' }
    assert.deepEqual(decodeTools({ tools: TOOLS, tool_choice: close }).toolChoice, { name: 'agents__close' })
    assert.deepEqual(
      names({
        tool_choice: { type: 'allowed_tools', mode: 'auto', tools: [{ type: 'function', name: 'ls' }] },
      }),
      ['ls'],
    )
    assert.throws(() => decodeTools({ tools: TOOLS, tool_choice: 7 }), { param: 'tool_choice' })
    assert.throws(() => decodeTools({ tools: [{ type: 'function' }] }), { param: 'tools[0].name' })
  })

  test('names find their way back, long ones too', () => {
    const long = 'n'.repeat(60)
    const body = {
      tools: [...TOOLS, { type: 'namespace', name: long, tools: [{ type: 'function', name: 'close' }] }],
    }
    const origins = new ToolNames(body)
    assert.deepEqual(origins.origin('agents__close'), { name: 'close', namespace: 'agents', isCustom: false })
    assert.deepEqual(origins.origin('sql'), { name: 'sql', namespace: undefined, isCustom: true })
    assert.deepEqual(origins.origin('unheard'), { name: 'unheard', namespace: undefined, isCustom: false })
    const flat = flatName('close', long)
    assert.match(flat, /^[\w-]{64}$/)
    assert.deepEqual(origins.origin(flat), { name: 'close', namespace: long, isCustom: false })
  })
})
