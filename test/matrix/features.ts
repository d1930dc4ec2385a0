/** What every client protocol can have from every backend protocol: the list that the matrix and the README are made of. */
import type { ProtocolName } from '../support/protocols/protocols.ts'
import * as scenarios from '../support/protocols/scenarios.ts'

export interface Feature {
  readonly label: string
  readonly scenario: scenarios.Scenario
  /**
   * `answered`: the first backend does it. `fallback`: it fails before the first token, and the next one, which speaks
   * another protocol, does it. `refused`: it fails and there is no other. `broken`: it fails behind the first token.
   */
  readonly outcome: 'answered' | 'fallback' | 'refused' | 'broken'
  /** Protocols without a form for it: their clients cannot ask for it, and a request for it does not reach their backends. */
  readonly except?: readonly ProtocolName[]
  readonly forms: readonly ('buffered' | 'streamed')[]
}

const BOTH = ['buffered', 'streamed'] as const
const STREAMED = ['streamed'] as const

function carried(label: string, scenario: scenarios.Scenario): Feature {
  return { label, scenario, outcome: 'answered', forms: BOTH }
}

function failing(
  label: string,
  failure: Parameters<typeof scenarios.failing>[0],
  outcome: Feature['outcome'],
  forms: Feature['forms'] = BOTH,
): Feature {
  return { label, scenario: scenarios.failing(failure), outcome, forms }
}

export const FEATURES: readonly Feature[] = [
  carried('text over several turns, with a system prompt and an output limit', scenarios.text),
  carried('a tool call and its result', scenarios.toolRoundTrip),
  carried('parallel tool calls, with text before and after', scenarios.parallelTools),
  carried('images', scenarios.image),
  carried('reasoning and its effort', scenarios.reasoning),
  carried(
    'reasoning that goes back with the result of a tool, where the backend takes it',
    scenarios.reasoningAcrossTools,
  ),
  carried('answers that follow a JSON Schema', scenarios.jsonSchema),
  carried('the stop at the output limit', scenarios.lengthStop),
  {
    ...carried(
      'stop sequences, which Responses has none of: asked for there, they are refused',
      scenarios.stopSequences,
    ),
    except: ['responses'],
  },
  failing('fallback to another backend on an error status', 'before', 'fallback'),
  failing('fallback on an error instead of the first token', 'early', 'fallback'),
  failing('an error status, in the client’s dialect', 'before', 'refused'),
  failing('an error instead of the first token, in the client’s dialect', 'early', 'refused'),
  failing('an error in the middle of a stream, in the client’s dialect', 'error', 'broken', STREAMED),
  failing('a connection that is cut in the middle of a stream', 'cut', 'broken', STREAMED),
]

export interface Side {
  readonly protocol: ProtocolName
  readonly label: string
}

export const INGRESS: readonly Side[] = [
  { protocol: 'chat', label: 'Chat Completions, `POST /v1/chat/completions`' },
  { protocol: 'responses', label: 'Responses, `POST /v1/responses`' },
  { protocol: 'messages', label: 'Anthropic Messages, `POST /v1/messages`' },
  { protocol: 'ollama', label: 'Ollama, `POST /api/chat`' },
]

export const EGRESS: readonly Side[] = [
  { protocol: 'chat', label: 'Chat Completions' },
  { protocol: 'responses', label: 'Responses' },
  { protocol: 'messages', label: 'Anthropic Messages' },
  { protocol: 'ollama', label: 'Ollama' },
]

/** The README's table, and the list of what each of its cells stands for. */
export function matrixTable(): string {
  const cells = (ingress: Side): string =>
    EGRESS.map(({ protocol }) => (protocol === ingress.protocol ? 'passed through' : 'translated')).join(
      ' | ',
    )
  return [
    `| client speaks ↓, backend speaks → | ${EGRESS.map(({ label }) => label).join(' | ')} |`,
    `|---|${'---|'.repeat(EGRESS.length)}`,
    ...INGRESS.map((ingress) => `| ${ingress.label} | ${cells(ingress)} |`),
    '',
    ...FEATURES.map(({ label, forms }) => `- ${label}${forms.length === 1 ? '' : '; buffered and streamed'}`),
  ].join('\n')
}
