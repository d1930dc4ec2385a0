/** Does a command's output look as a document shows it? `…` stands for anything, on a line of its own for any lines. */
const ANYTHING = '…'

function matches(shown: string, line: string): boolean {
  const pattern = shown
    .trimEnd()
    .split(ANYTHING)
    .map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'))
    .join('.*')
  return new RegExp(`^${pattern}$`).test(line)
}

/** Blank lines are not compared: what stands between is what counts. */
function linesOf(text: string): readonly string[] {
  return text
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line !== '')
}

/** The first shown line that the output has no line for, or null. */
export function firstDifference(shown: string, output: string): string | null {
  const actual = linesOf(output)
  let next = 0
  let anyLines = false
  for (const line of linesOf(shown)) {
    if (line === ANYTHING) {
      anyLines = true
      continue
    }
    const found = actual.findIndex((candidate, index) => index >= next && matches(line, candidate))
    if (found === -1 || (!anyLines && found !== next))
      return `shown: ${line}\nfound: ${actual[next] ?? 'nothing'}`
    next = found + 1
    anyLines = false
  }
  return anyLines || next === actual.length ? null : `not shown: ${actual[next] ?? ''}`
}
