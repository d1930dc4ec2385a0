import { RouterError } from '../errors.ts'

/**
 * A part of the conversation that a backend's protocol has no form for. By the time it is written for a backend,
 * messages have been joined and split, so it is told by what it is: its old place is unknown, and another one would
 * mislead.
 */
export function unsupportedPart(what: string, why: string): RouterError {
  const message = `The request has ${what} that cannot go to this backend: ${why}`
  return new RouterError('unsupported_value', message, { param: 'messages' })
}
