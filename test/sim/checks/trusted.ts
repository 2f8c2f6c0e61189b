/**
 * Whose acknowledged writes must be there at rest, and up to which counter. Of hosts that burnt down, left, gave their key up or were copied what nobody else
 * had seen is lost on purpose. Of one that somebody only began to remove it is not: it counts up to the cut once that is effective, and all of it else.
 */
import type { PeerKey } from '../../../src/lib/keys.ts'
import type { Trusted } from '../promises.ts'
import type { World } from '../world.ts'
import type { Running } from './insiders.ts'

export function trustedBy({ promises, copies, hosts }: World, island: readonly Running[]): Trusted {
  const known = new Map<PeerKey, number>()
  const upTo = (writer: PeerKey) => {
    if (!promises.isDoubted(writer)) return Number.POSITIVE_INFINITY
    if (promises.isLost(writer) || promises.isLeaver(writer)) return 0
    // what whoever acknowledged its removal held of it may be gone with that host
    const mayBeLost = copies.any || hosts.some(({ gone, abandoned }) => gone || abandoned.length > 0)
    return Math.min(...island.map(each => limitIn(each, writer, mayBeLost)))
  }
  return writer => {
    const limit = known.get(writer) ?? upTo(writer)
    known.set(writer, limit)
    return limit
  }
}

/** Of a member all, of one that was removed what is not cut off. */
function limitIn({ peer: { replica } }: Running, writer: PeerKey, mayBeLost: boolean): number {
  const { view } = replica
  const limits = view.removals().flatMap(({ outcome, targets, cut = [] }) => {
    const at = targets.findIndex(({ key }) => key === writer)
    return at < 0 || outcome === 'cancelled'
      ? []
      : [outcome === 'effective' ? (cut[at] ?? 0) : 0, mayBeLost ? view.held(writer) : Number.POSITIVE_INFINITY]
  })
  return limits.length > 0 || view.member(writer) ? Math.min(...limits, Number.POSITIVE_INFINITY) : 0
}
