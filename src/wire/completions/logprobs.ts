/**
 * Probabilities in the legacy form, four lists side by side, and in chat's, one object a token. llama.cpp answers
 * completions with chat's form, which is then left as it is.
 */
import type { JsonObject, JsonValue } from '../json.ts'
import { isJsonArray, isJsonObject } from '../json.ts'

export function decodeLogprobs(value: JsonValue | undefined): JsonValue | undefined {
  if (!isJsonObject(value)) return undefined
  const { tokens, token_logprobs: chosen, top_logprobs: top } = value
  if (!isJsonArray(tokens)) return isJsonArray(value['content']) ? value : undefined
  const content = tokens.map((token, at) => ({
    token,
    logprob: (isJsonArray(chosen) ? chosen[at] : null) ?? null,
    top_logprobs: decodeAlternatives(isJsonArray(top) ? top[at] : null),
  }))
  return { content }
}

function decodeAlternatives(value: JsonValue | undefined): JsonObject[] {
  if (!isJsonObject(value)) return []
  return Object.entries(value).map(([token, logprob]) => ({ token, logprob }))
}

/** `offset`: {@link characters} of the text before these tokens. */
export function encodeLogprobs(value: JsonValue | undefined, offset: number): JsonObject | null {
  const content = isJsonObject(value) ? value['content'] : undefined
  if (!isJsonArray(content)) return null
  const listed = content.filter(isJsonObject)
  const tokens = listed.map(({ token }) => (typeof token === 'string' ? token : ''))
  let at = offset
  return {
    tokens,
    token_logprobs: listed.map(({ logprob }) => logprob ?? null),
    top_logprobs: listed.map(encodeAlternatives),
    text_offset: tokens.map((token) => {
      const offsetOfToken = at
      at += characters(token)
      return offsetOfToken
    }),
  }
}

/** Code points: these figures are made and read by Python. */
export function characters(text: string): number {
  let count = 0
  for (const _ of text) count++
  return count
}

function encodeAlternatives({ top_logprobs: top }: JsonObject): JsonObject {
  const listed = isJsonArray(top) ? top.filter(isJsonObject) : []
  return Object.fromEntries(
    listed.flatMap(({ token, logprob }) => (typeof token === 'string' ? [[token, logprob ?? null]] : [])),
  )
}
