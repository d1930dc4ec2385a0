/** E-mail addresses, looked for around each `@` in a window, so that a text of `@` only stays linear. */
import { isWordCode } from '../characters.ts'

const PLUS = 43
const LOCAL_MAX = 64
const DOMAIN_MAX = 120
const LOCAL = /[a-z0-9](?:[a-z0-9._%+'-]{0,62}[a-z0-9_+])?$/i
const DOMAIN = /^(?:[a-z0-9](?:[a-z0-9-]{0,40}[a-z0-9])?\.){1,5}[a-z]{2,18}(?![a-z0-9-]*@)/i
/** Reserved for documentation and tests (RFC 2606, RFC 6761), and the git remotes that look like addresses. */
const NOBODY = /(?:^|\.)(?:example\.(?:com|net|org|edu)|example|test|invalid|localhost|local)$/i
const SERVICE = /^(?:git|noreply|no-reply)$/i
const GIT_HOST = /^(?:github|gitlab|bitbucket|ssh|users\.noreply)\./i

export function detectEmail(text: string, at: number, kinds: Set<string>): void {
  const before = text.charCodeAt(at - 1)
  // `@param`, `@media`: an at sign with nothing in front is one of code, and most are.
  if (!isWordCode(before) && before !== PLUS) return
  const domain = DOMAIN.exec(text.slice(at + 1, at + 1 + DOMAIN_MAX))?.[0]
  if (domain === undefined || NOBODY.test(domain)) return
  const local = LOCAL.exec(text.slice(Math.max(0, at - LOCAL_MAX), at))?.[0]
  if (local === undefined) return
  if (SERVICE.test(local) || GIT_HOST.test(domain)) return
  kinds.add('email')
}
