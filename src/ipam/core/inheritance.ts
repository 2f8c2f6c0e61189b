/**
 * When addresses that this host has as the heir of a removed one may be handed out (R7). Nobody tells an heir what was freed lately:
 * not the one that is gone, whose last records may lie above its cut, nor a host that came back under a new key and stops a
 * container whose address the heir owns. So such an address cools down from the moment at which this host saw that it is the
 * heir, and from each change of the endpoints that hold it. Memory of this run of the process; pure.
 */
import type { RegistryView } from '../../crdt/registry-view.ts'
import type { PeerKey } from '../../lib/keys.ts'
import type { NetworkId } from '../../model/network.ts'
import { custodyOf } from './geometry.ts'
import { coolDownMs, type Ledger } from './ledger.ts'

/** What was seen of a network's endpoints; times are of the monotonic clock, ms. */
interface Look {
  version: number
  /** Whatever changed before then is not known address by address. */
  sinceMs: number
  /** Addresses with a change within the cool-down, and when it was noticed. */
  readonly changed: Map<number, number>
}

/** Keys whose addresses are now this peer's, because they were removed and are said to be down. */
export function predecessors(view: RegistryView, self: PeerKey): Set<PeerKey> {
  const gone = view.removals().flatMap(({ outcome, targets }) => (outcome === 'effective' ? targets : []))
  return new Set(gone.map(({ key }) => key).filter(key => view.successor(key).owner === self))
}

export class Inheritance {
  readonly #self: PeerKey
  #membersVersion = -1
  /** Since when this host knows that it is the heir of each. */
  readonly #since = new Map<PeerKey, number>()
  readonly #looks = new Map<NetworkId, Look>()

  constructor(self: PeerKey) {
    this.#self = self
  }

  /** Takes note of removals; call it at each change of the view, and at the start. */
  follow(view: RegistryView, nowMs: number): void {
    const version = view.membersVersion()
    if (version === this.#membersVersion) return
    this.#membersVersion = version
    const keys = predecessors(view, this.#self)
    for (const key of this.#since.keys()) if (!keys.has(key)) this.#since.delete(key)
    const fresh = [...keys].filter(key => !this.#since.has(key))
    for (const key of fresh) this.#since.set(key, nowMs)
    if (fresh.length > 0) this.sweep(view, nowMs)
  }

  /** Takes note of endpoints in all networks; the rarer it is called, the later a change is noticed, and the longer it cools down. */
  sweep(view: RegistryView, nowMs: number): void {
    if (this.#since.size === 0) this.#looks.clear()
    for (const id of this.#looks.keys()) if (!view.network(id)) this.#looks.delete(id)
    if (this.#since.size > 0) for (const { id } of view.networks()) this.#look(view, id, nowMs)
  }

  get isEmpty(): boolean {
    return this.#since.size === 0
  }

  /** For how long an own address is nobody's yet because a removal brought it, ms; 0 for all that came otherwise. */
  coolsInMs(view: RegistryView, network: NetworkId, ledger: Ledger, ip: number, nowMs: number): number {
    if (!this.isCooling(view, network, nowMs)) return 0
    const { inheritedFrom } = custodyOf(view, network, ip) ?? {}
    if (inheritedFrom === undefined) return 0
    const heirMs = this.#since.get(inheritedFrom) ?? nowMs
    // what this host has handed out since is in its ledger, which says when it was freed
    const used = ledger.heldEntry(ip) ?? ledger.freedEntry(ip)
    if (used && used.sinceMs >= heirMs) return 0
    const { sinceMs, changed } = this.#look(view, network, nowMs)
    return Math.max(0, coolDownMs - (nowMs - Math.max(heirMs, sinceMs, changed.get(ip) ?? sinceMs)))
  }

  /** False if nothing of the network does. */
  isCooling(view: RegistryView, network: NetworkId, nowMs: number): boolean {
    if (this.#since.size === 0) return false
    const { sinceMs, changed } = this.#look(view, network, nowMs)
    return changed.size > 0 || nowMs - Math.max(sinceMs, ...this.#since.values()) < coolDownMs
  }

  #look(view: RegistryView, network: NetworkId, nowMs: number): Look {
    const version = view.endpointsVersion(network)
    const look = this.#looks.get(network)
    const changed = look && view.changedAddresses(network, look.version)
    if (!look || !changed) {
      const first = { version, sinceMs: nowMs, changed: new Map<number, number>() }
      this.#looks.set(network, first)
      return first
    }
    look.version = version
    for (const ip of changed) look.changed.set(ip, nowMs)
    for (const [ip, atMs] of look.changed) if (nowMs - atMs >= coolDownMs) look.changed.delete(ip)
    return look
  }
}
