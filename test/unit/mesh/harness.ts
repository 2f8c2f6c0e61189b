/** Real meshes on 127.0.0.1, with timers ten times as fast and the log at hand. */
import { createConnection, createServer, type Socket } from 'node:net'
import { pino } from 'pino'
import type { Clock } from '../../../src/lib/clock.ts'
import { newSeed, type PeerKey, signerOf } from '../../../src/lib/keys.ts'
import { createMesh, type Libp2pMesh } from '../../../src/mesh/create.ts'

const speed = 10

/** Time that runs ten times as fast. */
export const fastClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now() * speed,
  after(delayMs, callback) {
    const handle = setTimeout(callback, delayMs / speed)
    return { cancel: () => clearTimeout(handle) }
  },
}

/** Waits for `condition`; rejects after `limitMs` of real time. */
export async function until(what: string, condition: () => boolean, limitMs = 5_000): Promise<void> {
  const end = performance.now() + limitMs
  while (!condition()) {
    if (performance.now() > end) throw new Error(`not within ${limitMs} ms: ${what}`)
    await new Promise(resolve => setTimeout(resolve, 5))
  }
}

export interface LogLine {
  level: number
  msg: string
  [field: string]: unknown
}

export interface TestPeer {
  mesh: Libp2pMesh
  key: PeerKey
  seed: Uint8Array
  log: LogLine[]
  /** Broadcasts received, as text. */
  heard: string[]
  /** Connects and disconnects, in order. */
  events: string[]
}

const running = new Set<TestPeer>()

/** Starts a peer; `stopAll` stops it. */
export async function startPeer(options: { seed?: Uint8Array; listen?: string } = {}): Promise<TestPeer> {
  const seed = options.seed ?? newSeed()
  const log: LogLine[] = []
  const mesh = createMesh({
    seed,
    meshId: 'test',
    listen: options.listen ?? '127.0.0.1:0',
    clock: fastClock,
    log: pino({ level: 'debug' }, { write: line => void log.push(JSON.parse(line)) }),
  })
  const peer: TestPeer = { mesh, key: signerOf(seed).key, seed, log, heard: [], events: [] }
  mesh.onBroadcast((_, bytes) => peer.heard.push(text(bytes)))
  mesh.onConnect(key => peer.events.push(`+${key.slice(0, 4)}`))
  mesh.onDisconnect(key => peer.events.push(`-${key.slice(0, 4)}`))
  await mesh.start()
  running.add(peer)
  return peer
}

export async function stopPeer(peer: TestPeer): Promise<void> {
  running.delete(peer)
  await peer.mesh.stop()
}

export async function stopAll(): Promise<void> {
  await Promise.all([...running].map(stopPeer))
}

export const bytes = (from: string) => new TextEncoder().encode(from)
export const text = (from: Uint8Array) => new TextDecoder().decode(from)

export const memberOf = (peer: TestPeer) => ({ key: peer.key, addresses: [peer.mesh.listenAddress()] })

/** Makes each a member for all, and waits until all are connected. */
export async function introduce(...peers: TestPeer[]): Promise<void> {
  for (const { mesh } of peers) mesh.setMembers(peers.map(memberOf))
  await connected(...peers)
}

export function connected(...peers: TestPeer[]): Promise<void> {
  const all = () => peers.every(({ mesh }) => mesh.connected().length === peers.length - 1)
  return until('all are connected', all)
}

/** A TCP proxy that can stop to pass anything on, with all its connections left open. */
export async function startProxy(target: string, { frozen = false } = {}) {
  const [host, port] = target.split(':')
  const sockets = new Set<Socket>()
  let accepted = 0
  const server = createServer({ pauseOnConnect: true }, inbound => {
    accepted++
    const outbound = createConnection(Number(port), host)
    for (const [from, to] of [
      [inbound, outbound],
      [outbound, inbound],
    ] as const) {
      sockets.add(from)
      from.on('data', data => to.write(data))
      from.on('error', () => to.destroy())
      from.on('close', () => {
        sockets.delete(from)
        to.destroy()
      })
      if (frozen) from.pause()
      else from.resume()
    }
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return {
    address: `127.0.0.1:${typeof address === 'object' ? address?.port : 0}`,
    /** Connections accepted so far. */
    accepted: () => accepted,
    /** Connections that stand. */
    open: () => sockets.size / 2,
    freeze() {
      frozen = true
      for (const socket of sockets) socket.pause()
    },
    thaw() {
      frozen = false
      for (const socket of sockets) socket.resume()
    },
    async stop() {
      for (const socket of sockets) socket.destroy()
      await new Promise(resolve => server.close(resolve))
    },
  }
}
