/** The words in which drivers and played servers say what they do not accept. */
export type Fields = Readonly<Record<string, unknown>>

/** The other side does not keep to the protocol. */
export class Breach extends Error {
  override readonly name = 'Breach'
}

export function demand(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Breach(what)
}

export function fieldsOf(value: unknown, what: string): Fields {
  demand(
    typeof value === 'object' && value !== null && !Array.isArray(value),
    `${what}: an object, not ${shown(value)}`,
  )
  return value as Fields
}

export function listOf(value: unknown, what: string): readonly unknown[] {
  demand(Array.isArray(value), `${what}: a list, not ${shown(value)}`)
  return value
}

export function stringOf(value: unknown, what: string): string {
  demand(typeof value === 'string', `${what}: a string, not ${shown(value)}`)
  return value
}

/** A string with something in it. */
export function nameOf(value: unknown, what: string): string {
  const text = stringOf(value, what)
  demand(text !== '', `${what}: must not be empty`)
  return text
}

export function integerOf(value: unknown, what: string, least = 0): number {
  demand(
    Number.isInteger(value) && (value as number) >= least,
    `${what}: an integer from ${least}, not ${shown(value)}`,
  )
  return value as number
}

export function oneOf<Value extends string>(value: unknown, values: readonly Value[], what: string): Value {
  demand(
    values.some((known) => known === value),
    `${what}: one of ${values.join(', ')}, not ${shown(value)}`,
  )
  return value as Value
}

export function onlyKeys(value: Fields, keys: string, what: string): void {
  const known = keys.split(/\s+/)
  for (const key of Object.keys(value)) demand(known.includes(key), `${what}: unknown field ${key}`)
}

export function allKeys(value: Fields, keys: string, what: string): void {
  for (const key of keys.split(/\s+/)) demand(key in value, `${what}: has no field ${key}`)
}

/** Undefined where the key is not there; `null` is a value like any other. */
export function optional<Value>(value: unknown, read: (value: unknown) => Value): Value | undefined {
  return value === undefined ? undefined : read(value)
}

export function jsonOf(text: string, what: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    throw new Breach(`${what}: no JSON: ${text}`)
  }
}

export function base64Of(value: unknown, what: string): string {
  const text = nameOf(value, what)
  demand(/^[A-Za-z0-9+/]+={0,2}$/.test(text) && text.length % 4 === 0, `${what}: no base64: ${shown(text)}`)
  return text
}

/** The base64 of a `data:` URL with an image in it. */
export function imageOfDataUrl(value: unknown, what: string): string {
  const [, data] = /^data:image\/(?:png|jpeg|webp|gif);base64,(.*)$/s.exec(nameOf(value, what)) ?? []
  demand(data !== undefined, `${what}: no data URL of an image: ${shown(value)}`)
  return base64Of(data, what)
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? String(value)).slice(0, 120)
}
