import assert from 'node:assert/strict'
import { after, before, describe } from 'node:test'
import type OpenAI from 'openai'
import { startRouter, type RunningRouter } from '../support/start-router.ts'
import { policyFor, type Egress } from './asks.ts'
import { engineIsMissing, startEngine, type RunningEngine } from './start-engine.ts'

/** Filled before the first test of the suite runs. */
export interface EngineStage {
  engine: RunningEngine
  router: RunningRouter
  openai: OpenAI
}

/** A suite with one real engine and one router before it; skipped, with the reason, where no engine is installed. */
export function describeWithEngine(
  name: string,
  suite: (stage: EngineStage) => void,
  protocol: Egress = 'chat',
): void {
  describe(name, { skip: engineIsMissing }, () => {
    const stage = {} as EngineStage
    before(async () => {
      stage.engine = await startEngine()
      stage.router = await startRouter(policyFor({ ...stage.engine, protocol }))
      stage.openai = stage.router.openai
    })
    after(async () => {
      await stage.router.close()
      await stage.engine.kill()
      assert.deepEqual(stage.router.defects, [])
    })
    suite(stage)
  })
}
