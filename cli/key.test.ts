import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createClientKeys } from '../src/accept/client-keys.ts'
import { parseConfig } from '../src/config.ts'
import { keyCommand } from './key.ts'

function run(
  name: string,
  json = false,
): { readonly code: number; readonly out: string; readonly err: string } {
  let out = ''
  let err = ''
  const code = keyCommand(
    { name, json },
    { write: (text) => (out += text) },
    { write: (text) => (err += text) },
  )
  return { code, out, err }
}

describe('llr key', () => {
  test('what it prints goes into a policy as it stands, and then its key opens the door', () => {
    const { code, out } = run('alice')
    assert.equal(code, 0)
    const [, key = ''] = /^ {2}(llr_[A-Za-z0-9_-]{43})$/m.exec(out) ?? []
    const entry = out.slice(out.indexOf('\nclients:'))
    const config = parseConfig(
      `backends: { d: { type: demo } }\nroutes: [{ default: d }]\n${entry}`,
      'test.yaml',
    )
    assert.equal(createClientKeys(config.clients)?.clientOf({ 'x-api-key': key }), 'alice')
    assert.equal(createClientKeys(config.clients)?.clientOf({ 'x-api-key': `${key}a` }), null)
    assert.ok(!entry.includes(key))
  })

  test('as JSON, another one each time', () => {
    const keys = [run('a', true), run('a', true)].map(({ out }) => JSON.parse(out) as Record<string, string>)
    assert.deepEqual(Object.keys(keys[0] ?? {}), ['name', 'key', 'keyHash'])
    assert.notEqual(keys[0]?.['key'], keys[1]?.['key'])
  })

  test('a name that a policy would refuse is refused here', () => {
    const { code, out, err } = run('a b')
    assert.deepEqual([code, out], [2, ''])
    assert.match(err, /letters, digits/)
  })
})
