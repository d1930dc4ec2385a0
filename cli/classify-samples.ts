/**
 * Texts that `llr classify` is warmed up on: between them they go through every detector and lookup. All are our own
 * and name nobody; numbers and addresses are those reserved for documentation.
 */
const SHORT: readonly string[] = [
  'Please explain to me, step by step, how tides come about, and why there are two of them on most days.\n\n' +
    'Then summarise it in a few sentences that a child would follow, without a single formula.',
  'Write a function in Python that merges two sorted lists:\n\n```python\ndef merge(left: list, right: list):\n' +
    '    merged = []\n    while left and right:\n        merged.append(min(left, right).pop(0))\n    return merged\n```',
  'Order 48213 of 2024-03-11, 17 boxes, 1250.00 in total; invoice 7731 4402 9 is due in 30 days, born 1.2.2003 or not.',
  'Call +1 415 555 0100 or 415-555-0101, write to someone@example.com, or come to 12 Example Street; card 4000 0000 0000.',
  'password: changeme, api_key="your-api-key-here", max_tokens: 512, path = src/index.ts, @media (width: 40rem), 10.0.0.1',
  'https://localhost:8080/health, postgres://user:password@localhost/db, sk-your-key-goes-here, GB00 TEST 0000, X1234567',
  '<p class="note">Is this review positive or negative? The patient Example waited between meals, the client did not.</p>',
  'Wie spät ist es – und ist das Café in der Nähe, Lindenstraße 5, schon geöffnet? 今日の天気はどうですか。 Сколько стоит １２？',
  'What is 12 times 7? Solve for x: $2x + 3 = 9$. A long-hyphenated-identifier.with.dots_and_underscores follows.',
  'yes',
  'hello',
]
const LONG_UNITS = 12_000

/** One long text too, in each of the two forms that strings have: what is read, and how, goes by the length. */
export const SAMPLES: readonly string[] = [...SHORT, longOf(SHORT.slice(0, 7)), longOf(SHORT)]

function longOf(texts: readonly string[]): string {
  const once = `${texts.join('\n\n')}\n\n`
  return once.repeat(Math.ceil(LONG_UNITS / once.length))
}
