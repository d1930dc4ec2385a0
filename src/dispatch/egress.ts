import type { Label, Target } from '../decide/decision.ts'
import { RouterError } from '../errors.ts'
import type { Backend } from './backend.ts'
import type { Fleet } from './fleet.ts'

/**
 * The one gate of everything that is sent for a client: primary, fallback, retry and mirror all come by here.
 * The decision has already obeyed the privacy rule; this asserts it again, on the proof as it stands now.
 */
export function openGate(fleet: Fleet, target: Target, label: Label): Backend {
  const backend = fleet.backends.get(target.backend)
  if (backend === undefined) {
    throw new RouterError('no_target', `Backend "${target.backend}" is not in the policy.`)
  }
  if (label === 'local-only') {
    if (!target.provenLocal || !fleet.locality.isProvenLocal(target.backend, target.model)) {
      throw new RouterError(
        'privacy_no_local_target',
        `This request must stay on this machine, and "${target.backend}" is not proven to be on it.`,
      )
    }
  }
  return backend
}
