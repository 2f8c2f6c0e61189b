/**
 * Which VNI this host receives a network on. There is no global one: each host chooses, publishes its choice with its
 * VTEP, and senders set it per destination. A VNI that ever carried another network here is never taken again (I4).
 */
import type { RegistryView } from '../crdt/registry-view.ts'
import type { PeerKey } from '../lib/keys.ts'
import type { NetworkId } from '../model/network.ts'

/** The upper half of the 24-bit space is Skein's own choice; the lower half is left to `--pkt-tag`. */
export const firstChosenVni = 0x800000
const lastVni = 0xfffffe

/** Carries nothing but the probes between hosts; never a network, here or on any other host. */
export const probeVni = 0xffffff

/** Tries before giving up: that many clashes in a row in 8 million numbers mean that something else is wrong. */
const maxTries = 64

export interface VniWishes {
  /** From this host's own VTEP record. */
  readonly recorded?: number | undefined
  /** Of the device that an earlier run left. */
  readonly existing?: number | undefined
  /** The network's `pktTag`; 0 for none. */
  readonly pktTag: number
}

/** VNIs to try, best first, each once: what others may already send to, then what the user prefers, then the id's hash. */
export function vniCandidates(network: NetworkId, wishes: VniWishes, taken: ReadonlyMap<number, NetworkId>): number[] {
  const found = new Set<number>()
  const offer = (vni: number | undefined) => {
    if (vni === undefined || !isVni(vni)) return
    const holder = taken.get(vni)
    if (holder === undefined || holder === network) found.add(vni)
  }
  offer(wishes.recorded)
  offer(wishes.existing)
  offer(wishes.pktTag)
  const half = probeVni - firstChosenVni
  const start = Number.parseInt(network.slice(0, 8), 16) % half
  for (let step = 0; step < maxTries; step++) offer(firstChosenVni + ((start + step) % half))
  return [...found]
}

/**
 * Every VNI that this host has received a network on, under its present key and under the earlier keys of the same VTEP
 * address (R8: a host that lost its state comes back under a new key, and senders may still hold its old records).
 */
export function takenVnis(
  view: Pick<RegistryView, 'members' | 'vnisOf'>,
  self: PeerKey,
  vtepAddress: string,
): Map<number, NetworkId> {
  const taken = new Map<number, NetworkId>()
  for (const member of view.members()) {
    if (member.key === self || member.vtepAddress !== vtepAddress) continue
    for (const [vni, network] of view.vnisOf(member.key)) taken.set(vni, network)
  }
  for (const [vni, network] of view.vnisOf(self)) taken.set(vni, network)
  return taken
}

export function isVni(value: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= lastVni
}
