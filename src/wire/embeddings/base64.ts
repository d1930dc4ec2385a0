/** OpenAI's compact form of a vector: base64 of 32-bit floats, lowest byte first on every machine (reference 2.4). */
import type { JsonValue } from '../json.ts'
import { notVectors, readVector, type Vector } from './vectors.ts'

const FLOAT_BYTES = 4

export function encodeBase64(vector: Vector): string {
  const bytes = Buffer.allocUnsafe(vector.length * FLOAT_BYTES)
  vector.forEach((value, index) => bytes.writeFloatLE(value, index * FLOAT_BYTES))
  return bytes.toString('base64')
}

/** A vector in either form. `Buffer` skips what is not base64, so that the length tells whether anything was. */
export function decodeVector(value: JsonValue | undefined): Vector {
  if (typeof value !== 'string') return readVector(value)
  const bytes = Buffer.from(value, 'base64')
  if (bytes.length !== Buffer.byteLength(value, 'base64') || bytes.length % FLOAT_BYTES !== 0) {
    throw notVectors()
  }
  const count = bytes.length / FLOAT_BYTES
  return readVector(Array.from({ length: count }, (_, index) => bytes.readFloatLE(index * FLOAT_BYTES)))
}
