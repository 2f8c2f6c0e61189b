/** Endpoints and VTEPs as they take effect, without those of hosts that are gone. Part of the registry. */
import type { PeerKey } from '../lib/keys.ts'
import type { NetworkId } from '../model/network.ts'
import type { EndpointTable } from './endpoint-table.ts'
import type { Merge } from './merge.ts'
import type { Endpoint, Vtep } from './registry-view.ts'

export class EndpointReadings {
  readonly #merge: Merge

  constructor(merge: Merge) {
    this.#merge = merge
  }

  endpoints(network: NetworkId): Endpoint[] {
    return this.#table.endpoints(network).filter(({ owner }) => !this.#isHidden(owner))
  }

  endpointsAt(network: NetworkId, ip: number): Endpoint[] {
    return this.#table.holders(network, ip).filter(({ owner }) => !this.#isHidden(owner))
  }

  endpoint(owner: PeerKey, id: string): Endpoint | undefined {
    return this.#isHidden(owner) ? undefined : this.#table.endpoint(owner, id)
  }

  endpointsVersion(network: NetworkId): number {
    return this.#merge.numbered(this.#table.version(network))
  }

  changedAddresses(network: NetworkId, since: number): readonly number[] | undefined {
    const version = this.#merge.tableVersion(since)
    return version === undefined ? undefined : this.#table.changedAddresses(network, version)
  }

  endpointsOf(owner: PeerKey): Endpoint[] {
    return this.#table.endpointsOf(owner)
  }

  ownedVersion(owner: PeerKey): number {
    return this.#merge.numbered(this.#table.ownedVersion(owner))
  }

  holders(network: NetworkId, ip: number): Endpoint[] {
    const { gone } = this.#merge.removals
    // the containers of a host that is gone, but not known to be down, may still run (R5)
    return this.#table.holders(network, ip).filter(({ owner }) => !this.#isHidden(owner) || !gone.get(owner)?.asserted)
  }

  duplicates(network: NetworkId): number[] {
    return this.#table.duplicates(network).filter(ip => this.holders(network, ip).length > 1)
  }

  wasEndpoint(network: NetworkId, ip: number): boolean {
    return this.#table.wasEndpoint(network, ip)
  }

  vteps(network: NetworkId): Vtep[] {
    return this.#table.vteps(network).filter(({ owner }) => !this.#isHidden(owner))
  }

  vtepsVersion(network: NetworkId): number {
    return this.#merge.numbered(this.#table.vtepsVersion(network))
  }

  vnisVersion(): number {
    return this.#merge.numbered(this.#table.vniVersion)
  }

  vnisOf(owner: PeerKey): Map<number, NetworkId> {
    return this.#table.vnisOf(owner)
  }

  freeHint(network: NetworkId, owner: PeerKey): number | undefined {
    return this.#table.freeHint(network, owner)
  }

  get #table(): EndpointTable {
    return this.#merge.tables.endpoints
  }

  #isHidden(owner: PeerKey): boolean {
    return this.#merge.removals.hides(owner)
  }
}
