// A streamed answer, and marking a request as sensitive: npx node examples/openai-stream.mjs "your prompt"
import OpenAI from 'openai'

const baseURL = process.env.LLR_BASE_URL ?? 'http://127.0.0.1:3030/v1'
const client = new OpenAI({ baseURL, apiKey: 'any' })

const { data: stream, response } = await client.chat.completions
  .create(
    {
      model: 'auto',
      stream: true,
      messages: [{ role: 'user', content: process.argv[2] ?? 'Summarise our plans for next year.' }],
    },
    { headers: { 'X-LLR-Sensitivity': 'high' } },
  )
  .withResponse()

for await (const chunk of stream) process.stdout.write(chunk.choices[0]?.delta.content ?? '')
console.log(
  `\n-- ${response.headers.get('x-llr-backend')}, sensitivity ${response.headers.get('x-llr-sensitivity')}`,
)
