/** Networks and tenants as they take effect, read from the tables. Part of the registry. */
import type { PeerKey } from '../lib/keys.ts'
import { defaultTenant } from '../model/names.ts'
import type { NetworkId } from '../model/network.ts'
import { maxCounted, uncounted } from './generations.ts'
import type { Hlc } from './hlc.ts'
import type { Merge } from './merge.ts'
import type { Drain, Network, NetworksView } from './networks-view.ts'
import type { Dot } from './vector.ts'

export class NetworkReadings implements NetworksView {
  readonly #merge: Merge
  #list = new Map<NetworkId, Network>()
  #listVersion = -1

  constructor(merge: Merge) {
    this.#merge = merge
  }

  networksVersion(): number {
    return this.#merge.listVersion
  }

  tenants(): string[] {
    const { tenants, objects } = this.#merge.tables
    const owners = [...this.networks().map(network => network.tenant), ...objects.tenants()]
    const names = new Set([...tenants.names(), ...owners])
    names.delete(defaultTenant)
    return [defaultTenant, ...[...names].sort()]
  }

  hasTenant(name: string): boolean {
    return name === defaultTenant || this.tenantActs(name).length > 0 || this.tenants().includes(name)
  }

  networks(tenant?: string): Network[] {
    const all = [...this.#networkMap().values()]
    return tenant === undefined ? all : all.filter(network => network.tenant === tenant)
  }

  network(id: NetworkId): Network | undefined {
    return this.#networkMap().get(id)
  }

  networkByName(tenant: string, name: string): Network | undefined {
    return this.networks(tenant).find(network => network.name === name && network.status === 'live')
  }

  isDeleted(id: NetworkId): boolean {
    return this.#merge.tables.networks.isDeleted(id)
  }

  drain(id: NetworkId): Drain | undefined {
    const record = this.#merge.tables.networks.drainOf(id)
    return record?.leaf.into ? { into: record.leaf.into, by: record.dot.writer, since: record.hlc } : undefined
  }

  deletedSince(id: NetworkId): Hlc | undefined {
    return this.#merge.tables.networks.deletedSince(id)
  }

  heldBy(id: NetworkId): PeerKey[] {
    const { removals, tables } = this.#merge
    const members = tables.membership.members()
    return tables.holds.holders(id).filter(key => members.has(key) && !removals.hides(key))
  }

  actsOf(id: NetworkId): Dot[] {
    return this.#merge.tables.networks.actsOf(id)
  }

  tenantActs(name: string): Dot[] {
    return this.#merge.tables.tenants.acts(name)
  }

  nextGeneration(tenant: string, name: string): number {
    const next = this.#merge.tables.networks.generations.next(tenant, name)
    if (next <= maxCounted) return next
    return uncounted(tenant, name, this.#merge.counters())
  }

  #networkMap(): ReadonlyMap<NetworkId, Network> {
    if (this.#listVersion !== this.#merge.listVersion) {
      const list = this.#newList()
      this.#list = new Map(list.map(network => [network.id, network]))
      this.#listVersion = this.#merge.listVersion
    }
    return this.#list
  }

  #newList(): Network[] {
    const { tables } = this.#merge
    const members = tables.membership.members()
    return tables.networks.list({
      // a network whose roster names a peer that is not (yet known to be) settled takes no effect
      roster: hash => {
        const keys = tables.content.roster(hash)
        return keys && keys.length > 0 && keys.every(key => members.get(key)?.settled) ? keys : undefined
      },
      isUsed: id => this.#hasEndpoints(id) || this.heldBy(id).length > 0,
    })
  }

  #hasEndpoints(id: NetworkId): boolean {
    const { removals, tables, eras } = this.#merge
    if (removals.gone.size === 0 && eras.lineage.isEmpty) return tables.endpoints.hasEndpoints(id)
    return this.#merge.shown(id).length > 0
  }
}
