/**
 * Careful looks into a file whose shape may be wrong. The checks across the file run on the raw value, not on the
 * parsed one, so that a misspelt key in one place does not hide a wrong name in another.
 */
export type RawMap = Readonly<Record<string, unknown>>

export function asMap(value: unknown): RawMap | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as RawMap) : null
}

export function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

export function own(map: RawMap | null, key: string): unknown {
  return map !== null && Object.hasOwn(map, key) ? map[key] : undefined
}

/** A name, or a list of names: each with the rest of its path. */
export function asNames(
  value: unknown,
): readonly { readonly name: string; readonly at: readonly number[] }[] {
  if (typeof value === 'string') return [{ name: value, at: [] }]
  return asList(value).flatMap((name, index) => (typeof name === 'string' ? [{ name, at: [index] }] : []))
}
