import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { checkCommand } from '../../cli/check.ts'
import { didYouMean, editDistance } from '../../src/config/did-you-mean.ts'
import { SPEC_POLICY } from './spec-policy.ts'

const folder = mkdtempSync(join(tmpdir(), 'llr-check-'))
after(() => rmSync(folder, { recursive: true }))

async function check(text: string, json = false): Promise<{ code: number; out: string; err: string }> {
  const path = join(folder, 'policy.yaml')
  writeFileSync(path, text)
  let [out, err] = ['', '']
  const code = await checkCommand(
    { path, json },
    { write: (piece) => void (out += piece) },
    { write: (piece) => void (err += piece) },
  )
  return { code, out, err }
}

describe('llr check', () => {
  test('a right policy: 0, and what it says', async () => {
    const { code, out, err } = await check(SPEC_POLICY)
    assert.deepEqual([code, err], [0, ''])
    assert.match(
      out,
      /policy\.yaml is valid\n3 backends\n {2}local +ollama +qwen2\.5-coder:7b, gemma3:12b, llama4:16x17b\n/,
    )
    assert.match(out, /route-2 +task code, complexity low +→ local, then sarmalink {2}\(within 2500 ms\)\n/)
    assert.match(out, /A\/B mirrors 5 % of local to sarmalink\n/)
  })
  test('a wrong one: 1, and each problem on standard error', async () => {
    const { code, out, err } = await check(SPEC_POLICY.replace('sensitivity', 'sensitivty'))
    assert.deepEqual([code, out], [1, ''])
    assert.equal(
      err,
      'policy.yaml:10:14 routes[0].match.sensitivty: unknown key; did you mean "sensitivity"?\n1 problem; nothing was loaded\n',
    )
  })
  test('as JSON', async () => {
    const right = await check(SPEC_POLICY, true)
    assert.equal(right.code, 0)
    assert.deepEqual(Object.keys(JSON.parse(right.out) as object), [
      'ok',
      'path',
      'backends',
      'routes',
      'ab',
      'warnings',
    ])
    const wrong = await check('routes: []', true)
    assert.deepEqual([wrong.code, wrong.err], [1, ''])
    const { ok, problems } = JSON.parse(wrong.out) as {
      ok: boolean
      problems: { line: number; key: string }[]
    }
    assert.deepEqual(
      [ok, problems.map(({ line, key }) => `${line} ${key}`)],
      [false, ['1 backends', '1 routes']],
    )
  })
  test('the model for embeddings is told apart from those that answer', async () => {
    const policy = `
backends:
  local: { type: ollama, model: llama3.2, embeddings: nomic-embed-text }
  vectors: { type: ollama, embeddings: bge-m3 }
routes: [{ default: local }]
`
    const { code, out } = await check(policy)
    assert.equal(code, 0)
    assert.match(
      out,
      /\n {2}local +ollama +llama3\.2 +embeds: nomic-embed-text\n {2}vectors +ollama +embeds: bge-m3\n/,
    )
    const { backends } = JSON.parse((await check(policy, true)).out) as { backends: object[] }
    assert.deepEqual(backends, [
      { name: 'local', type: 'ollama', models: ['llama3.2'], embeddings: 'nomic-embed-text' },
      { name: 'vectors', type: 'ollama', models: [], embeddings: 'bge-m3' },
    ])
  })
  test('warnings are said and do not fail', async () => {
    const { code, out } = await check(`${SPEC_POLICY}privacy: { allowRemote: true }\n`)
    assert.equal(code, 0)
    assert.match(out, /warning: privacy\.allowRemote is true/)
  })
})

describe('did you mean', () => {
  test('counts edits, a swap as one', () => {
    assert.deepEqual(
      [
        editDistance('', 'abc'),
        editDistance('hihg', 'high'),
        editDistance('kitten', 'sitting'),
        editDistance('a', 'a'),
      ],
      [3, 1, 3, 0],
    )
  })
  const cases: readonly (readonly [string, readonly string[], string | undefined])[] = [
    ['web-search', ['web_search', 'code'], 'web_search'],
    ['search', ['web_search', 'code'], 'web_search'],
    ['hi', ['normal', 'high'], 'high'],
    ['a', ['b', 'c'], undefined],
    ['zebra', ['local', 'cloud'], undefined],
    ['', ['a'], undefined],
    ['x'.repeat(100), ['x'.repeat(99)], undefined],
  ]
  for (const [written, allowed, expected] of cases) {
    test(`${written.slice(0, 12)} → ${expected ?? 'nothing near'}`, () =>
      assert.equal(didYouMean(written, allowed), expected))
  }
})
