// The Responses API, whole and streamed: npx node examples/openai-responses.mjs "your prompt"
import OpenAI from 'openai'

const baseURL = process.env.LLR_BASE_URL ?? 'http://127.0.0.1:3030/v1'
const client = new OpenAI({ baseURL, apiKey: 'any' })
const input = process.argv[2] ?? 'Classify this review as positive or negative: it works.'

const whole = await client.responses.create({ model: 'auto', instructions: 'Answer in one word.', input })
console.log(whole.output_text)

const stream = await client.responses.create({ model: 'auto', input, stream: true })
for await (const event of stream) {
  if (event.type === 'response.output_text.delta') process.stdout.write(event.delta)
  if (event.type === 'response.completed') {
    const { status, usage } = event.response
    console.log(`\n-- ${status}, ${usage?.output_tokens} tokens`)
  }
}
