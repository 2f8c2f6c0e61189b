/** The mesh on libp2p: puts the parts of this folder together. */
import '../polyfills.ts'
import type { Connection } from '@libp2p/interface'
import { type Clock, sleep } from '../lib/clock.ts'
import { errorText, SkeinError } from '../lib/errors.ts'
import { type PeerKey, signerOf } from '../lib/keys.ts'
import type { Logger } from '../lib/log.ts'
import { type Address, listenMultiaddr, parseAddress, remoteAddress } from './address.ts'
import { createBroadcaster } from './broadcaster.ts'
import { createDialer } from './dialer.ts'
import { createGater } from './gater.ts'
import { createGuests } from './guests.ts'
import { joinProtocol } from './join.ts'
import { answerPings, pingProtocol } from './link.ts'
import { createLinks } from './links.ts'
import { createListeners } from './listeners.ts'
import { createMembers } from './members.ts'
import { createMeshNode, type MeshNode } from './node.ts'
import { outdatedAnswer, outdatedProtocol, showProof, strangers as strangerLimits } from './outdated.ts'
import { peerKeyOf } from './peer-id.ts'
import { createPlaces } from './places.ts'
import { pushProtocol } from './push.ts'
import { createReach } from './reach.ts'
import { askRemoved, removedProtocol } from './removed.ts'
import { createRequests, type OnStream, onlyFor } from './requests.ts'
import { ask } from './rpc.ts'
import { type Mesh, maxMessageBytes } from './transport.ts'

export interface MeshOptions {
  /** This peer's private key, 32 bytes. */
  seed: Uint8Array
  meshId: string
  /** `ADDR:PORT`, IPv4; port 0 takes a free one. */
  listen: string
  clock: Clock
  log: Logger
  /** In [0, 1), for the pauses between dials. @default Math.random */
  random?: () => number
}

export interface Libp2pMesh extends Mesh {
  /** `ADDR:PORT` with the port in use, once started. */
  listenAddress(): string
}

/** `stop` waits this long for libp2p, ms. */
const stopLimitMs = 2_000

/** A mesh that does nothing before `start`. Throws SkeinError('invalid') for a `listen` that is no address. */
export function createMesh(options: MeshOptions): Libp2pMesh {
  const { seed, meshId, clock, log, random = Math.random } = options
  const listen = listenOption(options.listen)
  const self = signerOf(seed).key
  const members = createMembers(self, log)
  const guests = createGuests(clock)
  const strangers = createGuests(clock, strangerLimits)
  const reach = createReach(members, clock, log)
  const requests = createRequests(members, clock, log)
  const broadcaster = createBroadcaster({ meshId, members, clock, log })
  const protocols = new Map<string, OnStream>()
  const places = createPlaces(clock)
  const joined = createListeners<[peer: PeerKey]>(log)
  const left = createListeners<[peer: PeerKey]>(log)
  const told = createListeners<[from: PeerKey, answer: Uint8Array]>(log)
  let proofFor: (member: PeerKey) => Uint8Array | undefined = () => undefined
  let node: MeshNode | undefined

  const links = createLinks(self, clock, {
    primary: broadcaster.attach,
    up(peer) {
      log.info({ peer, host: members.nameOf(peer) }, 'member connected')
      reach.reached(peer)
      dialer.connected(peer)
      joined.call(peer)
    },
    replaced: joined.call,
    down(peer) {
      broadcaster.detach(peer)
      if (!node) return
      log.info({ peer, host: members.nameOf(peer) }, 'member disconnected')
      left.call(peer)
      dialer.lost(peer)
    },
    unheard(peer, connection) {
      if (!node) return
      askRemoved(connection, clock, members.nameOf(peer))
        .then(
          answer => told.call(peer, answer),
          () => prove(peer, connection), // it does not say: then it is one more refusal
        )
        .finally(() => connection.abort(new Error('not let in')))
    },
    failed(peer, refused) {
      if (!node || links.has(peer)) return
      if (refused) reach.refused(peer)
      dialer.lost(peer)
    },
  })

  async function prove(peer: PeerKey, connection: Connection): Promise<void> {
    const proof = proofFor(peer)
    if (proof) await showProof(connection, proof, clock, members.nameOf(peer)).catch(() => undefined)
  }

  const dial = async (peer: PeerKey) => node && reach.dial(node, peer)
  const dialer = createDialer({ self, clock, random, isLinked: links.has, dial })

  function connectionOpened(connection: Connection): void {
    const peer = peerKeyOf(connection.remotePeer)
    if (!node) connection.abort(new Error('stopping'))
    else if (peer !== undefined && members.has(peer)) {
      const seen = () => places.seen(peer, hostOf(connection))
      seen()
      connection.addEventListener('close', seen)
      links.add(peer, connection)
    } else if (peer !== undefined && (members.isInvited(peer) || members.isRemoved(peer))) guests.add(connection)
    else if (peer !== undefined) strangers.add(connection)
    else connection.abort(new Error('no longer a member'))
  }

  function setProtocol(protocol: string, onStream: OnStream): void {
    protocols.set(protocol, onStream)
    node?.handle(protocol, onStream, handlerOptions).catch(error => log.error({ err: error, protocol }, 'no handler'))
  }

  setProtocol(pingProtocol, onlyFor(members.has, answerPings))
  setProtocol(pushProtocol, broadcaster.onPush)

  return {
    self,
    connected: links.connected,
    onBroadcast: broadcaster.listen,
    onConnect: joined.add,
    onDisconnect: left.add,
    reconnect: () => links.retain(() => false, 'another machine may have this key'),
    setInvitations: members.setInvitations,
    setRemoved: members.setRemoved,
    handle: (protocol, handler) => setProtocol(protocol, requests.member(handler)),
    onJoin: handler => setProtocol(joinProtocol, requests.joiner(handler)),
    onRemoved: handler => setProtocol(removedProtocol, requests.removed(handler)),
    onTold: told.add,
    onProof(handler) {
      const onRequest = async (from: PeerKey, proof: Uint8Array) => {
        await handler(proof).then(
          () => members.prove(from),
          error => log.debug({ peer: from, err: error }, 'it proves nothing'),
        )
        return outdatedAnswer
      }
      setProtocol(outdatedProtocol, requests.stranger(onRequest))
    },
    proveWith(given) {
      proofFor = given
    },
    broadcast(bytes) {
      checkSize(bytes)
      broadcaster.send(bytes)
    },
    async request(to, protocol, bytes, timeoutMs) {
      checkSize(bytes)
      const connection = links.primary(to)
      const name = members.nameOf(to)
      if (!connection) throw new SkeinError('unreachable', `${name} is not connected: see \`skein peer ls\``)
      return ask(signal => connection.newStream(protocol, { signal }), bytes, { clock, timeoutMs, name })
    },
    setMembers(list) {
      if (!members.set(list)) return
      links.retain(members.has)
      if (node) dialer.set(members.keys())
    },
    placesOf(peer) {
      const now = links.all(peer).map(hostOf)
      return [...new Set([...now, ...places.of(peer)])].sort()
    },
    async start() {
      const gater = createGater({ members, isOpen: () => node !== undefined, clock, log })
      const created = await createMeshNode({ seed, listen: [listenMultiaddr(listen)], gater }, meshId, members)
      created.addEventListener('connection:open', ({ detail }) => connectionOpened(detail))
      for (const [protocol, onStream] of protocols) await created.handle(protocol, onStream, handlerOptions)
      // connections may come in before `start` resolves
      node = created
      await startNode(created, options.listen).catch(error => {
        node = undefined
        throw error
      })
      broadcaster.join(created)
      links.start()
      dialer.set(members.keys())
    },
    async stop() {
      const stopping = node
      node = undefined
      broadcaster.leave()
      dialer.stop()
      links.stop()
      guests.stop()
      strangers.stop()
      await Promise.race([stopping?.stop(), sleep(clock, stopLimitMs)])
    },
    listenAddress: () => `${listen.host}:${(node && portOf(node)) ?? listen.port}`,
  }
}

/** Streams of one protocol on one connection; requests.ts counts those of a peer. */
const handlerOptions = { maxInboundStreams: 64, maxOutboundStreams: 256, force: true } as const

function listenOption(text: string): Address {
  const address = parseAddress(text)
  if (address) return address
  throw new SkeinError(
    'invalid',
    `"${text.slice(0, 60)}" is no address to listen on: pass --listen with IPv4-ADDRESS:PORT`,
  )
}

async function startNode(node: MeshNode, listen: string): Promise<void> {
  try {
    await node.start()
  } catch (error) {
    await node.stop()
    const reason = error instanceof AggregateError ? error.errors.map(errorText).join(', ') : errorText(error)
    const text = `cannot listen on ${listen} (${reason}): free that port, or pass another --listen`
    throw new SkeinError('unavailable', text, { cause: error })
  }
}

function hostOf(connection: Connection): string {
  return remoteAddress(connection.remoteAddr).split(':')[0] ?? ''
}

function portOf(node: MeshNode): number | undefined {
  const [first] = node.getMultiaddrs()
  const port = first && Number(remoteAddress(first).split(':')[1])
  return port || undefined
}

function checkSize(bytes: Uint8Array): void {
  if (bytes.length <= maxMessageBytes) return
  throw new SkeinError('invalid', `a message of ${bytes.length} bytes is too large: at most ${maxMessageBytes}`)
}
