/** The policy file's `limits` section: what a client may send. */
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
