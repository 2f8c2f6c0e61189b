/** Endpoints, VTEPs and free hints: one writer each, the latest record wins. */
import type { PeerKey } from '../lib/keys.ts'
import type { NetworkId } from '../model/network.ts'
import type { Hlc } from './hlc.ts'
import type { EndpointLeaf, EndpointRmLeaf, FreeLeaf, VtepLeaf } from './leaves.ts'
import { type LeafRecord, type LiveSet, OwnRegisters } from './live-set.ts'
import type { Endpoint, Vtep } from './registry-view.ts'

export class EndpointTable {
  readonly #endpoints: OwnRegisters<EndpointLeaf | EndpointRmLeaf>
  readonly #vteps: OwnRegisters<VtepLeaf>
  readonly #free: OwnRegisters<FreeLeaf>
  /** network -> slot -> endpoint */
  readonly #byNetwork = new Map<NetworkId, Map<string, Endpoint>>()
  /** network -> address -> slots */
  readonly #byIp = new Map<NetworkId, Map<number, Set<string>>>()
  readonly #vtepsByNetwork = new Map<NetworkId, Map<PeerKey, Vtep>>()
  readonly #vnis = new Map<PeerKey, Map<number, NetworkId>>()
  readonly #ever = new Map<NetworkId, Set<number>>()
  /** network -> addresses that endpoints of several owners hold */
  readonly #shared = new Map<NetworkId, Set<number>>()
  readonly #versions = new Map<NetworkId, number>()

  constructor(live: LiveSet) {
    this.#endpoints = new OwnRegisters(live)
    this.#vteps = new OwnRegisters(live)
    this.#free = new OwnRegisters(live)
  }

  /** Gives the networks whose endpoints changed. */
  putEndpoint(record: LeafRecord<EndpointLeaf | EndpointRmLeaf>): NetworkId[] {
    const { leaf, dot } = record
    if (leaf.kind === 'endpoint') mapIn(this.#ever, leaf.network, () => new Set<number>()).add(leaf.ip)
    const slot = `endpoint:${dot.writer}:${leaf.id}`
    const { stored, before } = this.#endpoints.put(slot, record)
    if (!stored) return []
    const touched = before ? [before.leaf.network, leaf.network] : [leaf.network]
    for (const network of touched) this.#versions.set(network, this.version(network) + 1)
    if (before?.leaf.kind === 'endpoint') this.#unlink(slot, before.leaf)
    if (leaf.kind !== 'endpoint') return touched
    const { id, network, ip, mac, container, containerName, aliases = [] } = leaf
    const endpoint = { id, network, owner: dot.writer, ip, mac, container, containerName, aliases }
    mapIn(this.#byNetwork, network, () => new Map<string, Endpoint>()).set(slot, endpoint)
    mapIn(
      mapIn(this.#byIp, network, () => new Map<number, Set<string>>()),
      ip,
      () => new Set<string>(),
    ).add(slot)
    this.#noteShared(network, ip)
    return touched
  }

  putVtep(record: LeafRecord<VtepLeaf>): void {
    const { network, address, vni } = record.leaf
    const owner = record.dot.writer
    const vnis = mapIn(this.#vnis, owner, () => new Map<number, NetworkId>())
    // only a forked writer uses one for two networks
    if (network < (vnis.get(vni) ?? 'g')) vnis.set(vni, network)
    if (!this.#vteps.put(`vtep:${owner}:${network}`, record).stored) return
    mapIn(this.#vtepsByNetwork, network, () => new Map<PeerKey, Vtep>()).set(owner, { network, owner, address, vni })
  }

  putFree(record: LeafRecord<FreeLeaf>): void {
    this.#free.put(`free:${record.dot.writer}:${record.leaf.network}`, record)
  }

  /** Sorted by (ip, owner, id). */
  endpoints(network: NetworkId): Endpoint[] {
    return [...(this.#byNetwork.get(network)?.values() ?? [])].sort(
      (a, b) => a.ip - b.ip || (a.owner + a.id < b.owner + b.id ? -1 : 1),
    )
  }

  /** Changes of the network's endpoints so far. */
  version(network: NetworkId): number {
    return this.#versions.get(network) ?? 0
  }

  hasEndpoints(network: NetworkId): boolean {
    return (this.#byNetwork.get(network)?.size ?? 0) > 0
  }

  endpoint(owner: PeerKey, id: string): Endpoint | undefined {
    const slot = `endpoint:${owner}:${id}`
    const leaf = this.#endpoints.get(slot)?.leaf
    return leaf?.kind === 'endpoint' ? this.#byNetwork.get(leaf.network)?.get(slot) : undefined
  }

  holders(network: NetworkId, ip: number): Endpoint[] {
    const slots = [...(this.#byIp.get(network)?.get(ip) ?? [])].sort()
    return slots.flatMap(slot => this.#byNetwork.get(network)?.get(slot) ?? [])
  }

  /** Addresses that endpoints of several owners hold, ascending. */
  duplicates(network: NetworkId): number[] {
    return [...(this.#shared.get(network) ?? [])].sort((a, b) => a - b)
  }

  /** HLC of an endpoint's record. */
  since(owner: PeerKey, id: string): Hlc | undefined {
    return this.#endpoints.get(`endpoint:${owner}:${id}`)?.hlc
  }

  wasEndpoint(network: NetworkId, ip: number): boolean {
    return this.#ever.get(network)?.has(ip) ?? false
  }

  vteps(network: NetworkId): Vtep[] {
    const found = [...(this.#vtepsByNetwork.get(network)?.values() ?? [])]
    return found.sort((a, b) => (a.owner < b.owner ? -1 : 1))
  }

  vnisOf(owner: PeerKey): Map<number, NetworkId> {
    return this.#vnis.get(owner) ?? new Map()
  }

  freeHint(network: NetworkId, owner: PeerKey): number | undefined {
    return this.#free.get(`free:${owner}:${network}`)?.leaf.log2
  }

  #unlink(slot: string, leaf: EndpointLeaf): void {
    this.#byNetwork.get(leaf.network)?.delete(slot)
    const slots = this.#byIp.get(leaf.network)?.get(leaf.ip)
    slots?.delete(slot)
    if (slots?.size === 0) this.#byIp.get(leaf.network)?.delete(leaf.ip)
    this.#noteShared(leaf.network, leaf.ip)
  }

  #noteShared(network: NetworkId, ip: number): void {
    const isShared = new Set(this.holders(network, ip).map(endpoint => endpoint.owner)).size > 1
    if (isShared) mapIn(this.#shared, network, () => new Set<number>()).add(ip)
    else this.#shared.get(network)?.delete(ip)
  }
}

function mapIn<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key)
  if (value === undefined) {
    value = make()
    map.set(key, value)
  }
  return value
}
