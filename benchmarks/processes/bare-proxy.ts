/** What a proxy costs at least in Node: node:http in front, undici's `dispatch` to the raw response behind. */
import { createServer, type ServerResponse } from 'node:http'
import { Pool } from 'undici'
import { serveParent } from './child.ts'

const pool = new Pool(process.argv[2] ?? '', { headersTimeout: 0, bodyTimeout: 0, pipelining: 1 })

const server = createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const [first] = chunks
    const body = chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks)
    forward(request.url ?? '/', body, response)
  })
})

function forward(path: string, body: Buffer, response: ServerResponse): void {
  pool.dispatch(
    { path, method: 'POST', headers: { 'content-type': 'application/json' }, body },
    {
      onRequestStart() {},
      onResponseStart(_controller, status, headers) {
        const { 'content-type': type, 'content-length': length } = headers
        response.writeHead(status, {
          'content-type': String(type),
          ...(length === undefined ? {} : { 'content-length': String(length) }),
        })
      },
      onResponseData(controller, chunk) {
        if (response.write(chunk)) return
        controller.pause()
        response.once('drain', () => controller.resume())
      },
      onResponseEnd() {
        response.end()
      },
      onResponseError() {
        response.destroy()
      },
    },
  )
}

server.keepAliveTimeout = 65_000
serveParent(server)
