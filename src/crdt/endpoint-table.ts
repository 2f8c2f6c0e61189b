/** Endpoints, VTEPs and free hints: one writer each, the latest record wins. */
import type { PeerKey } from '../lib/keys.ts'
import type { GroupId } from '../model/group.ts'
import type { NetworkId } from '../model/network.ts'
import { pack } from './compact.ts'
import type { Drops } from './droppable.ts'
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
  /** By id the counters of superseded records that nobody has let go of yet, once there were any. */
  older: Map<string, Set<number>> | undefined
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
  readonly #starts = new Map<GroupId, number>()

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
    if (leaf.kind === 'endpoint' && leaf.group) {
      here.grouped = true
      this.#starts.set(leaf.group, this.startsIn(leaf.group) + 1)
    }
    const owned = this.#ownedBy(dot.writer)
    const id = pack(leaf.id)
    const before = owned.records.get(id)
    if (before && isOverruled(record, before)) {
      noteOlder(owned, id, dot.counter, before.counter)
      return []
    }
    const shared = { id: isHeld(before) ? before.id : id, owner: owned.owner, network: here.network }
    const after =
      leaf.kind === 'endpoint'
        ? holdEndpoint({ ...record, leaf }, shared)
        : holdTombstone({ ...record, leaf }, here.network)
    if (before) noteOlder(owned, shared.id, before.counter, dot.counter)
    owned.records.set(shared.id, after)
    const slot = `endpoint:${dot.writer}:${leaf.id}`
    this.#live.exchange(slot, before && heldContent(before), contentOf(record))
    if (isHeld(before)) this.#inNetwork(before.network).remove(before)
    if (isHeld(after)) here.add(after)
    if (!isSamePlace(before, after)) owned.version++
    return before && before.network !== here.network ? [before.network, here.network] : [here.network]
  }

  /** Records of endpoints in the group so far. */
  startsIn(group: GroupId): number {
    return this.#starts.get(group) ?? 0
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

  /** What a later record replaced goes; the end of an endpoint, when nothing older would come to light without it. */
  mayDropEndpoint({ leaf, dot }: LeafRecord<EndpointLeaf | EndpointRmLeaf>, drops: Drops): boolean {
    const { writer } = dot
    const owned = this.#byOwner.get(writer)
    const held = owned?.records.get(pack(leaf.id))
    if (!owned || !held) return false
    if (held.counter > dot.counter) return drops.stable({ writer, counter: held.counter })
    if (leaf.kind !== 'endpoint-rm' || held.counter !== dot.counter) return false
    return [...(owned.older?.get(pack(leaf.id)) ?? [])].every(counter => drops.goes({ writer, counter }))
  }

  /** Gives the networks whose endpoints changed. That the address was used (`wasEndpoint`) is not forgotten. */
  dropEndpoint({ leaf, dot, hash }: LeafRecord<EndpointLeaf | EndpointRmLeaf>): NetworkId[] {
    const id = pack(leaf.id)
    const owned = this.#byOwner.get(dot.writer)
    const held = owned?.records.get(id)
    const older = owned?.older?.get(id)
    older?.delete(dot.counter)
    if (older?.size === 0) owned?.older?.delete(id)
    if (!owned || held?.counter !== dot.counter || held.hash !== pack(hash)) return []
    owned.records.delete(id)
    this.#live.exchange(`endpoint:${dot.writer}:${leaf.id}`, heldContent(held), undefined)
    if (!isHeld(held)) return []
    this.#inNetwork(held.network).remove(held)
    owned.version++
    return [held.network]
  }

  /** What a later record replaced goes; of a network that is gone, also what counts. */
  mayDropOf({ leaf, dot, hlc, hash }: LeafRecord<VtepLeaf | FreeLeaf>, drops: Drops, isGone: boolean): boolean {
    const slot = `${leaf.kind}:${dot.writer}:${leaf.network}`
    const record = { leaf, dot, hlc, hash }
    const registers = leaf.kind === 'vtep' ? this.#vteps : this.#free
    return registers.isSuperseded(slot, record, drops) || (isGone && registers.isAlone(slot, record, drops))
  }

  dropOf(record: LeafRecord<VtepLeaf | FreeLeaf>): void {
    const { leaf, dot } = record
    const { network } = leaf
    const slot = `${leaf.kind}:${dot.writer}:${network}`
    if (leaf.kind === 'free') {
      this.#free.drop(slot, record)
      return
    }
    if (this.#vteps.drop(slot, record)) {
      this.#vtepsByNetwork.get(network)?.delete(dot.writer)
      this.#vtepVersions.set(network, this.vtepsVersion(network) + 1)
    }
    // its VNI may be used for another network from now on (I4), unless a later record of the same network has it
    const vnis = this.#vnis.get(dot.writer)
    if (vnis?.get(leaf.vni) === network && this.#vteps.get(slot)?.leaf.vni !== leaf.vni) vnis.delete(leaf.vni)
    this.#vniVersion++
  }

  /** Sorted by (ip, owner, id). */
  endpoints(network: NetworkId): Endpoint[] {
    return [...this.eachEndpoint(network)]
  }

  /** The same, one after the other. */
  *eachEndpoint(network: NetworkId): Iterable<Endpoint> {
    for (const held of this.#byNetwork.get(network)?.each() ?? []) yield endpointOf(held)
  }

  everGrouped(network: NetworkId): boolean {
    return this.#byNetwork.get(network)?.grouped ?? false
  }

  /** Changes of the network's endpoints so far. */
  version(network: NetworkId): number {
    return this.#byNetwork.get(network)?.version ?? 0
  }

  changedAddresses(network: NetworkId, since: number): readonly number[] | undefined {
    const found = this.#byNetwork.get(network)
    return found ? found.changedSince(since) : since === 0 ? [] : undefined
  }

  /**
   * Was made anew in the place of another table, of the same records, fewer or more: goes on counting where that stood, and counts what is
   * another than there, and what came new, though it may have gone again.
   */
  follow(before: EndpointTable, fresh: readonly EndpointLeaf[]): void {
    for (const [network, endpoints] of before.#byNetwork) this.#inNetwork(network).follow(endpoints)
    for (const { network, ip } of fresh) this.#inNetwork(network).touch(ip)
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
    return mapIn(this.#byOwner, owner, () => ({ owner, records: new Map(), older: undefined, version: 0 }))
  }
}

function noteOlder(owned: Owned, id: string, counter: number, current: number): void {
  if (counter >= current) return
  owned.older ??= new Map()
  mapIn(owned.older, id, () => new Set<number>()).add(counter)
}

function isSamePlace(a: HeldEndpoint | Tombstone | undefined, b: HeldEndpoint | Tombstone): boolean {
  if (!isHeld(a) || !isHeld(b)) return !isHeld(a) && !isHeld(b)
  return a.network === b.network && a.ip === b.ip
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
