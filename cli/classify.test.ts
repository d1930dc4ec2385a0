import assert from 'node:assert/strict'
import { Readable, Writable } from 'node:stream'
import { describe, it } from 'node:test'
import { classifyCommand } from './classify.ts'

async function runOn(lines: readonly string[]): Promise<{ code: number; rows: Record<string, unknown>[] }> {
  let written = ''
  const output = new Writable({
    write(chunk: Buffer, _encoding, done) {
      written += chunk.toString()
      done()
    },
  })
  const code = await classifyCommand(Readable.from([lines.join('\n')]), output, { unscannable: 'allow' })
  const rows = written.split('\n').filter((line) => line !== '')
  return { code, rows: rows.map((row) => JSON.parse(row) as Record<string, unknown>) }
}

describe('llr classify', () => {
  it('answers prompts, chat requests and Responses requests', async () => {
    const { code, rows } = await runOn([
      '{"id":"a","prompt":"Write a Python function that reverses a string"}',
      '{"id":"b","request":{"model":"auto","messages":[{"role":"user","content":"Summarise this: rain."}]}}',
      '',
      '{"id":"c","request":{"model":"auto","input":"hello"}}',
    ])
    assert.equal(code, 0)
    assert.deepEqual(
      rows.map((row) => [row['id'], row['task']]),
      [
        ['a', 'code'],
        ['b', 'summarisation'],
        ['c', 'general'],
      ],
    )
    assert.deepEqual(Object.keys(rows[0] ?? {}), [
      'id',
      'task',
      'complexity',
      'complexity_score',
      'sensitive',
      'kinds',
      'modality',
      'family',
      'tokens',
      'us',
    ])
  })

  it('goes on after a bad line, says which it was, and never repeats it', async (t) => {
    const said: string[] = []
    t.mock.method(process.stderr, 'write', (text: string) => said.push(text) > 0)
    const { code, rows } = await runOn([
      '{"id":1,"prompt":"hi"}',
      '{"prompt": "my secret',
      '[]',
      '{"id":2}',
      '{"id":3,"prompt":"hi"}',
    ])
    assert.equal(code, 1)
    assert.equal(rows.length, 2)
    assert.deepEqual(
      said.map((line) => line.split(':')[0]),
      ['line 2', 'line 3', 'line 4'],
    )
    assert.ok(!said.join('').includes('my secret'))
  })
})
