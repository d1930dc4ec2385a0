/** Gauges of what stands before the backends, read when they are asked for. Labels are names of the policy only. */
import { Gauge, type Registry } from 'prom-client'
import { PRIORITIES } from '../dispatch/admission-queue.ts'
import type { Guards } from '../dispatch/guards.ts'

export function addGuardGauges(registry: Registry, guards: Guards): readonly Gauge[] {
  const registers = [registry]
  return [
    new Gauge({
      name: 'llr_circuits_open',
      help: 'Targets of a backend that are left alone for now.',
      labelNames: ['backend'],
      registers,
      collect() {
        this.reset()
        for (const { backend, breaker } of guards.targets()) {
          this.inc({ backend }, breaker.state === 'open' ? 1 : 0)
        }
      },
    }),
    new Gauge({
      name: 'llr_queue_limit',
      help: 'Calls that a local backend is given at once.',
      labelNames: ['backend'],
      registers,
      collect() {
        this.reset()
        for (const [backend, { limit }] of guards.admissions())
          if (limit !== null) this.set({ backend }, limit)
      },
    }),
    new Gauge({
      name: 'llr_queue_waiting',
      help: 'Requests that wait for a local backend, by class.',
      labelNames: ['backend', 'priority'],
      registers,
      collect() {
        this.reset()
        for (const [backend, { queued }] of guards.admissions()) {
          for (const priority of PRIORITIES) this.set({ backend, priority }, queued[priority])
        }
      },
    }),
  ]
}
