/**
 * All connections to members. A pair that dials at the same moment has two. Each side uses one of those that live, its *primary*:
 * of young ones that which the side with the smaller key dialled, so that both use the same; else the first. The side with the
 * smaller key closes what is too many, which nobody uses any more by then.
 */
import type { Connection } from '@libp2p/interface'
import type { Clock, Timer } from '../lib/clock.ts'
import type { PeerKey } from '../lib/keys.ts'
import { createLink, type Link, pingIntervalMs } from './link.ts'

/** A tick that comes later than this, ms, says that the process was busy, not that others are silent. */
const lateMs = 500
/** Ticks after which a second connection is closed: the other side has seen the first one live by then. */
const duplicateAge = 3

export interface LinkEvents {
  /** The first connection to `peer` lives. */
  up(peer: PeerKey): void
  /** The one in use ended, and another is used from now on: it may lead to another machine with the same key (R8). */
  replaced(peer: PeerKey): void
  /** The last living connection to `peer` is gone. */
  down(peer: PeerKey): void
  /** `connection` is the one to use from now on. */
  primary(peer: PeerKey, connection: Connection): void
  /** The other side let us connect and does not take us for a member. */
  unheard(peer: PeerKey, connection: Connection): void
  /** A connection ended that never lived. `refused`: the other side ended it. */
  failed(peer: PeerKey, refused: boolean): void
}

export interface Links {
  /** Takes a new connection to or from a member. */
  add(peer: PeerKey, connection: Connection): void
  /** Any connection, living or not yet. */
  has(peer: PeerKey): boolean
  primary(peer: PeerKey): Connection | undefined
  /** Its connections, living or not yet. */
  all(peer: PeerKey): Connection[]
  connected(): PeerKey[]
  /** Cuts the connections of all peers that `keep` is false for. @param reason default: they are no members any more */
  retain(keep: (peer: PeerKey) => boolean, reason?: string): void
  start(): void
  stop(): void
}

export function createLinks(self: PeerKey, clock: Clock, events: LinkEvents): Links {
  const links = new Map<PeerKey, Link[]>()
  const primaries = new Map<PeerKey, Link>()
  let timer: Timer | undefined

  /** Both sides say the same of it, unless one has got to know it late. */
  const isPreferred = ({ peer, connection, age }: Link) =>
    age <= duplicateAge && connection.direction === (self < peer ? 'outbound' : 'inbound')

  function promote(peer: PeerKey): void {
    const wasUp = primaries.delete(peer)
    const living = links.get(peer)?.filter(link => link.alive) ?? []
    const next = living.find(isPreferred) ?? living[0]
    if (next) {
      primaries.set(peer, next)
      events.primary(peer, next.connection)
      if (!wasUp) events.up(peer)
    } else if (wasUp) events.down(peer)
  }

  function remove(link: Link): void {
    const others = links.get(link.peer)?.filter(other => other !== link) ?? []
    if (others.length > 0) links.set(link.peer, others)
    else links.delete(link.peer)
    if (primaries.get(link.peer) === link) {
      promote(link.peer)
      if (primaries.has(link.peer)) events.replaced(link.peer)
    } else if (!link.alive) events.failed(link.peer, link.connection.direction === 'outbound' && !link.cut)
  }

  function closeDuplicates(peer: PeerKey, all: readonly Link[]): void {
    const primary = primaries.get(peer)
    if (all.length < 2 || !primary || self > peer) return
    for (const link of all) if (link !== primary && link.age > duplicateAge) link.abort('a second connection')
  }

  function tick(due: number): void {
    const late = clock.monotonic() - due > lateMs
    for (const [peer, all] of [...links]) {
      for (const link of [...all]) {
        link.tick(late)
      }
      closeDuplicates(peer, links.get(peer) ?? [])
    }
    schedule()
  }

  function schedule(): void {
    const due = clock.monotonic() + pingIntervalMs
    timer = clock.after(pingIntervalMs, () => tick(due))
  }

  return {
    add(peer, connection) {
      const link = createLink(peer, connection, {
        alive() {
          if (!links.get(peer)?.includes(link)) return
          const primary = primaries.get(peer)
          // an old one may lead to another machine with the same key, which stays the one that is used (R8)
          const isOneOfTwo = primary !== undefined && primary.age <= duplicateAge && !isPreferred(primary)
          if (!primary || (isOneOfTwo && isPreferred(link))) promote(peer)
        },
        unheard: () => events.unheard(peer, connection),
      })
      links.set(peer, [...(links.get(peer) ?? []), link])
      connection.addEventListener('close', () => {
        if (links.get(peer)?.includes(link)) remove(link)
      })
      // libp2p announces connections that the other side has closed by now, and never says so
      if (connection.status !== 'open') remove(link)
    },
    has: peer => links.has(peer),
    primary: peer => primaries.get(peer)?.connection,
    all: peer => (links.get(peer) ?? []).map(link => link.connection),
    connected: () => [...primaries.keys()].sort(),
    retain(keep, reason = 'no longer a member') {
      for (const link of [...links.values()].flat()) if (!keep(link.peer)) link.abort(reason)
    },
    start: schedule,
    stop() {
      timer?.cancel()
    },
  }
}
