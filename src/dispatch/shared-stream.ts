/** One client's stream that several calls write to at once, each the choice of its own index. */
import type { Clock } from '../clock.ts'
import type { RouterError } from '../errors.ts'
import type { Frame } from '../wire/codec.ts'
import type { ChatEvent, Usage } from '../wire/exchange.ts'
import type { StreamSink } from './sink.ts'

export interface SharedStream {
  /** Where the call for the choice of this index writes to. */
  choice(index: number): StreamSink
  /** How many of the calls have begun to answer; from the first of them on no other target can. */
  begun(): number
  /** When the last of them said something, or could not because the client took nothing. */
  lastWordAtMs(): number
  /** All choices are there. */
  end(usage: Usage | null): void
  fail(error: RouterError): void
}

const NO_BYTES = Buffer.alloc(0)

export function shareStream(sink: StreamSink, clock: Clock): SharedStream {
  let begun = 0
  let lastWordAtMs = clock.nowMs()
  /** Its name and id stand over the whole answer. */
  let leader: number | null = null
  /** Calls that wait for a client that is slower than they are; null while it keeps up. */
  let waiting: (() => void)[] | null = null

  const resumeAll = (): void => {
    const resumes = waiting ?? []
    waiting = null
    lastWordAtMs = clock.nowMs()
    for (const resume of resumes) resume()
  }

  const choice = (index: number): StreamSink => ({
    // A sign by one call is a sign by all: the client hears them as one.
    get lastSignAtMs() {
      return sink.lastSignAtMs
    },
    keepAlive: (target, failed, outbound) => sink.keepAlive(target, failed, outbound),
    isOpen: () => sink.isOpen(),
    commit(target, failed, outbound) {
      begun++
      if (leader !== null) return
      leader = index
      sink.commit(target, failed, outbound)
    },
    write(frames) {
      lastWordAtMs = clock.nowMs()
      const events = frames.flatMap((frame) =>
        frame.events.flatMap((event) => asChoice(event, index, leader)),
      )
      return events.length === 0 ? waiting === null : sink.write([frameOf(events)])
    },
    onDrain(resume) {
      if (waiting === null) {
        waiting = []
        sink.onDrain(resumeAll)
      }
      waiting.push(resume)
    },
    // One choice that ends, well or not, does not end the stream by itself.
    end() {},
    fail() {},
  })

  return {
    choice,
    begun: () => begun,
    lastWordAtMs: () => (waiting === null ? lastWordAtMs : clock.nowMs()),
    end(usage) {
      sink.write([frameOf(usage === null ? [{ type: 'end' }] : [{ type: 'usage', usage }, { type: 'end' }])])
      sink.end()
    },
    fail: (error) => sink.fail(error),
  }
}

/** What opens and closes an answer is told once, for all its choices. */
function asChoice(event: ChatEvent, index: number, leader: number | null): readonly ChatEvent[] {
  switch (event.type) {
    case 'start':
      return index === leader ? [event] : []
    case 'usage':
    case 'end':
    case 'error':
      return []
    case 'text':
    case 'reasoning':
    case 'reasoning-seal':
    case 'refusal':
    case 'tool-start':
    case 'tool-arguments':
    case 'finish':
      break
  }
  return [{ ...event, choice: index }]
}

function frameOf(events: readonly ChatEvent[]): Frame {
  return { raw: NO_BYTES, events }
}
