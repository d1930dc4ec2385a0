/** The policy file's `privacy.unscannable`: what to do with content that no text scan can read. */
import { z } from 'zod'

/** A shape, not an object: the policy's `privacy` section is composed of several stages' keys. */
export const unscannableShape = {
  unscannable: z
    .enum(['allow', 'local-only'])
    .default('allow')
    .describe(
      'Images, sound, binary files, references by id, encrypted reasoning and parts of unknown type cannot be ' +
        'scanned. `allow` lets them go where the policy says; `local-only` treats every request that carries one ' +
        'as sensitive.',
    ),
}

export interface ClassifySettings {
  readonly unscannable: 'allow' | 'local-only'
}
