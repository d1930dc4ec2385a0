/** What an end-to-end test starts, closed again when it ends: the router first, then the backends behind it. */
import type { TestContext } from 'node:test'
import type { ServerOptions } from '../../src/server.ts'
import { startBackend, type Backend, type Script } from './backend.ts'
import { startRouter, type RunningRouter } from './start-router.ts'

export interface Stage {
  backend(script: Script): Promise<Backend>
  router(policyYaml: string, overrides?: Partial<ServerOptions>): Promise<RunningRouter>
}

export function createStage(test: TestContext): Stage {
  const closers: (() => Promise<void>)[] = []
  test.after(async () => {
    for (const close of closers.toReversed()) await close()
  })
  return {
    async backend(script) {
      const backend = await startBackend(script)
      closers.push(() => backend.close())
      return backend
    },
    async router(policyYaml, overrides) {
      const router = await startRouter(policyYaml, overrides)
      closers.push(() => router.close())
      return router
    },
  }
}
