import type { Clients, ServerSettings } from './settings.ts'

export interface Guarded {
  readonly host: string
  readonly isLoopback: boolean
  /** Whoever started it said so in so many words. */
  readonly allowWithoutKeys: boolean
}

/** Throws where the policy would open every backend to whoever reaches the port. */
export function assertGuarded(
  settings: { readonly server: ServerSettings; readonly clients: Clients },
  { host, isLoopback, allowWithoutKeys }: Guarded,
): void {
  const isMeant = allowWithoutKeys || settings.server.allowWithoutKeys
  if (isLoopback || isMeant || Object.keys(settings.clients).length > 0) return
  throw new Error(
    `${host} is reached from beyond this machine, and the policy has no client keys: anyone could use every backend. ` +
      'Make a key with `llr key`, or say that it is meant: `llr serve --insecure-no-keys`, ' +
      'or `server: { allowWithoutKeys: true }` in the policy.',
  )
}
