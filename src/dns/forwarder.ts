/**
 * Passes a query on to the server that was asked and hands back what it says, byte for byte. Each query has a socket of its
 * own: a random port, as a resolver should have, and answers of that server alone.
 */
import { createSocket } from 'node:dgram'
import { connect } from 'node:net'
import type { Clock } from '../lib/clock.ts'
import { createFrames, frame } from './frames.ts'

export interface Forwarder {
  /** Rejects when the server does not answer in time, cannot be reached, or too many queries are under way. */
  ask(query: Buffer, server: string, transport: 'udp' | 'tcp', asker: string): Promise<Buffer>
  /** Queries under way. */
  inFlight(): number
  /** Ends all that are under way. */
  close(): void
}

export interface ForwarderOptions {
  clock: Pick<Clock, 'after'>
  /** @default 53 */
  port?: number
  /** Docker itself waits 4 s for a server (extIOTimeout in its resolver). @default 4000 */
  limitMs?: number
  /** Of one asker, and of all. @default 256, 1024 */
  maxPerAsker?: number
  maxInFlight?: number
}

type Settle = (error: Error | undefined, answer?: Buffer) => void

export function createForwarder(options: ForwarderOptions): Forwarder {
  const { clock, port = 53, limitMs = 4_000, maxPerAsker = 256, maxInFlight = 1_024 } = options
  const running = new Set<Settle>()
  const perAsker = new Map<string, number>()

  function count(asker: string, step: number): void {
    const next = (perAsker.get(asker) ?? 0) + step
    if (next > 0) perAsker.set(asker, next)
    else perAsker.delete(asker)
  }

  return {
    inFlight: () => running.size,
    ask(query, server, transport, asker) {
      if (running.size >= maxInFlight || (perAsker.get(asker) ?? 0) >= maxPerAsker) {
        return Promise.reject(new Error('too many queries are under way'))
      }
      return new Promise((resolve, reject) => {
        const settle: Settle = (error, answer) => {
          if (!running.delete(settle)) return
          count(asker, -1)
          timer.cancel()
          end()
          if (answer) resolve(answer)
          else reject(error ?? new Error('no answer'))
        }
        running.add(settle)
        count(asker, 1)
        const timer = clock.after(limitMs, () => settle(new Error(`${server} does not answer`)))
        const end = transport === 'udp' ? askUdp(query, server, port, settle) : askTcp(query, server, port, settle)
      })
    },
    close() {
      for (const settle of [...running]) settle(new Error('skeind is stopping'))
    },
  }
}

/** Both give back how to end what they began. */
function askUdp(query: Buffer, server: string, port: number, settle: Settle): () => void {
  const socket = createSocket('udp4')
  let closed = false
  socket.on('error', error => settle(error))
  socket.on('message', answer => {
    if (answers(answer, query)) settle(undefined, answer)
  })
  socket.on('connect', () => {
    if (!closed) socket.send(query, error => error && settle(error))
  })
  // connected, so that the kernel lets only this server answer, and reports that its port is closed
  socket.connect(port, server)
  return () => {
    closed = true
    socket.close()
  }
}

function askTcp(query: Buffer, server: string, port: number, settle: Settle): () => void {
  const socket = connect({ host: server, port })
  const frames = createFrames()
  socket.on('error', error => settle(error))
  socket.on('close', () => settle(undefined))
  socket.on('data', chunk => {
    const answer = frames.push(chunk).find(each => answers(each, query))
    if (answer) settle(undefined, answer)
  })
  socket.write(frame(query))
  return () => socket.destroy()
}

/** An answer, with the number of the question. */
function answers(answer: Buffer, query: Buffer): boolean {
  return answer.length >= 12 && (answer.readUInt8(2) & 0x80) !== 0 && answer.readUInt16BE(0) === query.readUInt16BE(0)
}
