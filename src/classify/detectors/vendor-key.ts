/** Keys that say themselves whose they are: the vendor's prefix and a tail of the vendor's length and alphabet. */
import { entropyOf, isPlaceholder } from './placeholder.ts'
import { VENDOR_KEYS } from './vendor-key-table.ts'

interface Rule {
  readonly prefix: string
  /** Anchored where the tail begins. */
  readonly tail: RegExp
}

const TAIL_WINDOW = 300
/** Below this a tail is a word or a pattern, not a key. */
const LEAST_ENTROPY = 2.7

/** By the first two characters, so that a long identifier costs one look and a key a handful of comparisons. */
const RULES = buildRules()

function buildRules(): ReadonlyMap<number, readonly Rule[]> {
  const rules = new Map<number, Rule[]>()
  for (const [prefix, tail] of VENDOR_KEYS) {
    const first = beginning(prefix, 0)
    const list = rules.get(first) ?? []
    list.push({ prefix, tail: new RegExp(`^(?:${tail})(?![A-Za-z0-9])`) })
    rules.set(first, list)
  }
  return rules
}

function beginning(text: string, at: number): number {
  return (text.charCodeAt(at) << 16) | text.charCodeAt(at + 1)
}

export function detectVendorKey(text: string, start: number, kinds: Set<string>): void {
  const rules = RULES.get(beginning(text, start))
  if (rules === undefined) return
  for (const { prefix, tail } of rules) {
    if (!text.startsWith(prefix, start)) continue
    const from = start + prefix.length
    const found = tail.exec(text.slice(from, from + TAIL_WINDOW))?.[0]
    if (found === undefined || entropyOf(found) < LEAST_ENTROPY || isPlaceholder(found)) continue
    kinds.add('secret')
    return
  }
}
