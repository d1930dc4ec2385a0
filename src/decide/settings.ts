/** The deciding half of the policy file: routes, what a backend can do, the base of `ab`, `privacy.allowRemote`. */
import { z } from 'zod'
import { COMPLEXITIES, FAMILIES, MODALITIES, SENSITIVITIES, TASKS } from '../classify/classification.ts'

/** Names become metric labels, headers and parts of `backend/model`, so they are plain. */
const NAME = /^[A-Za-z0-9_.-]{1,64}$/
const NAME_RULE = 'must be 1 to 64 letters, digits, dots, dashes or underscores'
export const nameSchema = z.string().regex(NAME, { message: NAME_RULE })

const backendName = z.string().min(1).max(64)
const modelName = z.string().min(1).max(256)
const milliseconds = z.int().min(1).max(86_400_000)
const tokenCount = z.int().min(0).max(1_000_000_000)

/** One value, or a list of which any will do. */
function oneOrAny<Value extends z.ZodType>(value: Value) {
  return z.union([value, z.array(value).min(1)])
}

const matchSchema = z
  .strictObject({
    task: oneOrAny(z.enum(TASKS))
      .optional()
      .describe(
        'What is asked for. `general` also covers math, translation, extraction, reasoning and writing.',
      ),
    complexity: oneOrAny(z.enum(COMPLEXITIES)).optional().describe('How hard it is.'),
    sensitivity: oneOrAny(z.enum(SENSITIVITIES))
      .optional()
      .describe('`high`: the client marked it, or private data was found in it.'),
    modality: oneOrAny(z.enum(MODALITIES)).optional().describe('`image` when the request holds a picture.'),
    family: oneOrAny(z.enum(FAMILIES))
      .optional()
      .describe('Model family the classifier chose: code, images, everything else.'),
    tokens: z
      .strictObject({
        min: tokenCount.optional().describe('At least this many. 0.'),
        max: tokenCount.optional().describe('At most this many. No bound.'),
      })
      .optional()
      .describe('Estimated input tokens, both ends included.'),
  })
  .describe('All keys given must hold. A list holds when any of its values does.')

const orderShape = {
  name: nameSchema
    .optional()
    .describe('Name in headers and metrics. Default: `route-1`, `route-2`, …, `default`.'),
  fallback: z
    .union([backendName, z.array(backendName).min(1)])
    .optional()
    .describe('Backend, or list of backends in order, to try when the first fails or is too slow.'),
  latencyBudgetMs: milliseconds
    .optional()
    .describe(
      'When the backend is expected to need longer and a fallback is faster, the fallback goes first.',
    ),
  firstTokenBudgetMs: milliseconds
    .optional()
    .describe('The same for streams, on the time to the first token.'),
  reason: z
    .string()
    .max(300)
    .regex(/^[^\p{Cc}\u2028\u2029]*$/u, { message: 'must be one line without control characters' })
    .optional()
    .describe('Told to the client in `x-llr-reason` and kept in the records.'),
}

/** `dispatchShape`: what a route may say of how its requests are sent, which is the dispatch stage's to define. */
export function createRoutesSchema<Shape extends z.ZodRawShape>(dispatchShape: Shape) {
  const matchRouteSchema = z
    .strictObject({
      match: matchSchema,
      backend: backendName.describe('Backend that takes these requests.'),
      ...orderShape,
      ...dispatchShape,
    })
    .describe('A route: the first whose `match` holds takes the request.')

  const defaultRouteSchema = z
    .strictObject({
      default: backendName.describe('Backend that takes every request no route above has taken.'),
      ...orderShape,
      ...dispatchShape,
    })
    .describe('The last entry of the list, for all that is left.')

  return z
    .array(z.union([matchRouteSchema, defaultRouteSchema]))
    .min(1)
    .describe('Walked from the top; the first match wins. The last entry is `default`.')
}

/** Spread into a backend's schema. */
export const decideShape = {
  families: z
    .strictObject({
      'qwen-coder': modelName.exactOptional().describe('Model for code.'),
      gemma: modelName.exactOptional().describe('Model for prompts with images.'),
      llama: modelName.exactOptional().describe('Model for everything else.'),
    })
    .optional()
    .describe('Model of this backend for each family.'),
  model: modelName.optional().describe('Model for every family that `families` does not name.'),
  models: z
    .array(modelName)
    .min(1)
    .max(1000)
    .optional()
    .describe(
      'More models that clients may ask for as `backend/model`. The first serves when `model` is not set.',
    ),
  embeddings: modelName
    .optional()
    .describe(
      'Model for embeddings. The first backend that has one serves them; others only with the very same model, since vectors of two models cannot be compared.',
    ),
  p50Ms: milliseconds
    .optional()
    .describe('Expected time to a whole answer, used until there are enough records to measure it.'),
  firstTokenP50Ms: milliseconds
    .optional()
    .describe('Expected time to the first token of a stream, likewise.'),
  capabilities: z
    .strictObject({
      vision: z.boolean().optional().describe('`false`: gets no requests with images.'),
      tools: z.boolean().optional().describe('`false`: gets no requests with tools.'),
    })
    .optional()
    .describe('What the backend cannot do. Not said means not held against it.'),
}

/** Spread into the schema of `ab`. */
export const abShape = {
  enabled: z.boolean().default(false).describe('Mirror a sample of the traffic to candidates.'),
  sampleRate: z
    .number()
    .min(0)
    .max(1)
    .default(0.05)
    .describe('Share of the requests that is mirrored, 0 to 1.'),
  candidates: z
    .record(z.string(), backendName)
    .default({})
    .describe('Backend in service → backend that would replace it. Sensitive requests are never mirrored.'),
}

/** Spread into the schema of `privacy`. */
export const privacyShape = {
  allowRemote: z
    .boolean()
    .default(false)
    .describe('`true` lets sensitive requests reach backends that are not proven local. Think twice.'),
}
