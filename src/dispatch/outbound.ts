/** How a request goes to a backend: in which of the protocols it speaks, and with which body. */
import type { Accepted } from '../accept/accepted.ts'
import { RouterError } from '../errors.ts'
import type { BackendCodec } from '../wire/codec.ts'
import type { ChatRequest, DroppableField } from '../wire/exchange.ts'
import type { Backend } from './backend.ts'

export interface Outbound {
  readonly codec: BackendCodec
  /** Serialised from the parsed object: client bytes are never forwarded (DESIGN 2.3). */
  readonly body: string
  /** Added to the backend's own headers. */
  readonly headers: Readonly<Record<string, string>>
  /** Client and backend speak the same protocol, so the answer's bytes go back as they come (DESIGN 2.2). */
  readonly passThrough: boolean
  /** What the backend's protocol has no form for. */
  readonly dropped: readonly DroppableField[]
  /** How many vectors the answer must hold; null when none are asked for. */
  readonly vectorCount: number | null
  /** One body a choice, where the protocol gives one choice a request and several are asked for; `body` is the first. */
  readonly choiceBodies?: readonly string[]
}

/** More calls at once for one request would crowd out everybody else's. */
const MOST_CHOICES = 8

/** Throws RouterError when this backend has no way to be asked this. */
export function outboundFor(accepted: Accepted, backend: Backend, model: string, stream: boolean): Outbound {
  const { request, protocol } = accepted
  const codec = codecFor(accepted, backend)
  const vectorCount = request.embedding?.inputs.length ?? null
  if (codec.protocol === protocol) {
    const body = codec.passThrough(accepted.body, model, stream)
    const headers = betaHeaders(accepted)
    return { codec, body: serialise(body, backend), headers, passThrough: true, dropped: [], vectorCount }
  }
  if (request.nativeOnly !== undefined) {
    const { param, why } = request.nativeOnly
    throw unsupported(param, `backend "${backend.name}" cannot be asked this: ${why}`)
  }
  const asked = request.stream === stream ? request : { ...request, stream }
  const count = codec.oneChoice === true ? (request.choiceCount ?? 1) : 1
  const [first, ...others] = requestsFor(asked, count, backend)
  const { body, dropped } = codec.encodeRequest(first, model)
  const text = serialise(body, backend)
  const outbound = { codec, body: text, headers: {}, passThrough: false, dropped, vectorCount }
  if (count === 1) return outbound
  // A conversation may be megabytes of images: where nothing tells the choices apart it is written once.
  const encode = (other: ChatRequest): string =>
    other === first ? text : serialise(codec.encodeRequest(other, model).body, backend)
  return { ...outbound, choiceBodies: [text, ...others.map(encode)] }
}

/** One request for each choice, where the protocol gives one a request. */
function requestsFor(
  request: ChatRequest,
  count: number,
  backend: Backend,
): readonly [ChatRequest, ...ChatRequest[]] {
  if (count === 1) return [request]
  if (count > MOST_CHOICES) {
    const why = `backend "${backend.name}" gives one choice a request, and is asked at most ${MOST_CHOICES} times`
    throw unsupported('n', why)
  }
  const first = { ...request, choiceCount: 1 }
  const { seed } = first
  // The same seed would give the same choice every time.
  const next = (index: number): ChatRequest => (seed === undefined ? first : { ...first, seed: seed + index })
  return [first, ...Array.from({ length: count - 1 }, (_, index) => next(index + 1))]
}

/** The client's own protocol where the backend speaks it as well, else the one that fits what is asked. */
function codecFor({ request, protocol }: Accepted, backend: Backend): BackendCodec {
  const { speaks } = backend
  if (request.embedding !== undefined) {
    if (speaks.embeddings === null)
      throw unsupported('model', `backend "${backend.name}" makes no embeddings`)
    return speaks.embeddings
  }
  const own = speaks.native.find((codec) => codec.protocol === protocol)
  if (own !== undefined) return own
  if (request.completion !== undefined) {
    if (speaks.completions !== null) return speaks.completions
    if (request.completion.strict) {
      const what = request.completion.suffix === undefined ? 'prompt' : 'suffix'
      throw unsupported(what, `backend "${backend.name}" answers chats and cannot continue a raw prompt`)
    }
  }
  return speaks.main
}

function unsupported(param: string, why: string): RouterError {
  return new RouterError('unsupported_value', `'${param}' is not supported here: ${why}.`, { param })
}

/** Many servers ignore `max_completion_tokens` and would run on without a limit: those get both. */
function serialise(body: Readonly<Record<string, unknown>>, { wantsMaxTokens }: Backend): string {
  const limit = body['max_completion_tokens']
  const needsMaxTokens = wantsMaxTokens && limit !== undefined && body['max_tokens'] === undefined
  return JSON.stringify(needsMaxTokens ? { ...body, max_tokens: limit } : body)
}

/** A client's beta features stand in its body; the server refuses them without the header that names them. */
function betaHeaders({ betas }: Accepted): Readonly<Record<string, string>> {
  return betas.length === 0 ? {} : { 'anthropic-beta': betas.join(',') }
}
