/** Endpoints and VTEPs as they take effect, with those that successors took over. Part of the registry. */
import type { PeerKey } from '../lib/keys.ts'
import type { NetworkId } from '../model/network.ts'
import type { EndpointTable } from './endpoint-table.ts'
import type { Endpoint, EndpointsView, Vtep } from './endpoints-view.ts'
import type { Forks } from './forks.ts'
import type { Merge } from './merge.ts'
import { byPlace, inherited, shownEndpoints, shownVteps } from './shown-endpoints.ts'

export class EndpointReadings implements EndpointsView {
  readonly #merge: Merge
  readonly #forks: Forks

  constructor(merge: Merge, forks: Forks) {
    this.#merge = merge
    this.#forks = forks
  }

  endpoints(network: NetworkId): Endpoint[] {
    const kept = this.#kept(endpoint => endpoint.network === network)
    return this.#placed(inOrder(this.#merge.shown(network), shownEndpoints(kept, this.#merge.showing())))
  }

  *eachEndpoint(network: NetworkId): Iterable<Endpoint> {
    // what others' records add has its place among them
    if (this.#forks.since.size > 0 || !this.#merge.eras.lineage.isEmpty) return yield* this.endpoints(network)
    const { hides, isHandedOut } = this.#merge.showing()
    for (const endpoint of this.#table.eachEndpoint(network)) {
      if (isHandedOut(endpoint) && !hides(endpoint.owner)) yield endpoint
    }
  }

  everGrouped(network: NetworkId): boolean {
    return this.#table.everGrouped(network) || this.#forks.since.size > 0
  }

  endpointsAt(network: NetworkId, ip: number): Endpoint[] {
    return this.#placed(shownEndpoints(this.#held(network, ip), this.#merge.showing()))
  }

  endpoint(owner: PeerKey, id: string): Endpoint | undefined {
    const { lineage } = this.#merge.eras
    if (this.#isHidden(owner) || lineage.later(owner).length > 0) return undefined
    const isOwn = this.#table.hasRecord(owner, id)
    const found = (isOwn ? [owner] : lineage.earlier(owner)).flatMap(
      key => this.#table.endpoint(key, id) ?? this.#kept(each => each.owner === key && each.id === id),
    )
    return inherited(found, this.#merge.showing())[0]
  }

  endpointsVersion(network: NetworkId): number {
    return this.#merge.eras.numberedEndpoints(this.#table.version(network))
  }

  changedAddresses(network: NetworkId, since: number): readonly number[] | undefined {
    const version = this.#merge.eras.endpointsVersion(since)
    return version === undefined ? undefined : this.#table.changedAddresses(network, version)
  }

  endpointsOf(owner: PeerKey): Endpoint[] {
    const { lineage } = this.#merge.eras
    if (lineage.later(owner).length > 0) return []
    const keys = [owner, ...lineage.earlier(owner)]
    return inherited(
      keys.flatMap(key =>
        inOrder(
          this.#table.endpointsOf(key),
          this.#kept(({ owner }) => owner === key),
        ),
      ),
      this.#merge.showing(),
    )
  }

  ownedVersion(owner: PeerKey): number {
    const keys = [owner, ...this.#merge.eras.lineage.earlier(owner)]
    const changes = keys.reduce((sum, key) => sum + this.#table.ownedVersion(key), 0)
    return this.#merge.eras.numbered(changes)
  }

  holders(network: NetworkId, ip: number): Endpoint[] {
    const { gone } = this.#merge.removals
    const all = inherited(this.#held(network, ip), this.#merge.showing())
    const shown = all.filter(({ owner }) => !this.#isHidden(owner))
    if (shown.length === all.length) return all
    // the containers of a host that is gone, but not known to be down, may still run (R5); a host that is back under another key
    // has registered its own
    const isBack = ({ id }: Endpoint) => shown.some(other => other.id === id)
    return all.filter(
      endpoint => shown.includes(endpoint) || (!gone.get(endpoint.owner)?.asserted && !isBack(endpoint)),
    )
  }

  duplicates(network: NetworkId): number[] {
    const owners = (ip: number) => new Set(this.holders(network, ip).map(({ owner }) => owner))
    return this.#table.duplicates(network).filter(ip => owners(ip).size > 1)
  }

  wasEndpoint(network: NetworkId, ip: number): boolean {
    return this.#table.wasEndpoint(network, ip)
  }

  vteps(network: NetworkId): Vtep[] {
    const shown = shownVteps(this.#table.vteps(network), this.#merge.showing())
    if (this.#forks.since.size === 0) return shown
    return shown.flatMap(
      vtep => (vtep.recordedBy ? undefined : this.#forks.places(vtep.owner)?.vteps(network)) ?? [vtep],
    )
  }

  vtepsVersion(network: NetworkId): number {
    return this.#merge.eras.numbered(this.#table.vtepsVersion(network))
  }

  vnisVersion(): number {
    return this.#merge.eras.numbered(this.#table.vniVersion)
  }

  vnisOf(owner: PeerKey): Map<number, NetworkId> {
    const earlier = this.#merge.eras.lineage.earlier(owner)
    const vnis = [...earlier, owner].flatMap(key => [...this.#table.vnisOf(key)])
    return new Map(vnis)
  }

  /** Live ones at addresses that nobody hands out, in no order of networks. */
  misplaced(networks: readonly NetworkId[]): Endpoint[] {
    const { isHandedOut } = this.#merge.showing()
    return networks.flatMap(id => this.#table.endpoints(id).filter(endpoint => !isHandedOut(endpoint)))
  }

  freeHint(network: NetworkId, owner: PeerKey): number | undefined {
    return this.#table.freeHint(network, owner)
  }

  #held(network: NetworkId, ip: number): Endpoint[] {
    const kept = this.#kept(endpoint => endpoint.network === network && endpoint.ip === ip)
    return inOrder(this.#table.holders(network, ip), kept)
  }

  /** Of a forked owner's endpoints that are ended those that another of its machines ended, which does not count (R8). */
  #kept(isMeant: (endpoint: Endpoint) => boolean): Endpoint[] {
    if (this.#forks.since.size === 0) return []
    const isEnded = ({ owner, id }: Endpoint) => this.#table.hasRecord(owner, id) && !this.#table.endpoint(owner, id)
    return this.#forks.kept().filter(endpoint => isMeant(endpoint) && isEnded(endpoint))
  }

  #placed(endpoints: Endpoint[]): Endpoint[] {
    if (this.#forks.since.size === 0) return endpoints
    return endpoints.map(endpoint => {
      const { owner, id, recordedBy } = endpoint
      const at = recordedBy ? undefined : this.#forks.places(owner)?.addressOf(id)
      return at === undefined ? endpoint : { ...endpoint, at }
    })
  }

  get #table(): EndpointTable {
    return this.#merge.tables.endpoints
  }

  #isHidden(owner: PeerKey): boolean {
    return this.#merge.removals.hides(owner)
  }
}

/** Both, sorted by (network, ip, owner, id) as each of them is. */
function inOrder(endpoints: Endpoint[], more: readonly Endpoint[]): Endpoint[] {
  return more.length === 0 ? endpoints : [...endpoints, ...more].sort(byPlace)
}
