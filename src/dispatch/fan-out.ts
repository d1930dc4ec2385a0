/** Several choices from a protocol that gives one a request: as many calls at once, and one answer of them all. */
import type { Timer } from '../clock.ts'
import { RouterError } from '../errors.ts'
import type { Usage } from '../wire/exchange.ts'
import type { AttemptEnd, AttemptInput } from './attempt.ts'
import { runBufferedAttempt } from './buffered-attempt.ts'
import type { BufferedAnswer } from './outcome.ts'
import { shareStream, type SharedStream } from './shared-stream.ts'
import type { StreamSink } from './sink.ts'
import { runStreamedAttempt } from './streamed-attempt.ts'

/**
 * One try at one target with a call for each of `bodies`; `sink` null asks for a whole answer. All of them succeed
 * or the try has failed: fewer choices than were asked for would be a lie. Resolves always; rejects never.
 */
export async function runFanOut(
  input: AttemptInput,
  bodies: readonly string[],
  sink: StreamSink | null,
): Promise<AttemptEnd> {
  const stop = new AbortController()
  const signal = AbortSignal.any([input.signal, stop.signal])
  const stream = sink === null ? null : shareStream(sink, input.clock)
  const watch = stream === null ? null : watchBeginnings(input, stream, { calls: bodies.length, stop })
  const failures: AttemptEnd[] = []
  const ends = await Promise.all(
    bodies.map(async (body, index) => {
      const call = { ...input, outbound: { ...input.outbound, body }, signal }
      const end =
        stream === null
          ? await runBufferedAttempt(call)
          : await runStreamedAttempt(withoutFirstTokenLimit(call), stream.choice(index))
      if (end.result === 'success') return end
      // What the others end with from here on is our doing, and no news.
      if (failures.push(end) === 1) {
        giveUp(end, stream)
        stop.abort(new RouterError('client_closed_request', 'Another choice of the same answer failed.'))
      }
      return end
    }),
  )
  watch?.cancel()
  const [failure] = failures
  if (failure !== undefined) return failed(failure, ends, stream)
  return succeeded(input, ends, stream)
}

/** Behind the commit point the client is told, and is told once. */
function giveUp({ error }: AttemptEnd, stream: SharedStream | null): void {
  if (stream === null || stream.begun() === 0 || error === null) return
  if (error.code !== 'client_closed_request') stream.fail(error)
}

/** The failure of the one that failed, at the point where all of them together stood. */
function failed(failure: AttemptEnd, ends: readonly AttemptEnd[], stream: SharedStream | null): AttemptEnd {
  const committed = stream !== null && stream.begun() > 0
  return {
    ...failure,
    committed,
    disposition: committed ? 'final' : failure.disposition,
    firstTokenMs: firstOf(ends),
    usage: sumOf(ends),
  }
}

function succeeded(
  { outbound }: AttemptInput,
  ends: readonly AttemptEnd[],
  stream: SharedStream | null,
): AttemptEnd {
  const usage = sumOf(ends)
  stream?.end(usage)
  const [first] = ends as readonly [AttemptEnd, ...AttemptEnd[]]
  const answers = ends.flatMap(({ answer }) => answer ?? [])
  const answer = first.answer && { ...joined(first.answer, answers, usage), outbound }
  return { ...first, firstTokenMs: firstOf(ends), answer, usage }
}

function joined(
  first: BufferedAnswer,
  answers: readonly BufferedAnswer[],
  usage: Usage | null,
): BufferedAnswer {
  const choices = answers.flatMap(({ reply }, index) => reply.choices.map((choice) => ({ ...choice, index })))
  return { ...first, reply: { ...first.reply, choices, usage: usage ?? undefined } }
}

function firstOf(ends: readonly AttemptEnd[]): number | null {
  const times = ends.flatMap(({ firstTokenMs }) => firstTokenMs ?? [])
  return times.length === 0 ? null : Math.min(...times)
}

/** The prompt counts as often as it was read: that is what was computed, and what is paid for. */
function sumOf(ends: readonly AttemptEnd[]): Usage | null {
  const told = ends.flatMap(({ usage }) => usage ?? [])
  if (told.length === 0) return null
  return told.reduce((sum, usage) => ({
    inputTokens: sum.inputTokens + usage.inputTokens,
    outputTokens: sum.outputTokens + usage.outputTokens,
    cachedInputTokens: plus(sum.cachedInputTokens, usage.cachedInputTokens),
    cacheWriteTokens: plus(sum.cacheWriteTokens, usage.cacheWriteTokens),
    reasoningTokens: plus(sum.reasoningTokens, usage.reasoningTokens),
  }))
}

function plus(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : a + b
}

/**
 * A server that answers one request after the other (Ollama on a small machine) lets the second wait for the whole
 * first answer, which is no fault: `firstTokenMs` holds for the client's stream, see {@link watchBeginnings}.
 */
function withoutFirstTokenLimit(input: AttemptInput): AttemptInput {
  const { timeouts } = input
  return { ...input, timeouts: { ...timeouts, firstTokenMs: timeouts.streamMs } }
}

/** Ends the calls when none of them says anything for too long while some have not begun at all. */
function watchBeginnings(
  { backend, clock, timeouts }: AttemptInput,
  stream: SharedStream,
  { calls, stop }: { readonly calls: number; readonly stop: AbortController },
): Timer {
  const { firstTokenMs, idleMs } = timeouts
  let timer: Timer
  const arm = (inMs: number): void => {
    timer = clock.setTimer(inMs, () => {
      const begun = stream.begun()
      if (begun === calls) return
      // One that has begun may pause for as long as its own limit says; it is not the silence of the others.
      const limitMs = begun === 0 ? firstTokenMs : Math.max(firstTokenMs, idleMs)
      const silentMs = clock.nowMs() - stream.lastWordAtMs()
      if (silentMs < limitMs) return arm(limitMs - silentMs)
      const what =
        begun === 0 ? 'did not begin to answer' : `began ${begun} of ${calls} choices and then none`
      stop.abort(
        new RouterError('upstream_timeout', `Backend "${backend.name}" ${what} within ${limitMs} ms.`),
      )
    })
  }
  arm(firstTokenMs)
  return { cancel: () => timer.cancel() }
}
