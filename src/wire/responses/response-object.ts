/**
 * The response object: every key of reference 1.7, in every event that carries one, since clients' schemas ask
 * for them all. What does not change during an answer is serialised once: an agent's tools alone are 30 KB, and
 * a stream carries them three times.
 */
import type { RouterError } from '../../errors.ts'
import type { ReplyContext } from '../codec.ts'
import type { FinishReason } from '../exchange.ts'
import { newId } from '../ids.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import { isJsonArray, isJsonObject } from '../json.ts'

/** The part that changes. */
export interface ResponseState {
  readonly status: 'in_progress' | 'completed' | 'incomplete' | 'failed'
  readonly output: readonly JsonObject[]
  readonly usage: JsonObject | null
  readonly completedAt?: number | undefined
  readonly incompleteReason?: string | undefined
  readonly error?: JsonObject | undefined
  /** Only in the buffered answer (SPEC 6): people with curl read it; SDKs make it themselves. */
  readonly outputText?: string | undefined
}

/** What a backend said of its answer; the id and time are ours unless its own have gone out already. */
interface ResponseFacts {
  readonly model: string
  readonly id?: string
  readonly createdAtSeconds?: number
}

/** A cut answer says so: codex and the AI SDK read it as "length" (rule 5). */
export function incompleteReason(finish: FinishReason): string | undefined {
  if (finish === 'length') return 'max_output_tokens'
  return finish === 'content_filter' ? 'content_filter' : undefined
}

/**
 * OpenAI's list of codes is closed, so ours are told as `server_error`, but for the two that clients act on:
 * codex compacts on the one and waits on the other.
 */
export function failureJson(error: RouterError): JsonObject {
  const isKnown = error.code === 'context_length_exceeded' || error.code === 'rate_limit_exceeded'
  return { code: isKnown ? error.code : 'server_error', message: error.message }
}

export class ResponseObject {
  readonly #fixed: string
  #model: string

  constructor(context: ReplyContext, facts: ResponseFacts) {
    const { body, request } = context
    const fixed: JsonObject = {
      id: facts.id ?? newId('resp_'),
      object: 'response',
      created_at: facts.createdAtSeconds || context.nowSeconds,
      previous_response_id: body['previous_response_id'] ?? null,
      instructions: body['instructions'] ?? null,
      tools: isJsonArray(body['tools']) ? body['tools'].map(echoTool) : [],
      tool_choice: body['tool_choice'] ?? 'auto',
      truncation: body['truncation'] ?? 'disabled',
      parallel_tool_calls: request.parallelToolCalls ?? true,
      text: echoText(body['text']),
      // Unset numbers are echoed as what they default to, never as null.
      temperature: request.temperature ?? 1,
      top_p: request.topP ?? 1,
      presence_penalty: request.presencePenalty ?? 0,
      frequency_penalty: request.frequencyPenalty ?? 0,
      top_logprobs: request.topLogprobs ?? 0,
      reasoning: echoReasoning(body['reasoning']),
      max_output_tokens: request.maxOutputTokens ?? null,
      max_tool_calls: body['max_tool_calls'] ?? null,
      store: body['store'] !== false,
      background: false,
      service_tier: 'default',
      metadata: body['metadata'] ?? {},
      safety_identifier: body['safety_identifier'] ?? null,
      prompt_cache_key: body['prompt_cache_key'] ?? null,
    }
    this.#fixed = JSON.stringify(fixed).slice(1)
    this.#model = facts.model || context.model
  }

  /** An answer that was opened while its client had to wait may come from another model than the one waited for. */
  answeredBy(model: string): void {
    if (model !== '') this.#model = model
  }

  /** JSON text of the whole object. */
  toJson(state: ResponseState): string {
    const changing = JSON.stringify({
      status: state.status,
      completed_at: state.completedAt ?? null,
      incomplete_details: state.incompleteReason === undefined ? null : { reason: state.incompleteReason },
      error: state.error ?? null,
      output: state.output,
      output_text: state.outputText,
      model: this.#model,
      usage: state.usage,
    })
    return `${changing.slice(0, -1)},${this.#fixed}`
  }
}

function echoTool(tool: JsonValue): JsonValue {
  if (!isJsonObject(tool) || tool['type'] !== 'function') return tool
  const { description = null, parameters = null, strict = null } = tool
  return { ...tool, description, parameters, strict }
}

function echoText(text: JsonValue | undefined): JsonObject {
  const { format, ...rest } = isJsonObject(text) ? text : {}
  if (!isJsonObject(format)) return { ...rest, format: { type: 'text' } }
  if (format['type'] !== 'json_schema') return { ...rest, format }
  const { description = null, strict = null } = format
  return { ...rest, format: { ...format, description, strict } }
}

function echoReasoning(reasoning: JsonValue | undefined): JsonObject {
  const { effort = null, summary = null } = isJsonObject(reasoning) ? reasoning : {}
  return { effort, summary }
}
