/** To whom an owner gives addresses. */
import type { RegistryView } from '../crdt/registry-view.ts'
import { isGoing } from '../crdt/removal-readings.ts'
import { SkeinError } from '../lib/errors.ts'
import type { PeerKey } from '../lib/keys.ts'
import type { NetworkId } from '../model/network.ts'
import type { Replica } from '../replica/replica.ts'

/** The asker may be ahead: it has just settled, or the network is new. Records take milliseconds to arrive. */
const catchUpLimitMs = 1000

/** Throws the reason when, after a moment, the asker still is not entitled. */
export async function catchUp(replica: Replica, asker: PeerKey, network: NetworkId): Promise<void> {
  const isEntitled = (view: RegistryView) => view.member(asker)?.settled === true && view.network(network) !== undefined
  if (isEntitled(replica.view)) return
  await replica.waitFor(isEntitled, catchUpLimitMs).catch(() => {
    if (!replica.view.member(asker)?.settled) throw new SkeinError('forbidden', 'only settled members own addresses')
    throw new SkeinError('not-found', 'network is unknown here')
  })
}

/** Between settled members (R4), in a network that takes new endpoints. */
export function mayGive(view: RegistryView, self: PeerKey, to: PeerKey, network: NetworkId): boolean {
  return view.member(self)?.settled === true && isTaker(view, self, to) && view.network(network)?.status === 'live'
}

/** True for a member that may be given what this one owns: settled, and on its way out for nobody whom this one has promised that (R9). */
export function isTaker(view: RegistryView, self: PeerKey, to: PeerKey): boolean {
  // what a forked peer would do with it, two machines might do (R8)
  return self !== to && view.member(to)?.settled === true && !view.isFenced(to) && !isGoing(view, self, to)
}
