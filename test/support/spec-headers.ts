import assert from 'node:assert/strict'

const SPEC_HEADERS = [
  'x-llr-request-id',
  'x-llr-backend',
  'x-llr-model',
  'x-llr-route',
  'x-llr-reason',
  'x-llr-task',
  'x-llr-complexity',
  'x-llr-sensitivity',
  'x-llr-attempts',
] as const

/** Each header of SPEC 9.6 is there, is printable ASCII and says something. */
export function assertSpecHeaders(headers: Headers | undefined): void {
  for (const name of SPEC_HEADERS) assert.match(headers?.get(name) ?? '', /^[\x20-\x7e]+$/, name)
  assert.match(headers?.get('x-llr-request-id') ?? '', /^req_[0-9A-HJKMNP-TV-Z]{26}$/)
}
