/** Whether a text looks like code, whatever words are in it: fences, line ends and syntax no prose has. */

const SAMPLE = 4000
/** Lines looked at, evenly spread. */
const LINES = 20
const CODE_LINE =
  /^\s*(?:(?:export |async |public |private |static |const |let |var |def |class |func |fn |return |import |from \w[\w.]* import|#include|using |package |if ?\(|for ?\(|while ?\(|elif |else:|else ?\{|try[:{]|@\w+|>>> |\$ |<\/?[a-z][\w-]*[ >/]|SELECT |INSERT |UPDATE |CREATE TABLE)|[\w.[\]'"]{1,60}\s?(?:=|\+=|:=)\s?[^\s=]|.{0,160}(?:[;{}]|\);?|=>|\):|\]\s*,)\s*$)/
/** A line that only code has: one is enough. */
const CERTAIN_LINE =
  /^\s*(?:(?:async )?(?:def|fn|func) \w+\s?[(<]|class \w+.{0,80}[:{]\s*$|#include\s?[<"]|from [\w.]+ import |import \w[\w.]*(?: as \w+)?;?\s*$|public (?:static |class )|using [\w.]+;|<\?php|<!DOCTYPE|SELECT .{1,80} FROM )/
const PROSE_LINE = /^\s*[A-Z][a-z'’]*(?: [\w'’,]+){6,}/
const FENCE = 0.4
const CERTAIN = 0.5

/** 0 for prose, 1 for nothing but code. */
export function codeShare(text: string): number {
  const sample = text.length > SAMPLE ? `${text.slice(0, SAMPLE / 2)}\n${text.slice(-SAMPLE / 2)}` : text
  const lines = sample.split('\n')
  let code = 0
  let filled = 0
  let certain = false
  const step = Math.ceil(lines.length / LINES)
  for (let i = 0; i < lines.length; i += step) {
    const line = lines[i] ?? ''
    if (line.trim() === '') continue
    filled += 1
    const short = line.length > 200 ? line.slice(0, 200) : line
    if (CODE_LINE.test(short) && !PROSE_LINE.test(short)) code += 1
    certain ||= CERTAIN_LINE.test(short)
  }
  const share = filled === 0 ? 0 : code / filled
  const enough = code >= 3 || (code >= 1 && filled <= 2) ? share : share / 3
  return Math.min(1, enough + (text.includes('```') ? FENCE : 0) + (certain ? CERTAIN : 0))
}
