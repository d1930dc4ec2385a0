/** Every path that is served, by what it is for. */
import type { Endpoint } from './router.ts'

/** Requests that are read, classified and answered in a client's protocol. */
export const INFERENCE_PATHS: ReadonlyMap<string, Endpoint> = new Map<string, Endpoint>([
  ['/v1/chat/completions', { protocol: 'chat' }],
  ['/v1/responses', { protocol: 'responses' }],
  ['/v1/responses/input_tokens', { protocol: 'responses', counts: true }],
  ['/v1/messages', { protocol: 'messages' }],
  ['/v1/messages/count_tokens', { protocol: 'messages', counts: true }],
  ['/v1/completions', { protocol: 'completions' }],
  ['/v1/embeddings', { protocol: 'embeddings' }],
  ['/api/chat', { protocol: 'ollama' }],
  ['/api/generate', { protocol: 'ollama-generate' }],
  ['/api/embed', { protocol: 'ollama-embed' }],
  ['/api/embeddings', { protocol: 'ollama-embeddings' }],
])

/** What can be read, without a model. */
const GET_PATHS = ['/', '/v1/models', '/health', '/ready', '/v1/metrics', '/metrics', '/v1/ab'] as const
const OLLAMA_GET_PATHS = ['/api/tags', '/api/ps', '/api/version'] as const
const OLLAMA_POST_PATHS = ['/api/show'] as const
/** What is kept of the Responses API, by id; `{id}` stands for one. */
const STORED_PATHS: readonly (readonly [path: string, methods: readonly string[]])[] = [
  ['/v1/responses/{id}', ['GET', 'DELETE']],
  ['/v1/responses/{id}/input_items', ['GET']],
]

/** Ollama's commands that change which models there are: those are for the Ollama behind the router. */
export const OLLAMA_MANAGEMENT_PATHS = [
  '/api/pull',
  '/api/push',
  '/api/create',
  '/api/copy',
  '/api/delete',
  '/api/blobs/*',
] as const

/** In whose words an error at this path is told. */
export function dialectOf(path: string): Endpoint['protocol'] {
  if (path.startsWith('/api/')) return 'ollama'
  return path.startsWith('/v1/messages') ? 'messages' : 'chat'
}

/** For whoever asked for something else. */
export function servedPaths(): string {
  const posts = [...INFERENCE_PATHS.keys(), ...OLLAMA_POST_PATHS].map((path) => `POST ${path}`)
  const gets = [...GET_PATHS, '/v1/models/{id}', ...OLLAMA_GET_PATHS].map((path) => `GET ${path}`)
  const stored = STORED_PATHS.flatMap(([path, methods]) => methods.map((method) => `${method} ${path}`))
  return [...posts, ...gets, ...stored].join(', ')
}

/** What each path without inference takes, for the `Allow` of a refusal; spelt as Hono spells paths. */
export function allowedMethods(): readonly (readonly [path: string, allow: string])[] {
  const stored = STORED_PATHS.map(([path, methods]): readonly [string, string] => [
    path.replace('{id}', ':id'),
    methods.join(', ').replace('GET', READ),
  ])
  const gets = [...GET_PATHS, '/v1/models/*', ...OLLAMA_GET_PATHS]
  return [
    ...gets.map((path) => [path, READ] as const),
    ...OLLAMA_POST_PATHS.map((path) => [path, 'POST'] as const),
    ...stored,
    ['/v1/responses/:id/cancel', 'POST'],
  ]
}

/** Whoever may read may ask for the headers alone. */
const READ = 'GET, HEAD'
