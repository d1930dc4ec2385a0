/** `scheme://user:password@host`: the password is what matters, so there must be one that is not a placeholder. */
import { isPlaceholder } from './placeholder.ts'

const AUTHORITY = /^:\/\/[^\s:@/"'<>]{0,80}:([^\s@/"'<>]{3,120})@[a-z0-9[\].-]{1,120}/i
const WINDOW = 340

/** Whoever has the address may post: the path is the secret. */
const WEBHOOK =
  /^:\/\/(?:hooks\.slack\.com\/(?:services|workflows|triggers)\/|[a-z0-9-]{1,60}\.webhook\.office\.com\/webhookb2\/|discord(?:app)?\.com\/api\/webhooks\/\d)[\w@/+-]{20,200}/i

export function detectConnectionString(text: string, colon: number, kinds: Set<string>): void {
  const window = text.slice(colon, colon + WINDOW)
  if (WEBHOOK.test(window)) {
    kinds.add('secret')
    return
  }
  const password = AUTHORITY.exec(window)?.[1]
  if (
    password === undefined ||
    isPlaceholder(password) ||
    /^(?:pass(?:word)?|pwd|secret|user)$/i.test(password)
  )
    return
  kinds.add('connection_string')
}
