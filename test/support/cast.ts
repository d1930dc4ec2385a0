/** The whole router in front of scripted backends: the first is the default target, the others its fallbacks in order. */
import type { TestContext } from 'node:test'
import type { Clock } from '../../src/clock.ts'
import { chatScript, type Backend, type Script } from './backend.ts'
import { policyEntry } from './faults/played-backend.ts'
import { createStage } from './stage.ts'
import { ask, type RunningRouter } from './start-router.ts'

/** For tests of what comes behind the door: everyone goes in at once. */
export const NO_DOOR = 'admission: { enabled: false }'
/** One slot, and no hope of a second one. */
export const ONE_SLOT = 'admission: { parallel: 1, maxParallel: 1 }'

export interface Role {
  readonly script: Script
  /** Further keys of the backend, as the policy has them; {@link NO_DOOR} unless given. */
  readonly more?: string
}

export interface CastOptions {
  /** Further sections of the policy. */
  readonly policy?: string
  /** Further keys of the route. */
  readonly route?: string
  readonly clock?: Clock
}

export interface Cast<Name extends string> {
  readonly router: RunningRouter
  readonly backends: Readonly<Record<Name, Backend>>
  /** One question, whole answer or streamed (`{ stream: true }`), read to its end. */
  readonly ask: (more?: object, headers?: Record<string, string>) => Promise<Asked>
}

export interface Asked {
  readonly status: number
  readonly text: string
  readonly headers: Headers
  /** Of an error. */
  readonly code: string | null
  readonly retryAfter: number | null
  readonly backend: string | null
  readonly tookMs: number
}

export async function startCast<Name extends string>(
  test: TestContext,
  roles: Readonly<Record<Name, Role>>,
  options: CastOptions = {},
): Promise<Cast<Name>> {
  const { policy = '', route = '', clock } = options
  const stage = createStage(test)
  const names = Object.keys(roles) as Name[]
  const backends: Partial<Record<Name, Backend>> = {}
  const entries: string[] = []
  for (const name of names) {
    const { script, more = NO_DOOR } = roles[name]
    const backend = await stage.backend(script)
    backends[name] = backend
    entries.push(policyEntry(name, 'chat', backend.origin, more))
  }
  const [first, ...others] = names
  const fallback = others.length === 0 ? '' : `, fallback: [${others.join(', ')}]`
  const further = route === '' ? '' : `, ${route}`
  const router = await stage.router(
    `backends:\n${entries.join('\n')}\nroutes: [{ default: ${first}${fallback}${further} }]\n${policy}`,
    clock === undefined ? {} : { clock },
  )
  return {
    router,
    backends: backends as Record<Name, Backend>,
    async ask(more, headers) {
      const startedMs = performance.now()
      const response = await router.post('/v1/chat/completions', ask('Hello', more), headers)
      const text = await response.text()
      const retryAfter = response.headers.get('retry-after')
      return {
        status: response.status,
        text,
        headers: response.headers,
        code: /"code":"(\w+)"/.exec(text)?.[1] ?? null,
        retryAfter: retryAfter === null ? null : Number(retryAfter),
        backend: response.headers.get('x-llr-backend'),
        tookMs: performance.now() - startedMs,
      }
    },
  }
}

export const FINE = chatScript('all is well')

/** Answers as the first says, then as the second, and so on; the last one for good. Probes are none of them. */
export function inTurn(...scripts: readonly Script[]): Script {
  let turn = 0
  return (request, response) => {
    const script = request.method === 'GET' ? FINE : scripts[Math.min(turn++, scripts.length - 1)]
    return script?.(request, response)
  }
}
