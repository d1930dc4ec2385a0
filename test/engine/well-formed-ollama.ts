/** Ollama's own answers, as its clients read them. */
import assert from 'node:assert/strict'
import { items, show, type Json } from './well-formed-parts.ts'

/** One object of a chat or of `/api/generate`, where `response` stands for the message. */
function checkLine(line: Json, isLast: boolean): void {
  assert.match(show(line['model']), /./)
  assert.ok(!Number.isNaN(Date.parse(show(line['created_at']))), 'created_at')
  if (line['message'] === undefined) assert.equal(typeof line['response'], 'string')
  else assert.equal(line['message']['role'], 'assistant')
  assert.equal(line['done'], isLast)
  if (isLast) assert.match(show(line['done_reason']), /^(?:stop|length|load|unload)$/)
}

export function checkOllamaReply(reply: Json): void {
  checkLine(reply, true)
}

export function checkOllamaStream(text: string): void {
  assert.ok(text.endsWith('\n'), 'the stream ends with a whole line')
  const lines = text.slice(0, -1).split('\n')
  for (const [i, line] of lines.entries()) {
    const fields = JSON.parse(line) as Json
    assert.equal(fields['error'], undefined, 'an error inside the stream')
    checkLine(fields, i === lines.length - 1)
  }
}

export function checkTags(list: Json): void {
  const models = items(list['models'])
  assert.ok(models.length > 0)
  for (const model of models) {
    for (const key of ['name', 'model', 'modified_at', 'digest'])
      assert.equal(typeof model[key], 'string', key)
    assert.equal(typeof model['size'], 'number')
    assert.equal(typeof model['details'], 'object')
  }
}

/** Below 0.13.4 codex refuses to go on. */
export function checkVersion(body: Json): void {
  const [major = 0, minor = 0, patch = 0] = show(body['version']).split('.').map(Number)
  assert.ok(major * 1e6 + minor * 1e3 + patch >= 13_004, show(body['version']))
}
