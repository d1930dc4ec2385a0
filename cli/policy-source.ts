/** Which policy a command works on: the file, or the built-in default made from what this machine has. */
import { existsSync } from 'node:fs'
import { builtinPolicy } from '../src/builtin-policy.ts'
import type { Clock } from '../src/clock.ts'
import { loadConfigFile, parseConfig, type Config } from '../src/config.ts'
import { discover } from '../src/dispatch/discover.ts'

export interface PolicySource {
  readonly config: Config
  readonly isBuiltin: boolean
}

export interface PolicyRequest {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly path: string
  /** The user named the file: that it is missing is then an error, not an invitation. */
  readonly isNamed: boolean
  readonly clock: Clock
}

/** Throws ConfigError. */
export async function loadPolicy(request: PolicyRequest): Promise<PolicySource> {
  if (request.isNamed || existsSync(request.path)) {
    return { config: loadConfigFile(request.path), isBuiltin: false }
  }
  const text = builtinPolicy(await discover(request.env, request.clock))
  return { config: parseConfig(text, 'built-in default'), isBuiltin: true }
}
