/**
 * Bad days by hand: a backend, the fault proxy in front of it, and the lines of a policy that point a router at it.
 *
 *   node scripts/fault-lab.ts --fault slice:most=3 --fault reset:afterEvents=4,percent=50
 *
 *   --fault NAME[:KEY=VALUE,…]   what is done to answers; may be given several times; percent=N strikes N of a hundred
 *   --list                       all faults with their keys and defaults
 *   --protocol NAME              what the built-in backend speaks: chat (default), responses, messages, ollama
 *   --upstream URL               a server of your own behind the proxy instead, e.g. http://127.0.0.1:11434
 *   --seed N                     another bad day; the same number is the same day (default 1)
 *   --port N                     where the proxy listens (default: a free port)
 *
 * Requests by GET are passed on unharmed: they are how a router looks who is there. One line is printed for each other
 * request, with the number of its connection and what was done to it. Ctrl-C ends it.
 */
import { parseArgs } from 'node:util'
import { FAULTS, fillIn, parseFault, writtenFault, type FaultKind } from '../test/support/faults/fault.ts'
import { policyEntry, startPlayedBackend } from '../test/support/faults/played-backend.ts'
import { startFaultProxy, type ExchangeDone } from '../test/support/fault-proxy.ts'
import type { Answer } from '../test/support/protocols/neutral.ts'
import { PROTOCOLS, type ProtocolName } from '../test/support/protocols/protocols.ts'

const ANSWER: Answer = {
  text: 'This answer comes from the fault lab, word by word, so that there is something to break.'.split(
    /(?<= )/,
  ),
  finish: 'stop',
  usage: { input: 12, output: 18, cached: 0, reasoning: 0 },
}

/** The connection stays the client's: `left` is how a client ends what never ends by itself. */
const ENDS: Readonly<Record<ExchangeDone['end'], string>> = {
  whole: 'answered to the end',
  reset: 'reset',
  fin: 'closed early',
  silence: 'silent until the client left',
  left: 'the client left',
}

function listed(): string {
  const kinds = Object.keys(FAULTS) as FaultKind[]
  const lines = kinds.map((kind) => {
    const { what, fields } = FAULTS[kind]
    const written = writtenFault(fillIn({ kind }))
    const keys = Object.keys(fields).filter((name) => !written.includes(`${name}=`))
    const more = keys.length === 0 ? '' : ` (also ${keys.join(', ')})`
    return `  ${written.padEnd(46)} ${what}${more}`
  })
  return `Faults, with their defaults; each also takes percent=N:\n${lines.join('\n')}\n`
}

function lineOf(done: ExchangeDone): string {
  const { connection, request, method, path, status, bytes, end, faults } = done
  const struck = faults.length === 0 ? 'no fault' : faults.join(' ')
  const answer = status === null ? 'no status' : `status ${status}`
  return `connection ${connection}, request ${request}: ${method} ${path}: ${struck}: ${answer}, ${bytes} bytes, ${ENDS[end]}\n`
}

function numberOf(text: string | undefined, what: string): number | undefined {
  if (text === undefined) return undefined
  if (!/^\d+$/.test(text)) throw new Error(`--${what}: a whole number`)
  return Number(text)
}

function snippet(protocol: ProtocolName, origin: string, upstream: string | undefined): string {
  const entry = policyEntry('lab', protocol, origin)
  const shown = upstream === undefined ? entry : entry.replace(/model: \w+/, 'model: THE-MODEL-THERE')
  return `backends:\n${shown}\nroutes:\n  - default: lab\n`
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      fault: { type: 'string', multiple: true, default: [] },
      list: { type: 'boolean', default: false },
      protocol: { type: 'string', default: 'chat' },
      upstream: { type: 'string' },
      seed: { type: 'string' },
      port: { type: 'string' },
    },
  })
  if (values.list) return void process.stdout.write(listed())
  if (!Object.hasOwn(PROTOCOLS, values.protocol)) {
    throw new Error(`--protocol: one of ${Object.keys(PROTOCOLS).join(', ')}`)
  }
  if (values.upstream !== undefined && !URL.canParse(values.upstream)) throw new Error('--upstream: a URL')
  const protocol = values.protocol as ProtocolName
  const faults = values.fault.map(parseFault)
  const seed = numberOf(values.seed, 'seed') ?? 1
  const port = numberOf(values.port, 'port') ?? 0
  const backend = values.upstream === undefined ? await startPlayedBackend(protocol, ANSWER) : null
  const proxy = await startFaultProxy({
    upstream: values.upstream ?? backend?.origin ?? '',
    seed,
    port,
    faults,
    onExchange: (done) => {
      if (done.request > 0) process.stdout.write(lineOf(done))
    },
  })
  process.stdout.write(
    `The proxy listens on ${proxy.origin}, with ${faults.length === 0 ? 'no fault' : faults.map(writtenFault).join(' ')}, seed ${seed}.\n` +
      `A policy for it:\n\n${snippet(protocol, proxy.origin, values.upstream)}\n`,
  )
  const stop = (): void => {
    void Promise.all([proxy.close(), backend?.close()]).then(() => process.exit(0))
  }
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
}

try {
  await main()
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 2
}
