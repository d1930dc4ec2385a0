/** The backend: reads the request, answers fixed bytes. As little work as node:http allows. */
import { createServer, type ServerResponse } from 'node:http'
import { ANSWER, EVENTS } from '../traffic.ts'
import { serveParent } from './child.ts'

/** Milliseconds between two events; 0 sends each in its own turn of the event loop. */
const pauseMs = Number(process.argv[2] ?? 0)

const server = createServer((request, response) => {
  let stream: boolean | null = null
  request.on('data', (chunk: Buffer) => {
    stream ??= chunk.subarray(0, 200).includes('"stream":true')
  })
  request.on('end', () => {
    if (stream === true) return sendStream(response)
    response
      .writeHead(200, { 'content-type': 'application/json', 'content-length': ANSWER.length })
      .end(ANSWER)
  })
})

function sendStream(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  let next = 0
  const send = (): void => {
    const event = EVENTS[next++]
    if (event === undefined) return void response.end()
    response.write(event)
    if (pauseMs === 0) setImmediate(send)
    else setTimeout(send, pauseMs)
  }
  send()
}

serveParent(server)
