/** A Docker plugin that does nothing: answers every call with {} on the Unix socket that its first argument names. */
import { createServer } from 'node:http'

const server = createServer((request, response) => {
  request.resume()
  request.on('end', () => {
    // as skeind does: a connection per call
    response.writeHead(200, { 'content-type': 'application/json', connection: 'close' })
    response.end('{}')
  })
})
server.listen(process.argv[2])
