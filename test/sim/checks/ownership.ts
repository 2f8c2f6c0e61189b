/** I1, its first half: no two peers hold it true at once that they may hand out one block, or one carved-out address. */
import type { RegistryView } from '../../../src/crdt/registry-view.ts'
import type { PeerKey } from '../../../src/lib/keys.ts'
import { formatIp, parseIp } from '../../../src/model/ip.ts'
import type { Copies } from '../copies.ts'

export class OwnershipCheck {
  /** `network/index` -> the host that claims it, and by which key. */
  readonly #owners = new Map<string, { host: string; key: PeerKey }>()
  readonly #claims = new Map<string, Set<string>>()
  readonly #violate: (invariant: string, details: string) => void
  readonly #excuses: Copies['excuses']

  constructor(violate: (invariant: string, details: string) => void, excuses: Copies['excuses']) {
    this.#violate = violate
    this.#excuses = excuses
  }

  /** The process of the host is gone: nobody there hands anything out. */
  gone(host: string): void {
    for (const slot of this.#claims.get(host) ?? []) this.#owners.delete(slot)
    this.#claims.delete(host)
  }

  /**
   * To be called after each change of the host's view.
   * @param isFenced it hands nothing out any more, whatever its records say: whoever leaves does not see its own end
   */
  look(host: string, self: PeerKey, view: RegistryView, isFenced: boolean): void {
    const claims = isFenced ? new Set<string>() : claimsOf(self, view)
    for (const slot of this.#claims.get(host) ?? []) if (!claims.has(slot)) this.#owners.delete(slot)
    for (const slot of claims) {
      const other = this.#owners.get(slot)
      if (other !== undefined && other.host !== host && !this.#isExcused(slot, [other.key, self])) {
        this.#violate('I1', `${other.host} and ${host} both own ${slot.split('/')[1]} of network ${slot.slice(0, 6)}`)
      }
      this.#owners.set(slot, { host, key: self })
    }
    this.#claims.set(host, claims)
  }

  #isExcused(slot: string, owners: readonly PeerKey[]): boolean {
    const [network = '', place = ''] = slot.split('/')
    const index = Number(place.replace('block ', ''))
    return this.#excuses(network, Number.isNaN(index) ? { ip: parseIp(place) ?? 0 } : { index }, owners)
  }
}

function claimsOf(self: PeerKey, view: RegistryView): Set<string> {
  const claims = new Set<string>()
  if (!view.member(self)?.settled) return claims
  for (const { id } of view.networks()) {
    const count = view.blockCount(id)
    for (let index = 0; index < count; index++) {
      const block = view.block(id, index)
      if (block?.owner === self && !block.quarantined) claims.add(`${id}/block ${index}`)
    }
    for (const ip of view.carved(id)) {
      const address = view.address(id, ip)
      if (address?.owner === self && !address.quarantined) claims.add(`${id}/${formatIp(ip)}`)
    }
  }
  return claims
}
