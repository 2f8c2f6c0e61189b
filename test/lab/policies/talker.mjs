// Runs in a container's namespace: serves TCP and UDP echo on the ports of its arguments (its name comes first), and does what lines of JSON on its
// standard input ask. In JavaScript, so that it starts at once. Each answer is a line `{ id, value }`.
import dgram from 'node:dgram'
import net from 'node:net'
import { createInterface } from 'node:readline'

const connections = new Map()
const streams = new Map()
let numbers = 0
/** The last ones come back within this. */
const lateMs = 300
/** A socket of its own stays open so long: on a busy machine its timer may come before what has arrived long ago. */
const openMs = 3_000

const [, , name, ...served] = process.argv

for (const port of served.map(Number)) {
  for (const [host, type] of [
    ['0.0.0.0', 'udp4'],
    ['::', 'udp6'],
  ]) {
    net
      .createServer(socket => socket.on('error', () => undefined).pipe(socket))
      .listen({ host, port, ipv6Only: host === '::' })
    const echo = dgram.createSocket({ type, ipv6Only: host === '::' }).bind(port, host)
    echo.on('message', (data, from) => echo.send(`${data}` === 'who' ? name : data, from.port, from.address))
  }
}

/** Of the address's family. */
const socketTo = ip => dgram.createSocket(net.isIPv6(ip) ? 'udp6' : 'udp4')

const within = (limitMs, work) =>
  new Promise(resolve => {
    const timer = setTimeout(() => resolve(false), limitMs)
    work(value => {
      clearTimeout(timer)
      resolve(value)
    })
  })

const orders = {
  /** Whether a new connection (TCP) or an answer (UDP) comes about. */
  tcp: (ip, port, limitMs) =>
    within(limitMs, done => {
      const socket = net.connect({ host: ip, port })
      socket.on('connect', () => done(socket.destroy() !== undefined))
      socket.on('error', error => done(error.code === 'ECONNREFUSED' ? 'refused' : error.code))
      setTimeout(() => socket.destroy(), limitMs)
    }),
  /** `bytes`: of the datagram that is sent. */
  udp: (ip, port, limitMs, bytes = 1) =>
    within(limitMs, done => {
      const socket = socketTo(ip)
      socket.on('message', () => done(true))
      socket.on('error', error => done(error.code === 'ECONNREFUSED' ? 'refused' : error.code))
      socket.connect(port, ip, error => (error ? done(error.code) : socket.send('x'.repeat(bytes))))
      setTimeout(() => socket.close(), limitMs)
    }),
  /** Over UDP: the name of who answers. */
  who: (ip, port, limitMs) =>
    within(limitMs, done => {
      const socket = socketTo(ip)
      socket.on('message', answer => done(`${answer}`))
      socket.on('error', () => undefined)
      socket.connect(port, ip, error => (error ? done(false) : socket.send('who')))
      setTimeout(() => socket.close(), limitMs)
    }),
  /** Opens a connection that stays; resolves with its number, or false. */
  open: (ip, port, limitMs) =>
    within(limitMs, done => {
      const socket = net.connect({ host: ip, port, noDelay: true })
      socket.on('error', () => undefined)
      socket.on('connect', () => {
        connections.set(++numbers, socket)
        done(numbers)
      })
    }),
  /** Whether what is said over it comes back. */
  say: (number, limitMs) =>
    within(limitMs, done => {
      const socket = connections.get(number)
      socket.once('data', () => done(true))
      socket.write('x')
    }),
  /** Sends numbered datagrams, one every `everyMs`, until `stop`; `fresh`: each from a port of its own. */
  async stream(ip, port, everyMs, fresh) {
    const stream = { sent: 0, back: new Set(), lastMs: 0 }
    const open = () => {
      const socket = socketTo(ip)
      socket.on('message', data => {
        stream.back.add(Number(data))
        stream.lastMs = Date.now()
      })
      socket.on('error', () => undefined)
      return socket
    }
    const common = open()
    const send = () => {
      const socket = fresh ? open() : common
      socket.send(String(stream.sent++), port, ip)
      if (fresh) setTimeout(() => socket.close(), openMs)
    }
    stream.timer = setInterval(send, everyMs)
    stream.close = () => common.close()
    streams.set(++numbers, stream)
    return numbers
  },
  answered: number => streams.get(number).back.size,
  async stop(number) {
    const stream = streams.get(number)
    clearInterval(stream.timer)
    await new Promise(resolve => setTimeout(resolve, lateMs))
    // what arrived while nobody looked is read before it counts as lost
    await new Promise(resolve => setTimeout(() => setImmediate(resolve), 1))
    stream.close()
    return {
      sent: stream.sent,
      lastMs: stream.lastMs,
      lost: Array.from({ length: stream.sent }, (_, n) => n).filter(n => !stream.back.has(n)),
    }
  },
}

createInterface({ input: process.stdin })
  .on('line', async line => {
    const { id, order, args } = JSON.parse(line)
    process.stdout.write(`${JSON.stringify({ id, value: await orders[order](...args) })}\n`)
  })
  .on('close', () => process.exit())
process.stdout.write('{"id":0}\n')
