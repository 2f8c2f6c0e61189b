/**
 * Broadcasts by gossip: they reach members that the sender is not connected to. Only members take part, though libp2p
 * offers the protocol on every connection: see `guard`. Nothing is signed here; batches are, and noise has told who
 * the neighbour is.
 */
import { type GossipSubComponents, gossipsub, StrictNoSign } from '@libp2p/gossipsub'
import { type IdentifyComponents, identify } from '@libp2p/identify'
import type { Connection } from '@libp2p/interface'
import { sha256 } from '../lib/bytes.ts'
import type { PeerKey } from '../lib/keys.ts'
import type { Logger } from '../lib/log.ts'
import type { Members } from './members.ts'
import { peerKeyOf } from './peer-id.ts'

/** Larger broadcasts go straight only: the history that gossip keeps of each message must stay small. */
export const maxGossipBytes = 128 * 1024
/** A neighbour's packet holds several messages when it answers what we asked for. */
const maxPacketBytes = 2 * 1024 * 1024

type Registrar = GossipSubComponents['registrar']

/** The two libp2p services that gossip needs, closed to all but members. */
export function gossipServices(meshId: string, members: Members) {
  const topic = topicOf(meshId)
  return {
    identify: (components: IdentifyComponents) => {
      const { peerId, privateKey, peerStore, addressManager, events, logger, nodeInfo } = components
      const registrar = guard(components.registrar, members)
      // run by hand on living connections to members: it is what makes gossip notice them
      return identify({ runOnConnectionOpen: false, maxInboundStreams: 4, maxOutboundStreams: 4 })({
        ...{ peerId, privateKey, peerStore, registrar, addressManager, events, logger, nodeInfo },
      })
    },
    gossip: (components: GossipSubComponents) => {
      const { privateKey, peerId, peerStore, connectionManager, logger } = components
      const registrar = guard(components.registrar, members)
      return gossipsub({
        globalSignaturePolicy: StrictNoSign,
        msgIdFn: message => sha256(message.data),
        allowedTopics: [topic],
        allowPublishToZeroTopicPeers: true,
        ignoreDuplicatePublishError: true,
        fallbackToFloodsub: false,
        tagMeshPeers: false,
        maxInboundDataLength: maxPacketBytes,
        maxOutboundBufferSize: 4 * maxPacketBytes,
        // scores are for open networks: here they would punish hosts that share an address or were away
        scoreParams: { IPColocationFactorWeight: 0, behaviourPenaltyWeight: 0 },
      })({ privateKey, peerId, peerStore, registrar, connectionManager, logger })
    },
  }
}

/**
 * The registrar, with every protocol handler registered through it closed to non-members. (libp2p's own middleware
 * cannot be used: it adds the handler to the list of middleware again for each stream.)
 */
function guard(registrar: Registrar, members: Members): Registrar {
  const handle: Registrar['handle'] = (protocol, handler, options) =>
    registrar.handle(
      protocol,
      (stream, connection) => {
        const peer = peerKeyOf(connection.remotePeer)
        if (peer !== undefined && members.has(peer)) return handler(stream, connection)
        stream.abort(new Error('for members only'))
      },
      options,
    )
  return Object.assign(Object.create(registrar) as Registrar, { handle })
}

/** Where the broadcasts of a mesh are. */
export function topicOf(meshId: string): string {
  return `skein/${meshId}/1`
}

type Services = {
  [Name in keyof ReturnType<typeof gossipServices>]: ReturnType<ReturnType<typeof gossipServices>[Name]>
}

export interface Gossip {
  publish(bytes: Uint8Array): void
  /** Makes gossip notice the member at the other end of `connection`. */
  introduce(connection: Connection): void
}

/** Joins the topic of the mesh on a started node. `onBytes` is told the neighbour that passed a message on. */
export function joinGossip(
  { identify, gossip }: Services,
  meshId: string,
  onBytes: (from: PeerKey, bytes: Uint8Array) => void,
  log: Logger,
): Gossip {
  const topic = topicOf(meshId)
  gossip.subscribe(topic)
  gossip.addEventListener('gossipsub:message', ({ detail: { propagationSource, msg } }) => {
    const from = peerKeyOf(propagationSource)
    if (from !== undefined && msg.topic === topic) onBytes(from, msg.data)
  })
  const quietly = (promise: Promise<unknown>, what: string) =>
    promise.catch((error: unknown) => log.debug({ err: error }, what))
  return {
    publish(bytes) {
      if (bytes.length <= maxGossipBytes) void quietly(gossip.publish(topic, bytes), 'gossip was not published')
    },
    introduce: connection => void quietly(identify.identify(connection), 'member was not introduced to gossip'),
  }
}
