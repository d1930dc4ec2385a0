/** PEM, PGP, PuTTY and age private keys: the header is enough, what follows may be cut off. */
const PEM = /^-----BEGIN[ A-Z0-9_-]{0,100}PRIVATE KEY(?: BLOCK)?-----\s{0,4}(?:\\n)?\s*[^\s.…]/

export function detectPrivateKey(text: string, kinds: Set<string>): void {
  for (let at = text.indexOf('-----BEGIN'); at !== -1; at = text.indexOf('-----BEGIN', at + 10)) {
    if (PEM.test(text.slice(at, at + 180))) {
      kinds.add('private_key')
      return
    }
  }
  if (text.includes('PuTTY-User-Key-File-')) kinds.add('private_key')
}
