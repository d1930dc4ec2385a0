/** The official `openai` package's legacy Completions → the running router → llama.cpp's server. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { Ollama } from 'ollama'
import OpenAI from 'openai'
import { SENTENCE } from './asks.ts'
import { describeWithEngine, type EngineStage } from './stage.ts'

/** No template is put around a prompt here, so that it has to end in the model's own mark. */
const RAW = 'Hello there.<|say|>'
const RAW_ENDLESS = 'Hello there.<|spin|>'

async function streamed(
  stage: EngineStage,
  request: Omit<OpenAI.CompletionCreateParamsStreaming, 'model' | 'stream'>,
): Promise<{ readonly text: string; readonly finish: string | null; readonly tokens: number | undefined }> {
  const stream = await stage.openai.completions.create({ model: 'auto', ...request, stream: true })
  let text = ''
  let finish: string | null = null
  let tokens: number | undefined
  for await (const chunk of stream) {
    assert.equal(chunk.object, 'text_completion')
    text += chunk.choices[0]?.text ?? ''
    finish = chunk.choices[0]?.finish_reason ?? finish
    tokens = chunk.usage?.completion_tokens ?? tokens
  }
  return { text, finish, tokens }
}

describeWithEngine("completions that pass through to a real engine's own", (stage) => {
  it('continue the raw prompt, buffered and streamed', async () => {
    const whole = await stage.openai.completions.create({ model: 'auto', prompt: RAW })
    assert.equal(whole.choices[0]?.text.trim(), SENTENCE)
    assert.equal(whole.choices[0]?.finish_reason, 'stop')
    assert.ok('timings' in whole, 'as the engine said it')
    const { text, finish, tokens } = await streamed(stage, {
      prompt: RAW,
      stream_options: { include_usage: true },
    })
    assert.equal(text.trim(), SENTENCE)
    assert.equal(finish, 'stop')
    assert.equal(tokens, 7)
  })

  it('say when the length ended them', async () => {
    const request = { prompt: RAW_ENDLESS, max_tokens: 5 }
    const whole = await stage.openai.completions.create({ model: 'auto', ...request })
    assert.equal(whole.choices[0]?.finish_reason, 'length')
    assert.equal(whole.usage?.completion_tokens, 5)
    assert.equal((await streamed(stage, request)).finish, 'length')
  })

  it("take Ollama's raw prompts", async () => {
    const ollama = new Ollama({ host: stage.router.url })
    const whole = await ollama.generate({ model: 'auto', prompt: RAW, raw: true })
    assert.equal(whole.response?.trim(), SENTENCE)
    let text = ''
    for await (const line of await ollama.generate({ model: 'auto', prompt: RAW, raw: true, stream: true })) {
      text += line.response
    }
    assert.equal(text.trim(), SENTENCE)
  })
})

for (const egress of ['messages', 'responses'] as const) {
  describeWithEngine(
    `completions by a real engine that is spoken to in ${egress}`,
    (stage) => {
      it('are answered as chats, buffered and streamed', async () => {
        const whole = await stage.openai.completions.create({ model: 'auto', prompt: 'Say hello' })
        assert.equal(whole.choices[0]?.text, SENTENCE)
        assert.equal(whole.choices[0]?.finish_reason, 'stop')
        const { text, finish } = await streamed(stage, { prompt: 'Say hello' })
        assert.equal(text, SENTENCE)
        assert.equal(finish, 'stop')
      })

      it('are refused where a chat would be another thing', async () => {
        for (const stream of [false, true]) {
          const request = { model: 'auto', prompt: 'def f(', suffix: ')', stream }
          await assert.rejects(stage.openai.completions.create(request), (error) => {
            assert.ok(error instanceof OpenAI.APIError)
            assert.equal(error.status, 400)
            assert.equal(error.code, 'unsupported_value')
            assert.equal(error.param, 'suffix')
            return true
          })
        }
      })
    },
    egress,
  )
}
