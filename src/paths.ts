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
export const GET_PATHS = ['/', '/v1/models', '/health', '/v1/metrics', '/metrics', '/v1/ab'] as const
export const OLLAMA_GET_PATHS = ['/api/tags', '/api/ps', '/api/version'] as const

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
  const posts = [...INFERENCE_PATHS.keys(), '/api/show'].map((path) => `POST ${path}`)
  const gets = [...GET_PATHS, '/v1/models/{id}', '/v1/responses/{id}', ...OLLAMA_GET_PATHS].map(
    (path) => `GET ${path}`,
  )
  return [...posts, ...gets].join(', ')
}
