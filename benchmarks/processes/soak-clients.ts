/** The soak's clients: streams in a closed loop, some that leave early, and on demand some that never read. */
import { connect, type Socket } from 'node:net'

const [, , origin = ''] = process.argv
const { hostname, port, host } = new URL(origin)
/** One client in so many leaves in the middle of its answer. */
const LEAVES_EVERY = 20
/** A refused client waits, as a polite one does. */
const REFUSED_PAUSE_MS = 200

/** How streams ended, by what their clients saw. */
const ends = { whole: 0, failed: 0, left: 0, broken: 0, refused: 0 }
let stopped = false
let running = 0
let sent = 0
const deaf: Socket[] = []

function post(content: string): Buffer {
  const body = JSON.stringify({ model: 'auto', stream: true, messages: [{ role: 'user', content }] })
  const head = `POST /v1/chat/completions HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\n`
  return Buffer.from(`${head}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`)
}

const ASK = post('Tell me about the harbour.')

function client(): void {
  const socket = connect(Number(port), hostname)
  let text = ''
  let leaves = false
  running++
  const ask = (): void => {
    if (stopped) return void socket.end()
    text = ''
    leaves = ++sent % LEAVES_EVERY === 0
    socket.write(ASK)
  }
  socket.on('connect', ask)
  socket.on('error', () => undefined)
  socket.on('data', (bytes: Buffer) => {
    text += bytes.toString('latin1')
    if (leaves && text.includes('"content"')) {
      ends.left++
      text = ''
      socket.destroy()
      return
    }
    const end = endOf(text)
    if (end === null) return
    ends[end]++
    text = ''
    if (end === 'refused') setTimeout(ask, REFUSED_PAUSE_MS)
    else ask()
  })
  socket.on('close', () => {
    running--
    if (text !== '') ends.broken++
    if (!stopped) setTimeout(client, 10)
  })
}

/** Null: it has not ended. */
function endOf(text: string): 'whole' | 'failed' | 'refused' | null {
  const head = text.indexOf('\r\n\r\n')
  if (head === -1) return null
  if (text.startsWith('HTTP/1.1 200')) {
    if (!text.endsWith('0\r\n\r\n')) return null
    return text.includes('data: [DONE]') ? 'whole' : 'failed'
  }
  const length = Number(/\r\ncontent-length: (\d+)/i.exec(text)?.[1] ?? 0)
  return text.length >= head + 4 + length ? 'refused' : null
}

process.on('message', (message) => {
  const { start, deafs, ends: asked, stop, wake } = message as Record<string, number | boolean>
  for (let i = 0; i < Number(start ?? 0); i++) setTimeout(client, i)
  for (let i = 0; i < Number(deafs ?? 0); i++) {
    const socket = connect(Number(port), hostname)
    socket.on('error', () => undefined).pause()
    socket.on('connect', () => socket.write(post('flood')))
    deaf.push(socket)
  }
  if (wake === true) for (const socket of deaf.splice(0)) socket.destroy()
  if (stop === true) stopped = true
  if (asked === true) process.send?.({ ...ends, running, sent })
})
process.on('disconnect', () => process.exit())
process.send?.({ origin: '' })
