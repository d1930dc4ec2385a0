/** Values that stand where a secret would: documentation is full of them, and they are no secret. */
const STAND_IN =
  /example|placeholder|changeme|change_me|your[_-]|[_-]here|redacted|dummy|sample|insert|replace|<|>|\$\{|\$\(|\{\{|process\.env|os\.environ|getenv|x{4}|X{4}|\*{3}|#{3}|\.{3}|…|(.)\1{5}/i
const COUNTED = /0123456789|1234567890|abcdefgh|12345678901/i

export function isPlaceholder(value: string): boolean {
  return STAND_IN.test(value) || COUNTED.test(value)
}

/** Bits a character, of the value's own distribution: random text is high, words and paths are low. */
export function entropyOf(value: string): number {
  const counts = new Map<string, number>()
  for (const character of value) counts.set(character, (counts.get(character) ?? 0) + 1)
  let bits = 0
  for (const count of counts.values()) {
    const share = count / value.length
    bits -= share * Math.log2(share)
  }
  return bits
}
