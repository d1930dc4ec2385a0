/** The policy file's `responses` section: where the turns of the Responses API are stored, and how many. */
import { z } from 'zod'

export const responsesSchema = z
  .strictObject({
    store: z
      .enum(['memory', 'disk', 'off'])
      .default('memory')
      .describe(
        'Where. Stored turns are the text of prompts and answers, so they stay in memory unless `disk` is written here. A turn of a conversation that is local-only stays in memory even then. `off` stores nothing, and every reference to a response is answered with not found.',
      ),
    maxBytes: z
      .int()
      .min(65_536)
      .max(68_719_476_736)
      .default(67_108_864)
      .describe(
        'Most bytes of stored text (UTF-8), in memory and on disk each. Beyond it what was not used for longest is forgotten.',
      ),
    maxAgeMinutes: z
      .int()
      .min(1)
      .max(525_600)
      .default(1440)
      .describe('Turns older than this are forgotten, however often they were used.'),
  })
  .describe(
    'Stored turns of the Responses API, for `previous_response_id` and references to items. The only text of prompts that is ever kept.',
  )

export type ResponsesSettings = Readonly<z.infer<typeof responsesSchema>>
export const DEFAULT_RESPONSES: ResponsesSettings = Object.freeze(responsesSchema.parse({}))
