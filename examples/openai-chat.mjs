// A whole answer through the `openai` package: npx node examples/openai-chat.mjs "your prompt"
import OpenAI from 'openai'

const baseURL = process.env.LLR_BASE_URL ?? 'http://127.0.0.1:3030/v1'
const client = new OpenAI({ baseURL, apiKey: 'any' })

const { data: completion, response } = await client.chat.completions
  .create({
    model: 'auto',
    messages: [{ role: 'user', content: process.argv[2] ?? 'Write a Python function that reverses a list.' }],
  })
  .withResponse()

console.log(completion.choices[0].message.content)
console.log(`-- ${response.headers.get('x-llr-backend')} / ${completion.model}`)
console.log(`-- ${response.headers.get('x-llr-reason')}`)
