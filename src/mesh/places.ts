/** From where members were connected lately: two machines with one key are seen at two places. */
import type { Clock } from '../lib/clock.ts'
import type { PeerKey } from '../lib/keys.ts'

/** So long a place is remembered, ms: a machine that is refused dials again within seconds. */
const rememberedMs = 60_000
/** Of one member; more say nothing new. */
const maxPlaces = 16

export interface Places {
  /** There is, or was just now, a connection with `peer` at the address. */
  seen(peer: PeerKey, address: string): void
  of(peer: PeerKey): readonly string[]
}

export function createPlaces(clock: Clock): Places {
  const places = new Map<PeerKey, Map<string, number>>()
  const fresh = (peer: PeerKey) => {
    const now = clock.monotonic()
    return [...(places.get(peer) ?? [])].filter(([, seenMs]) => now - seenMs < rememberedMs)
  }
  return {
    seen(peer, address) {
      const left = fresh(peer).filter(([other]) => other !== address)
      places.set(peer, new Map([...left.slice(1 - maxPlaces), [address, clock.monotonic()]]))
    },
    of: peer => fresh(peer).map(([address]) => address),
  }
}
