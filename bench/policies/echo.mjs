// `serve PORT` echoes datagrams; `ask IP PORT` sends one every millisecond, and for each line of its input prints the moment,
// ms since the epoch, at which the last answer came. In JavaScript, so that it starts at once in a container's namespace.
import dgram from 'node:dgram'
import { createInterface } from 'node:readline'

const [what, ...args] = process.argv.slice(2)
const socket = dgram.createSocket('udp4')
socket.on('error', () => undefined)
if (what === 'serve') {
  socket.on('message', (data, from) => socket.send(data, from.port, from.address))
  socket.bind(Number(args[0]), () => console.log('ready'))
} else {
  let last = 0
  socket.on('message', () => {
    last = performance.timeOrigin + performance.now()
  })
  setInterval(() => socket.send('x', Number(args[1]), args[0]), 1)
  createInterface({ input: process.stdin }).on('line', () => console.log(last))
  console.log('ready')
}
process.stdin.on('close', () => process.exit()).resume()
