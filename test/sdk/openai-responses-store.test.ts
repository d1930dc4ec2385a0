/** The `openai` package's Responses API and what it stores: read, listed, deleted, continued and referred to; and its counter. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import OpenAI from 'openai'
import { EVERY_EGRESS, rejection, says, setSdkStage, talkOf, TEXT } from './sdk-stage.ts'

for (const egress of EVERY_EGRESS) {
  describe(`openai responses and their store in front of ${egress}`, () => {
    test('an answer names the one that it continues', async (t) => {
      const stage = await setSdkStage(t, egress, says(), says(), says())
      const { responses } = stage.router.openai
      const first = await responses.create({ model: 'auto', input: 'Hello' })
      const onward = { model: 'auto', input: 'Sure?', previous_response_id: first.id }
      // The bytes of a backend that speaks Responses come back as they are, and it was sent no turn before.
      const named = egress === 'responses' ? null : first.id
      assert.equal((await responses.create(onward)).previous_response_id, named)
      assert.equal((await responses.stream(onward).finalResponse()).previous_response_id, named)
    })

    test('what is stored: retrieved, listed, deleted', async (t) => {
      const stage = await setSdkStage(t, egress, says(), says('Yes.'))
      const { responses } = stage.router.openai
      const first = await responses.stream({ model: 'auto', input: 'Hello' }).finalResponse()
      const second = await responses.create({
        model: 'auto',
        previous_response_id: first.id,
        input: [{ role: 'user', content: [{ type: 'input_text', text: 'Sure?' }] }],
      })
      const read = await responses.retrieve(first.id)
      assert.deepEqual(read.output, (await responses.retrieve(first.id)).output)
      assert.deepEqual([read.id, read.output_text, read.status], [first.id, TEXT, 'completed'])

      const listed: string[] = []
      for await (const item of responses.inputItems.list(second.id, { order: 'asc', limit: 2 })) {
        assert.ok(item.type === 'message')
        assert.ok('id' in item && item.id)
        listed.push(`${item.role}: ${item.content.map((part) => ('text' in part ? part.text : '')).join('')}`)
      }
      assert.deepEqual(listed, ['user: Hello', `assistant: ${TEXT}`, 'user: Sure?'])

      await responses.delete(first.id)
      assert.ok((await rejection(responses.retrieve(first.id))) instanceof OpenAI.NotFoundError)
      assert.ok((await rejection(responses.delete(first.id))) instanceof OpenAI.NotFoundError)
      assert.ok((await rejection(responses.inputItems.list(first.id))) instanceof OpenAI.NotFoundError)
      const gone = await rejection(
        responses.create({ model: 'auto', input: 'And?', previous_response_id: first.id }),
      )
      assert.ok(gone instanceof OpenAI.BadRequestError)
      assert.deepEqual([gone.code, gone.param], ['previous_response_not_found', 'previous_response_id'])
    })

    test('store: false keeps nothing', async (t) => {
      const stage = await setSdkStage(t, egress, says(), says())
      const { responses } = stage.router.openai
      const ask = { model: 'auto', input: 'Hello', store: false }
      for (const answer of [await responses.create(ask), await responses.stream(ask).finalResponse()]) {
        assert.equal((answer as { store?: boolean }).store, false)
        assert.ok((await rejection(responses.retrieve(answer.id))) instanceof OpenAI.NotFoundError)
        const onward = { model: 'auto', input: 'And?', previous_response_id: answer.id }
        assert.ok((await rejection(responses.create(onward))) instanceof OpenAI.BadRequestError)
      }
    })

    test('an item by reference', async (t) => {
      const stage = await setSdkStage(t, egress, says(), says('Yes.'))
      const { responses } = stage.router.openai
      const first = await responses.create({ model: 'auto', input: 'Hello' })
      const id = first.output[0]?.id ?? ''
      const again = await responses.create({
        model: 'auto',
        input: [
          { role: 'user', content: 'Hello' },
          { type: 'item_reference', id },
          { role: 'user', content: 'Sure?' },
        ],
      })
      assert.equal(again.output_text, 'Yes.')
      assert.deepEqual(talkOf(stage.heard()[1]), ['user: Hello', `assistant: ${TEXT}`, 'user: Sure?'])
      const unknown = await rejection(
        responses.create({ model: 'auto', input: [{ type: 'item_reference', id: 'msg_unknown' }] }),
      )
      assert.ok(unknown instanceof OpenAI.NotFoundError)
      assert.equal(unknown.param, 'input')
    })

    test('input tokens are counted without a model', async (t) => {
      const stage = await setSdkStage(t, egress)
      const { inputTokens } = stage.router.openai.responses
      const short = await inputTokens.count({ model: 'auto', input: 'Hello' })
      const long = await inputTokens.count({ model: 'auto', input: 'Hello '.repeat(400) })
      assert.equal(short.object, 'response.input_tokens')
      assert.ok(short.input_tokens >= 1 && short.input_tokens < 20)
      assert.ok(long.input_tokens > 300 && long.input_tokens < 1200, `${long.input_tokens}`)
      assert.equal(stage.requests().length, 0)
    })
  })
}
