/** `llr key [name]`: makes a client key, shows it this once, and the line that lets its owner in. */
import { randomBytes } from 'node:crypto'
import { hashOfKey } from '../src/accept/client-keys.ts'
import { nameSchema } from '../src/decide/settings.ts'

interface Output {
  write(text: string): void
}

export interface KeyOptions {
  readonly name: string
  readonly json: boolean
}

/** As many as SHA-256 has: 43 characters of base64url. */
const KEY_BYTES = 32

/** The exit code: 2 for a name that cannot be one. */
export function keyCommand({ name, json }: KeyOptions, out: Output, err: Output): number {
  if (!nameSchema.safeParse(name).success) {
    err.write('llr: the name of a client must be 1 to 64 letters, digits, dots, dashes or underscores.\n')
    return 2
  }
  const key = `llr_${randomBytes(KEY_BYTES).toString('base64url')}`
  const keyHash = hashOfKey(key)
  if (json) {
    out.write(`${JSON.stringify({ name, key, keyHash })}\n`)
    return 0
  }
  out.write(
    [
      `Key of ${name}; it is shown this once and kept nowhere:`,
      '',
      `  ${key}`,
      '',
      'Into the policy, under `clients:`',
      '',
      'clients:',
      `  ${name}: { keyHash: "${keyHash}" }`,
      '',
    ].join('\n'),
  )
  return 0
}
