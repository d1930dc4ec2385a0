/** The policy file's `limits`, `server` and `clients` sections: what may be sent, from where, and by whom. */
import { z } from 'zod'

export const limitsSchema = z
  .strictObject({
    maxBodyBytes: z
      .int()
      .min(1024)
      .max(1_073_741_824)
      .default(33_554_432)
      .describe('Largest request body in bytes. Agents with images send tens of megabytes.'),
    maxDepth: z
      .int()
      .min(4)
      .max(512)
      .default(64)
      .describe('Deepest nesting of a JSON body. Checked on the bytes, before they are parsed.'),
    bodyTimeoutMs: z
      .int()
      .min(100)
      .max(600_000)
      .default(30_000)
      .describe('How long a client may take to send its body.'),
  })
  .describe('Bounds on what a client may send.')

export type Limits = Readonly<z.infer<typeof limitsSchema>>

/** A host name or an address, IPv6 in brackets; no scheme, no port. */
const HOST = /^(?:[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,251}[A-Za-z0-9_-])?|\[[0-9A-Fa-f:.]{2,45}\])$/
/** As a browser writes it in `Origin`. */
const ORIGIN = /^[a-z][a-z0-9+.-]*:\/\/[^\s/?#@*A-Z]+$/

export const serverSchema = z
  .strictObject({
    hosts: z
      .array(
        z.string().regex(HOST, {
          message: 'must be a host name or address, such as llm.example.com, without scheme or port',
        }),
      )
      .max(256)
      .default([])
      .describe(
        'Names that the router is called by, beyond `localhost`, `127.0.0.1`, `[::1]` and the address it listens on; each with any port. A request with another `Host` is refused.',
      ),
    origins: z
      .array(
        z.string().max(253).regex(ORIGIN, {
          message: 'must be an origin in small letters, such as https://chat.example.com, without a path',
        }),
      )
      .max(256)
      .default([])
      .describe(
        'Web pages that may send requests, by their origin. To these, and to no others, CORS headers are sent. A request with another `Origin` is refused.',
      ),
    allowWithoutKeys: z
      .boolean()
      .default(false)
      .describe(
        '`true` lets the router listen beyond this machine without any client key: whoever reaches its port can use every backend.',
      ),
  })
  .describe('By which names, and from which web pages, the router can be reached.')

export type ServerSettings = Readonly<z.infer<typeof serverSchema>>

const KEY_HASH = /^sha256:[0-9a-f]{64}$/

/** One entry of `clients`. */
export const clientSchema = z
  .strictObject({
    keyHash: z
      .string()
      .regex(KEY_HASH, { message: 'must be `sha256:` and 64 hexadecimal digits, as `llr key` prints it' })
      .describe('SHA-256 of the key, as `llr key` prints it. The key itself is kept nowhere.'),
  })
  .describe('A client by a name of your choice.')

export type Clients = Readonly<Record<string, Readonly<z.infer<typeof clientSchema>>>>
