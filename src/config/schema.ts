/** The policy file as a whole: the stages' own shapes, put together. Nothing is defined here but the places. */
import { z } from 'zod'
import { clientSchema, limitsSchema, serverSchema } from '../accept/settings.ts'
import { unscannableShape } from '../classify/settings.ts'
import { abShape, createRoutesSchema, decideShape, nameSchema, privacyShape } from '../decide/settings.ts'
import { breakerSchema } from '../dispatch/breaker-settings.ts'
import { connectionShape, routeShape, shadowShape, timeoutsSchema } from '../dispatch/settings.ts'
import { responsesSchema } from '../record/response-settings.ts'
import { priceShape, recordsSchema, verdictShape } from '../record/settings.ts'

const { type, endpoint, ...connectionRest } = connectionShape

const backendSchema = z
  .strictObject({ type, endpoint, ...decideShape, ...priceShape, ...connectionRest })
  .describe('A server that models run on: how to reach it, which models, what to expect of it.')

export const policySchema = z
  .strictObject({
    backends: z
      .record(nameSchema, backendSchema)
      .describe('The servers, by a name of your choice. Clients may ask for one by that name.'),
    routes: createRoutesSchema(routeShape),
    ab: z
      .strictObject({ ...abShape, ...shadowShape, ...verdictShape })
      .prefault({})
      .describe('Rolling A/B: mirror a sample of the traffic to candidates and report when one is better.'),
    privacy: z
      .strictObject({ ...privacyShape, ...unscannableShape })
      .prefault({})
      .describe('What sensitive requests may do.'),
    server: serverSchema.prefault({}),
    clients: z
      .record(nameSchema, clientSchema)
      .default({})
      .describe('Who may send requests. With one entry or more, each request needs the key of one.'),
    limits: limitsSchema.prefault({}),
    timeouts: timeoutsSchema.prefault({}),
    breaker: breakerSchema.prefault({}),
    records: recordsSchema.prefault({}),
    responses: responsesSchema.prefault({}),
  })
  .describe('Policy of local-llm-router.')

export type PolicyFile = z.output<typeof policySchema>

let jsonSchema: JsonSchema | null = null

/** As far as we read it ourselves; editors read the rest. */
export interface JsonSchema {
  readonly description?: string
  readonly type?: string
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean | JsonSchema
  readonly items?: JsonSchema
  readonly anyOf?: readonly JsonSchema[]
  readonly enum?: readonly unknown[]
  readonly const?: string
  readonly default?: unknown
  readonly minimum?: number
  readonly maximum?: number
}

/** For editors (`policy.schema.json`), for the reference in docs/, and for the allowed keys of an error. */
export function policyJsonSchema(): JsonSchema {
  jsonSchema ??= z.toJSONSchema(policySchema, { io: 'input' }) as JsonSchema
  return jsonSchema
}
