import type { View } from './decide/view.ts'
import type { Fleet } from './dispatch/fleet.ts'
import type { LatencyBook } from './record/latency.ts'

/** The world as `decide` may see it: what dispatch knows of backends, what record knows of latency. */
export function createView(fleet: Fleet, latency: LatencyBook): View {
  return {
    isProvenLocal: (backend, model) => fleet.locality.isProvenLocal(backend, model),
    isDown: (backend) => fleet.locality.state(backend) === 'down',
    unavailability: (backend, model) => fleet.unavailability(backend, model),
    medianLatencyMs: (target, stream) => latency.medianLatencyMs(target, stream),
    medianFirstTokenMs: (target) => latency.medianFirstTokenMs(target),
  }
}
