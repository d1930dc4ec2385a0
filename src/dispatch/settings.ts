/** What the policy file says about reaching a backend: the connection half of `backends.*`, and `timeouts`. */
import { z } from 'zod'
import { admissionSchema } from './admission-settings.ts'
import { breakerSchema } from './breaker-settings.ts'

export const VENDOR_NAMES = [
  'ollama',
  'openai',
  'anthropic',
  'sarmalink',
  'openai-compatible',
  'demo',
] as const
export type VendorName = (typeof VENDOR_NAMES)[number]

/** Protocols that answer chats. */
export const CHAT_PROTOCOLS = ['chat', 'responses', 'messages', 'ollama'] as const
export type ChatProtocol = (typeof CHAT_PROTOCOLS)[number]

const milliseconds = z.int().min(1).max(86_400_000)

/** Every field optional: backend over policy over the vendor's own default. */
export const timeoutsSchema = z
  .strictObject({
    connectMs: milliseconds
      .optional()
      .describe('To an open connection, TLS included. Local 1000, hosted 5000.'),
    firstTokenMs: milliseconds
      .optional()
      .describe(
        'To the first content of a stream. Local 300000 (a cold load), hosted 60000. A model that answered lately gets 4 × its usual time instead, 10000 to 120000, where that is less.',
      ),
    idleMs: milliseconds.optional().describe('Longest silence inside an answer that has begun. 60000.'),
    progressMs: milliseconds
      .optional()
      .describe('Longest time inside an answer without content, however many signs of life come. 180000.'),
    totalMs: milliseconds.optional().describe('To the end of a buffered answer. 600000.'),
    streamMs: milliseconds.optional().describe('To the end of a streamed answer. 1800000.'),
    clientStallMs: milliseconds
      .optional()
      .describe('Longest time in which a client takes nothing of its stream; then it is cut off. 60000.'),
    keepAliveMs: milliseconds
      .optional()
      .describe(
        'Longest silence towards the client of a stream, while a model loads or thinks; then it gets a sign of life. 10000.',
      ),
  })
  .describe('Limits in milliseconds; when one runs out before any content, the next target is tried.')

export type TimeoutSettings = Readonly<z.infer<typeof timeoutsSchema>>

/** The limits that hold for a backend once all defaults are filled in. */
export type Timeouts = { readonly [Name in keyof TimeoutSettings]-?: number }

/** How the embedded demonstration backend behaves. */
export const demoSchema = z
  .strictObject({
    firstTokenMs: z.int().min(0).max(600_000).default(0).describe('Pause before the first token.'),
    tokenIntervalMs: z.int().min(0).max(60_000).default(0).describe('Pause between two tokens.'),
    replyTokens: z
      .int()
      .min(1)
      .max(100_000)
      .optional()
      .describe('Length of the answer; default: what the text needs.'),
    fail: z
      .enum(['never', 'status-500', 'status-429', 'cut', 'hang', 'malformed'])
      .default('never')
      .describe(
        'Fails on purpose: with a status, by cutting its answer, by never answering, by sending no JSON.',
      ),
  })
  .describe(
    'Behaviour of a `type: demo` backend. It calls a tool when a line of the prompt says `call NAME {json}`.',
  )

export type DemoSettings = Readonly<z.infer<typeof demoSchema>>

/** True for an http(s) URL with nothing in it but scheme, host, port and path. */
function isPlainEndpoint(value: string): boolean {
  const url = URL.parse(value)
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) return false
  return url.username === '' && url.password === '' && url.search === '' && url.hash === ''
}

export const connectionShape = {
  type: z.enum(VENDOR_NAMES).describe('What kind of server this is.'),
  endpoint: z
    .string()
    .refine(isPlainEndpoint, {
      message: 'must be an http:// or https:// URL without user, query or fragment',
    })
    .optional()
    .describe(
      'Base URL. Defaults: ollama http://localhost:11434, openai, anthropic and sarmalink their own.',
    ),
  protocol: z
    .union([z.enum(CHAT_PROTOCOLS), z.array(z.enum(CHAT_PROTOCOLS)).min(1)])
    .optional()
    .describe(
      'Protocol this server is spoken to in: Chat Completions, Responses, Anthropic Messages or Ollama. Of a list the first is what other protocols are translated to; clients of any of them pass through. Default: by type; OpenAI itself has [chat, responses].',
    ),
  apiKeyEnv: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, { message: 'must be the name of an environment variable' })
    .optional()
    .describe(
      'Environment variable that holds the key. openai: OPENAI_API_KEY, anthropic: ANTHROPIC_API_KEY, sarmalink: SARMALINK_API_KEY.',
    ),
  attest: z
    .literal('local')
    .optional()
    .describe(
      'The operator vouches that this server runs on machines of the house and forwards nothing. Needed for a server that is not Ollama on loopback; the connection must still end at a private address.',
    ),
  timeouts: timeoutsSchema.optional(),
  breaker: breakerSchema.optional(),
  admission: admissionSchema.optional(),
  demo: demoSchema.optional(),
}

/** Spread into a route's schema. */
export const routeShape = {
  timeouts: timeoutsSchema
    .optional()
    .describe('Limits for requests of this route; they win over those of its backends.'),
}

export const shadowShape = {
  maxConcurrent: z
    .int()
    .min(1)
    .max(64)
    .default(2)
    .describe('Mirrored calls in flight at once; more are skipped.'),
}
