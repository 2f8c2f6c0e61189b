/** Whom hosts let in, and these in turn: the one walk along admissions. */
import type { PeerKey } from '../lib/keys.ts'
import type { ListedAdmission } from './leaves.ts'

/** Whom a chain of these admissions leads to from one of `hosts`; of the hosts themselves those that are let in so, too. */
export function guestsOf(hosts: Iterable<PeerKey>, admissions: Iterable<ListedAdmission>): Set<PeerKey> {
  const letIn = new Map<PeerKey, PeerKey[]>()
  for (const { key, dot } of admissions) {
    const keys = letIn.get(dot.writer)
    if (keys) keys.push(key)
    else letIn.set(dot.writer, [key])
  }
  const guests = new Set<PeerKey>()
  const follow = (host: PeerKey) => {
    for (const guest of letIn.get(host) ?? []) guests.add(guest)
  }
  for (const host of hosts) follow(host)
  // who is added while it is walked is walked, too
  for (const guest of guests) follow(guest)
  return guests
}
