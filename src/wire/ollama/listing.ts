/** Ollama's questions that no model answers: which models there are, what they are, which version this is (6.5). */
import { createHash } from 'node:crypto'
import { RouterError } from '../../errors.ts'
import type { JsonObject } from '../json.ts'

export interface TagsEntry {
  readonly name: string
  readonly sizeBytes: number
  readonly digest: string | null
  readonly family: string | null
  /** RFC 3339. */
  readonly modifiedAt: string
}

export interface ShownModel {
  readonly name: string
  /** `completion`, `tools`, `insert`, `vision`, `embedding`, `thinking`. */
  readonly capabilities: readonly string[]
  readonly contextTokens: number | null
  readonly family: string | null
}

const DIGEST = /^(?:sha256:)?([\da-f]{64})$/i
/** Clients read the architecture without a check: it is part of the name of the context's key. */
const UNKNOWN_ARCHITECTURE = 'unknown'

/** `GET /api/tags`. */
export function tagsAnswer(entries: readonly TagsEntry[]): JsonObject {
  return {
    models: entries.map(({ name, sizeBytes, digest, family, modifiedAt }) => ({
      name,
      model: name,
      modified_at: modifiedAt,
      size: sizeBytes,
      digest: digestOf(name, digest),
      details: detailsOf(family),
    })),
  }
}

/** `POST /api/show`. What is not known of a model is left out, or empty where Ollama's clients take no less. */
export function showAnswer({ name, capabilities, contextTokens, family }: ShownModel): JsonObject {
  const architecture = family ?? UNKNOWN_ARCHITECTURE
  return {
    modelfile: '',
    parameters: '',
    template: '',
    details: detailsOf(family),
    model_info: {
      'general.architecture': architecture,
      // What editors put into their list of models.
      'general.basename': name,
      [`${architecture}.context_length`]: contextTokens ?? undefined,
    },
    capabilities,
  }
}

/** `GET /api/ps`. */
export function psAnswer(entries: readonly JsonObject[]): JsonObject {
  return { models: entries }
}

/** `GET /api/version`. Clients compare it: `codex --oss` wants 0.13.4 or later (6.2). */
export function versionAnswer(version: string): JsonObject {
  return { version }
}

/**
 * To pull, push, create, copy and delete, and to blobs. Not 404: that tells `ollama create` to upload the blob, and
 * others that the model is what is missing.
 */
export function managementRefusal(): RouterError {
  return new RouterError(
    'not_allowed',
    'This router manages no models: give this command to the Ollama behind it, at its own address.',
  )
}

/** Clients cut it to twelve characters and show it; the name's own stands in for one that is not known. */
function digestOf(name: string, digest: string | null): string {
  const known = DIGEST.exec(digest ?? '')?.[1]
  return known?.toLowerCase() ?? createHash('sha256').update(name).digest('hex')
}

/** Empty is how Ollama itself writes what it does not know of a model. */
function detailsOf(family: string | null): JsonObject {
  return {
    parent_model: '',
    format: '',
    family: family ?? '',
    families: family === null ? [] : [family],
    parameter_size: '',
    quantization_level: '',
  }
}
