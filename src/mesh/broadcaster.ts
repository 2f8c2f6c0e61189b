/** Broadcasts, both ways out and both ways in: straight to connected members and by gossip, each content delivered once. */
import type { Connection } from '@libp2p/interface'
import type { Clock } from '../lib/clock.ts'
import type { PeerKey } from '../lib/keys.ts'
import type { Logger } from '../lib/log.ts'
import { type Gossip, joinGossip } from './gossip.ts'
import { createListeners } from './listeners.ts'
import type { Members } from './members.ts'
import type { MeshNode } from './node.ts'
import { createPush, receivePushes } from './push.ts'
import { type OnStream, onlyFor } from './requests.ts'
import { createSeen } from './seen.ts'

export interface Broadcaster {
  send(bytes: Uint8Array): void
  listen(listener: (from: PeerKey, bytes: Uint8Array) => void): void
  /** Reaches `peer` over `connection` from now on. */
  attach(peer: PeerKey, connection: Connection): void
  detach(peer: PeerKey): void
  /** Takes part in gossip, on a started node. */
  join(node: MeshNode): void
  leave(): void
  /** Reads what members push. */
  readonly onPush: OnStream
}

export interface BroadcasterDeps {
  meshId: string
  members: Members
  clock: Clock
  log: Logger
}

export function createBroadcaster({ meshId, members, clock, log }: BroadcasterDeps): Broadcaster {
  const push = createPush(clock, log)
  const seen = createSeen()
  const listeners = createListeners<[from: PeerKey, bytes: Uint8Array]>(log)
  const attached = new Map<PeerKey, Connection>()
  let gossip: Gossip | undefined

  function receive(from: PeerKey, bytes: Uint8Array): void {
    if (members.has(from) && seen.add(bytes)) listeners.call(from, bytes)
  }

  return {
    send(bytes) {
      seen.add(bytes)
      push.send(bytes)
      gossip?.publish(bytes)
    },
    listen: listeners.add,
    attach(peer, connection) {
      attached.set(peer, connection)
      push.attach(peer, connection)
      gossip?.introduce(connection)
    },
    detach(peer) {
      attached.delete(peer)
      push.detach(peer)
    },
    join(node) {
      gossip = joinGossip(node.services, meshId, receive, log)
      for (const connection of attached.values()) gossip.introduce(connection)
    },
    leave() {
      gossip = undefined
    },
    onPush: onlyFor(members.has, (stream, from) => receivePushes(stream, bytes => receive(from, bytes))),
  }
}
