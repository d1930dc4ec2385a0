/** Values that stand where a secret would: documentation is full of them, and they are no secret. */
const STAND_IN =
  /example|placeholder|changeme|change_me|your[_-]|[_-]here|redacted|dummy|sample|insert|replace|<|>|\$\{|\$\(|\{\{|process\.env|os\.environ|getenv|x{4}|X{4}|\*{3}|#{3}|\.{3}|…|(.)\1{5}/i
const COUNTED = /0123456789|1234567890|abcdefgh|12345678901/i

export function isPlaceholder(value: string): boolean {
  return STAND_IN.test(value) || COUNTED.test(value)
}

const ENTROPY_SAMPLE = 64
const ASCII_MASK = 127

/** Bits a character, of the value's own distribution: random text is high, words and paths are low. */
export function entropyOf(value: string): number {
  const length = Math.min(value.length, ENTROPY_SAMPLE)
  const counts = new Uint8Array(ASCII_MASK + 1)
  for (let i = 0; i < length; i += 1) {
    const code = value.charCodeAt(i) & ASCII_MASK
    counts[code] = (counts[code] ?? 0) + 1
  }
  let bits = 0
  for (let i = 0; i < length; i += 1) {
    const code = value.charCodeAt(i) & ASCII_MASK
    const count = counts[code] ?? 0
    if (count === 0) continue
    bits -= (count / length) * Math.log2(count / length)
    counts[code] = 0
  }
  return bits
}
