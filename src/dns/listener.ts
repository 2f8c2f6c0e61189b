/** One address and port where containers ask, over UDP and TCP. Whatever arrives, it goes on. */
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, type Server, type Socket as Stream } from 'node:net'
import { createFrames, frame } from './frames.ts'

/** The answer to a query; undefined to say nothing. Never rejects. */
export type Handle = (query: Buffer, asker: string, transport: 'udp' | 'tcp') => Promise<Buffer | undefined>

export interface Listener {
  readonly address: string
  readonly port: number
  /** False once a socket broke: open another. */
  isOpen(): boolean
  close(): Promise<void>
}

/** A burst of a thousand queries waits here; the kernel gives less if its limit is lower (net.core.rmem_max). */
const receiveBytes = 1 << 20
/** A stream without a query is closed after this, ms. */
const idleMs = 10_000
const maxStreams = 256
/** Of one stream under way; beyond, it is not read. */
const maxPerStream = 16

/** Rejects when the port is taken or the address not there. */
export async function openListener(address: string, port: number, handle: Handle): Promise<Listener> {
  const datagrams = createSocket({ type: 'udp4', recvBufferSize: receiveBytes })
  const streams = createServer()
  streams.maxConnections = maxStreams
  const open = new Set<Stream>()
  let isOpen = true
  const close = async () => {
    isOpen = false
    for (const stream of open) stream.destroy()
    await Promise.all([closed(datagrams), closed(streams)])
  }
  try {
    datagrams.bind(port, address)
    await once(datagrams, 'listening')
    streams.listen(port, address)
    await once(streams, 'listening')
  } catch (error) {
    await close()
    throw error
  }
  for (const socket of [datagrams, streams]) {
    socket.on('error', () => {
      isOpen = false
    })
  }
  datagrams.on('message', async (query, from) => {
    const answer = await handle(query, from.address, 'udp')
    // an asker that is gone meanwhile is no error of ours
    if (answer && isOpen) datagrams.send(answer, from.port, from.address, () => undefined)
  })
  streams.on('connection', stream => {
    open.add(stream)
    stream.on('close', () => open.delete(stream))
    serve(stream, handle)
  })
  return { address, port, isOpen: () => isOpen, close }
}

function serve(stream: Stream, handle: Handle): void {
  const asker = stream.remoteAddress ?? ''
  const frames = createFrames()
  let underWay = 0
  stream.setTimeout(idleMs, () => stream.destroy())
  stream.on('error', () => stream.destroy()) // the asker went away
  const one = async (query: Buffer) => {
    const answer = await handle(query, asker, 'tcp')
    underWay--
    if (stream.destroyed) return
    if (answer) stream.write(frame(answer))
    if (underWay <= maxPerStream) stream.resume()
  }
  stream.on('data', chunk => {
    const queries = frames.push(chunk)
    underWay += queries.length
    if (underWay > maxPerStream) stream.pause()
    for (const query of queries) void one(query)
  })
}

async function closed(socket: Socket | Server): Promise<void> {
  await new Promise<void>(resolve => {
    try {
      socket.close(() => resolve())
    } catch {
      resolve() // it was not open
    }
  })
}
