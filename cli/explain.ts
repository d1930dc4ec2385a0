/** `llr explain`: the whole decision for a prompt or a request body. Nothing is sent but free probes of local servers. */
import { readFileSync } from 'node:fs'
import { parseBody } from '../src/accept/strict-json.ts'
import { askOf } from '../src/ask.ts'
import { createRequestId } from '../src/accept/request-id.ts'
import { classify } from '../src/classify/classify.ts'
import type { Classification } from '../src/classify/classification.ts'
import { systemClock } from '../src/clock.ts'
import { ConfigError } from '../src/config.ts'
import { decide } from '../src/decide/decide.ts'
import type { Decision } from '../src/decide/decision.ts'
import { createFleet } from '../src/dispatch/fleet.ts'
import { RouterError } from '../src/errors.ts'
import { createLatencyBook } from '../src/record/latency.ts'
import { createView } from '../src/view.ts'
import { clientCodec } from '../src/wire/codecs.ts'
import type { JsonObject } from '../src/wire/json.ts'
import { loadPolicy, type PolicySource } from './policy-source.ts'

export interface ExplainOptions {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly policyPath: string
  readonly isPolicyNamed: boolean
  readonly prompt: string
  /** `-` reads standard input. */
  readonly requestFile: string | null
  readonly markedSensitive: boolean
  readonly stream: boolean
  readonly json: boolean
}

export async function explainCommand(options: ExplainOptions): Promise<number> {
  let body: JsonObject
  let source: PolicySource
  try {
    const { env, policyPath: path, isPolicyNamed: isNamed } = options
    source = await loadPolicy({ env, path, isNamed, clock: systemClock })
    body = readRequest(options, source.config.limits.maxDepth)
    const explanation = await explainBody(body, source, options)
    const text = options.json ? JSON.stringify(explanation, null, 2) : render(explanation)
    process.stdout.write(`${text}\n`)
    return 0
  } catch (error) {
    if (!(error instanceof RouterError) && !(error instanceof ConfigError)) throw error
    process.stderr.write(`llr: ${error.message}\n`)
    return 1
  }
}

function readRequest({ prompt, requestFile, stream }: ExplainOptions, maxDepth: number): JsonObject {
  if (requestFile === null) {
    if (prompt.trim() === '')
      throw new RouterError('invalid_value', 'give a prompt, or a request with --request FILE')
    return { model: 'auto', stream, messages: [{ role: 'user', content: prompt }] }
  }
  let bytes: Buffer
  try {
    bytes = readFileSync(requestFile === '-' ? 0 : requestFile)
  } catch {
    throw new RouterError('invalid_value', `${requestFile} cannot be read`)
  }
  const body = parseBody(bytes, maxDepth)
  return stream ? { ...body, stream } : body
}

interface Explained {
  readonly policy: string
  readonly classification: Classification
  readonly decision: Decision
  /** Local servers that did not answer a probe. */
  readonly down: readonly string[]
}

async function explainBody(
  body: JsonObject,
  source: PolicySource,
  options: ExplainOptions,
): Promise<Explained> {
  const { config } = source
  const protocol = 'input' in body && !('messages' in body) ? 'responses' : 'chat'
  const request = clientCodec(protocol).decodeRequest(body)
  const { markedSensitive, env } = options
  const classification = classify({ request, body, markedSensitive }, config.classify)
  const { connections, timeouts } = config
  const fleet = await createFleet({ connections, timeouts, env, clock: systemClock })
  try {
    await fleet.locality.refresh()
    const id = createRequestId(systemClock.epochMs())
    // No records are read: an explanation of a policy should not depend on what happened to run before.
    const view = createView(fleet, createLatencyBook(systemClock))
    const decision = decide(classification, askOf({ id, request }), config.policy, view)
    const down = [...fleet.backends.keys()].filter((name) => fleet.locality.state(name) === 'down')
    return { policy: config.source.path ?? config.source.label, classification, decision, down }
  } finally {
    await fleet.close()
  }
}

function render({ policy, classification, decision, down }: Explained): string {
  const { task, fineTask, complexity, complexityScore, sensitivity, findings, modality, family, tokens } =
    classification
  const found = findings.length === 0 ? '' : ` (${findings.join(', ')})`
  const lines = [
    `policy       ${policy}`,
    `task         ${task}${fineTask === task ? '' : ` (${fineTask})`}`,
    `complexity   ${complexity} (${complexityScore.toFixed(2)})`,
    `sensitivity  ${sensitivity}${found}`,
    `modality     ${modality}`,
    `family       ${family}`,
    `tokens       ${tokens}`,
    `label        ${decision.label}`,
    `route        ${decision.route}`,
    `reason       ${decision.reason}`,
  ]
  for (const [i, target] of decision.targets.entries()) {
    const place = target.provenLocal ? 'proven local' : 'not proven local'
    const state = down.includes(target.backend) ? ', does not answer now' : ''
    lines.push(
      `${i === 0 ? 'target       ' : 'then         '}${target.backend} / ${target.model} (${place}${state})`,
    )
  }
  if (decision.shadow !== null)
    lines.push(`mirror       ${decision.shadow.target.backend} / ${decision.shadow.target.model}`)
  for (const { role, backend, model, reason } of decision.rejected) {
    lines.push(`rejected     ${role} ${backend}${model === '' ? '' : ` / ${model}`}: ${reason}`)
  }
  if (decision.refusal !== null)
    lines.push(`refused      ${decision.refusal.code}: ${decision.refusal.message}`)
  return lines.join('\n')
}
