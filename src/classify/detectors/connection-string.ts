/** `scheme://user:password@host`: the password is what matters, so there must be one that is not a placeholder. */
import { isPlaceholder } from './placeholder.ts'

const AUTHORITY = /^:\/\/[^\s:@/"'<>]{0,80}:([^\s@/"'<>]{3,120})@[a-z0-9[\].-]{1,120}/i
const WINDOW = 340

export function detectConnectionString(text: string, colon: number, kinds: Set<string>): void {
  const password = AUTHORITY.exec(text.slice(colon, colon + WINDOW))?.[1]
  if (password === undefined || isPlaceholder(password) || /^(?:pass(?:word)?|pwd|secret|user)$/i.test(password)) return
  kinds.add('connection_string')
}
