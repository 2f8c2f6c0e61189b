/** Endpoints, VTEPs and free hints: one writer each, the latest record wins. */
import type { PeerKey } from '../lib/keys.ts'
import type { NetworkId } from '../model/network.ts'
import { pack } from './compact.ts'
import {
  endpointOf,
  type HeldEndpoint,
  heldContent,
  holdEndpoint,
  holdTombstone,
  isHeld,
  isOverruled,
  type Tombstone,
} from './endpoint-record.ts'
import type { Hlc } from './hlc.ts'
import type { EndpointLeaf, EndpointRmLeaf, FreeLeaf, VtepLeaf } from './leaves.ts'
import { contentOf, type LeafRecord, type LiveSet, OwnRegisters } from './live-set.ts'
import { NetworkEndpoints } from './network-endpoints.ts'
import type { Endpoint, Vtep } from './registry-view.ts'

/** One owner's endpoints, by id (packed). */
interface Owned {
  readonly owner: PeerKey
  readonly records: Map<string, HeldEndpoint | Tombstone>
  /** Times that a live one came, went or moved. */
  version: number
}

export class EndpointTable {
  readonly #live: LiveSet
  readonly #byOwner = new Map<PeerKey, Owned>()
  readonly #byNetwork = new Map<NetworkId, NetworkEndpoints>()
  readonly #vteps: OwnRegisters<VtepLeaf>
  readonly #free: OwnRegisters<FreeLeaf>
  readonly #vtepsByNetwork = new Map<NetworkId, Map<PeerKey, Vtep>>()
  readonly #vtepVersions = new Map<NetworkId, number>()
  readonly #vnis = new Map<PeerKey, Map<number, NetworkId>>()
  #vniVersion = 0

  constructor(live: LiveSet) {
    this.#live = live
    this.#vteps = new OwnRegisters(live)
    this.#free = new OwnRegisters(live)
  }

  /** Gives the networks whose endpoints changed. */
  putEndpoint(record: LeafRecord<EndpointLeaf | EndpointRmLeaf>): NetworkId[] {
    const { leaf, dot } = record
    const here = this.#inNetwork(leaf.network)
    if (leaf.kind === 'endpoint') here.note(leaf.ip)
    const owned = this.#ownedBy(dot.writer)
    const id = pack(leaf.id)
    const before = owned.records.get(id)
    if (before && isOverruled(record, before)) return []
    const shared = { id: isHeld(before) ? before.id : id, owner: owned.owner, network: here.network }
    const after =
      leaf.kind === 'endpoint'
        ? holdEndpoint({ ...record, leaf }, shared)
        : holdTombstone({ ...record, leaf }, here.network)
    owned.records.set(shared.id, after)
    const slot = `endpoint:${dot.writer}:${leaf.id}`
    this.#live.exchange(slot, before && heldContent(before), contentOf(record))
    if (isHeld(before)) this.#inNetwork(before.network).remove(before)
    if (isHeld(after)) here.add(after)
    if (placeOf(before) !== placeOf(after)) owned.version++
    return before && before.network !== here.network ? [before.network, here.network] : [here.network]
  }

  putVtep(record: LeafRecord<VtepLeaf>): void {
    const { network, address, vni } = record.leaf
    const owner = record.dot.writer
    const vnis = mapIn(this.#vnis, owner, () => new Map<number, NetworkId>())
    // only a forked writer uses one for two networks
    if (network < (vnis.get(vni) ?? 'g')) vnis.set(vni, network)
    this.#vniVersion++
    if (!this.#vteps.put(`vtep:${owner}:${network}`, record).stored) return
    mapIn(this.#vtepsByNetwork, network, () => new Map<PeerKey, Vtep>()).set(owner, { network, owner, address, vni })
    this.#vtepVersions.set(network, this.vtepsVersion(network) + 1)
  }

  putFree(record: LeafRecord<FreeLeaf>): void {
    this.#free.put(`free:${record.dot.writer}:${record.leaf.network}`, record)
  }

  /** Sorted by (ip, owner, id). */
  endpoints(network: NetworkId): Endpoint[] {
    return this.#byNetwork.get(network)?.all().map(endpointOf) ?? []
  }

  /** Changes of the network's endpoints so far. */
  version(network: NetworkId): number {
    return this.#byNetwork.get(network)?.version ?? 0
  }

  changedAddresses(network: NetworkId, since: number): readonly number[] | undefined {
    const found = this.#byNetwork.get(network)
    return found ? found.changedSince(since) : since === 0 ? [] : undefined
  }

  hasEndpoints(network: NetworkId): boolean {
    return (this.#byNetwork.get(network)?.size ?? 0) > 0
  }

  /** Sorted by (network, ip, id). */
  endpointsOf(owner: PeerKey): Endpoint[] {
    const live = [...(this.#byOwner.get(owner)?.records.values() ?? [])].filter(isHeld).map(endpointOf)
    return live.sort((a, b) => order(a.network, b.network) || a.ip - b.ip || order(a.id, b.id))
  }

  ownedVersion(owner: PeerKey): number {
    return this.#byOwner.get(owner)?.version ?? 0
  }

  endpoint(owner: PeerKey, id: string): Endpoint | undefined {
    const record = this.#byOwner.get(owner)?.records.get(pack(id))
    return isHeld(record) ? endpointOf(record) : undefined
  }

  /** True if the owner has written of this endpoint, its end included. */
  hasRecord(owner: PeerKey, id: string): boolean {
    return this.#byOwner.get(owner)?.records.has(pack(id)) ?? false
  }

  /** What is shown of it may be another now, by the record of somebody else. Gives its network. */
  touch(owner: PeerKey, id: string): NetworkId | undefined {
    const owned = this.#byOwner.get(owner)
    const record = owned?.records.get(pack(id))
    if (!owned || !isHeld(record)) return undefined
    owned.version++
    this.#inNetwork(record.network).touch(record.ip)
    return record.network
  }

  holders(network: NetworkId, ip: number): Endpoint[] {
    return this.#byNetwork.get(network)?.holders(ip).map(endpointOf) ?? []
  }

  /** Addresses that endpoints of several owners hold, ascending. */
  duplicates(network: NetworkId): number[] {
    return this.#byNetwork.get(network)?.duplicates() ?? []
  }

  /** HLC of an endpoint's record. */
  since(owner: PeerKey, id: string): Hlc | undefined {
    const record = this.#byOwner.get(owner)?.records.get(pack(id))
    return isHeld(record) ? record.hlc : undefined
  }

  wasEndpoint(network: NetworkId, ip: number): boolean {
    return this.#byNetwork.get(network)?.was(ip) ?? false
  }

  vteps(network: NetworkId): Vtep[] {
    const found = [...(this.#vtepsByNetwork.get(network)?.values() ?? [])]
    return found.sort((a, b) => (a.owner < b.owner ? -1 : 1))
  }

  vtepsVersion(network: NetworkId): number {
    return this.#vtepVersions.get(network) ?? 0
  }

  vnisOf(owner: PeerKey): Map<number, NetworkId> {
    return this.#vnis.get(owner) ?? new Map()
  }

  get vniVersion(): number {
    return this.#vniVersion
  }

  freeHint(network: NetworkId, owner: PeerKey): number | undefined {
    return this.#free.get(`free:${owner}:${network}`)?.leaf.log2
  }

  #inNetwork(network: NetworkId): NetworkEndpoints {
    return mapIn(this.#byNetwork, network, () => new NetworkEndpoints(network))
  }

  #ownedBy(owner: PeerKey): Owned {
    return mapIn(this.#byOwner, owner, () => ({ owner, records: new Map(), version: 0 }))
  }
}

function placeOf(record: HeldEndpoint | Tombstone | undefined): string {
  return isHeld(record) ? `${record.network} ${record.ip}` : ''
}

function order(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1
}

function mapIn<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key)
  if (value === undefined) {
    value = make()
    map.set(key, value)
  }
  return value
}
