/** E-mail addresses, looked for around each `@` in a window, so that a text of `@` only stays linear. */
import { isWordCode } from '../characters.ts'

const PLUS = 43
const LOCAL_MAX = 64
const DOMAIN_MAX = 120
const LOCAL = /[a-z0-9\u0080-\uffff](?:[a-z0-9._%+'\u0080-\uffff-]{0,62}[a-z0-9_+\u0080-\uffff])?$/i
const DOMAIN = /^(?:[a-z0-9](?:[a-z0-9-]{0,40}[a-z0-9])?\.){1,5}[a-z]{2,18}(?![a-z0-9-]*@)/i
/** The same in any script, and the encoded form of that. */
const FOREIGN_DOMAIN =
  /^(?:[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,40}[\p{L}\p{N}])?\.){1,5}(?:xn--[a-z0-9-]{2,30}|\p{L}{2,18})(?![\p{L}\p{N}-]*@)/iu
const LAST_ASCII = 127
/** Reserved for documentation and tests (RFC 2606, RFC 6761), and the git remotes that look like addresses. */
const NOBODY = /(?:^|\.)(?:example\.(?:com|net|org|edu)|example|test|invalid|localhost|local)$/i
const SERVICE = /^(?:git|noreply|no-reply)$/i
const GIT_HOST = /^(?:github|gitlab|bitbucket|ssh|users\.noreply)\./i

export function detectEmail(text: string, at: number, kinds: Set<string>): void {
  const before = text.charCodeAt(at - 1)
  // `@param`, `@media`: an at sign with nothing in front is one of code, and most are.
  if (!isWordCode(before) && before !== PLUS && !(before > LAST_ASCII)) return
  const after = text.slice(at + 1, at + 1 + DOMAIN_MAX)
  const domain = (DOMAIN.exec(after) ?? FOREIGN_DOMAIN.exec(after))?.[0]
  if (domain === undefined || NOBODY.test(domain)) return
  const local = LOCAL.exec(text.slice(Math.max(0, at - LOCAL_MAX), at))?.[0]
  if (local === undefined) return
  if (SERVICE.test(local) || GIT_HOST.test(domain)) return
  kinds.add('email')
}
