/** Is this an answer that a strict client of the protocol can read to its end? Written from the protocols alone. */
import assert from 'node:assert/strict'
import type { Answer } from './captures.ts'
import { checkChatReply, checkChatStream } from './well-formed-chat.ts'
import { checkMessage, checkMessagesStream } from './well-formed-messages.ts'
import { checkOllamaReply, checkOllamaStream, checkTags, checkVersion } from './well-formed-ollama.ts'
import { eventsOf, items, show, type Json } from './well-formed-parts.ts'
import { checkResponse, checkResponsesStream } from './well-formed-responses.ts'

interface Form {
  readonly reply: (body: Json) => void
  readonly stream?: (text: string) => void
}

const OLLAMA: Form = { reply: checkOllamaReply, stream: checkOllamaStream }

const FORMS: Readonly<Record<string, Form>> = {
  '/v1/chat/completions': { reply: checkChatReply, stream: checkChatStream },
  '/v1/responses': { reply: checkResponse, stream: checkResponsesStream },
  '/v1/messages': { reply: checkMessage, stream: checkMessagesStream },
  '/v1/messages/count_tokens': {
    reply: (body) => assert.ok(Number(body['input_tokens']) > 0),
  },
  '/v1/models': {
    reply(list) {
      assert.equal(list['object'], 'list')
      assert.ok(items(list['data']).length > 0)
    },
  },
  '/api/chat': OLLAMA,
  '/api/generate': OLLAMA,
  '/api/tags': { reply: checkTags },
  '/api/version': { reply: checkVersion },
}

/**
 * `answered` or the reason of a refusal; throws AssertionError for anything that is neither. `ownWords`: it passed
 * through from a backend that speaks this protocol itself, so that its form is that backend's; only its end is ours.
 */
export function outcomeOf(path: string, answer: Answer, ownWords = false): string {
  if (answer.status !== 200) return refusal(path, answer)
  const form = FORMS[path]
  assert.ok(form !== undefined, `nothing is known of ${path}`)
  const type = show(answer.headers['content-type']).split(';', 1)[0]
  const isStream = type === 'text/event-stream' || type === 'application/x-ndjson'
  if (ownWords && isStream) assertEnd(answer.text)
  else if (isStream) form.stream?.(answer.text)
  else if (ownWords) JSON.parse(answer.text)
  else form.reply(JSON.parse(answer.text) as Json)
  assert.ok(!isStream || form.stream !== undefined, `a stream from ${path}`)
  return 'answered'
}

const ENDS = /^(?:\[DONE\]|message_stop|response\.(?:completed|incomplete))$/

function assertEnd(text: string): void {
  const last = eventsOf(text).at(-1)
  assert.match(last?.name || (last?.data ?? ''), ENDS, 'terminal')
}

/** In the words of the dialect, with what its clients look for. */
function refusal(path: string, answer: Answer): string {
  assert.ok(
    answer.status >= 400 && answer.status < 500,
    `HTTP ${answer.status}: ${answer.text.slice(0, 300)}`,
  )
  assert.ok(answer.headers['x-llr-request-id'], 'a request id')
  const body = JSON.parse(answer.text) as Json
  const error = body['error']
  if (path.startsWith('/api/')) {
    assert.ok(show(error).length > 10, 'a message')
    return String(answer.status)
  }
  assert.ok(show(error?.['message']).length > 10, 'a message')
  assert.match(show(error?.['type']), /^[a-z_]+$/)
  if (path.startsWith('/v1/messages')) {
    assert.equal(body['type'], 'error')
    assert.ok(answer.headers['request-id'], 'a request id of its own name')
    return `${answer.status} ${show(error?.['type'])}`
  }
  assert.ok(error !== undefined && 'param' in error, 'an error with all its fields')
  assert.match(show(error['code']), /^[a-z_]+$/)
  return `${answer.status} ${show(error['code'])}`
}
