/**
 * Networks by their acts. A network exists while a deletion has not seen one of its acts; registers and generations
 * outlive it. Names are given by creations and renames (network-names.ts).
 */
import type { PeerKey } from '../lib/keys.ts'
import { parseIp } from '../model/ip.ts'
import type { NetworkId } from '../model/network.ts'
import { ActRemovals } from './act-removals.ts'
import { goalsOf } from './drains.ts'
import type { Drops } from './droppable.ts'
import { Generations } from './generations.ts'
import { compareHlc, type Hlc } from './hlc.ts'
import { networkIdOf } from './identity.ts'
import type { NetworkDockerLeaf, NetworkDrainLeaf, NetworkLeaf, NetworkRenameLeaf, NetworkRmLeaf } from './leaves.ts'
import { type LeafRecord, type LiveSet, SharedRegisters } from './live-set.ts'
import { nameAll } from './network-names.ts'
import type { Network } from './registry-view.ts'
import { compareDots, type Dot, dotText } from './vector.ts'

interface Born {
  leaf: NetworkLeaf
  gateway: number | undefined
  acts: Map<string, { dot: Dot; hlc: Hlc }>
}

export interface NetworkContext {
  /** The roster of this hash, if it is held and all its peers are settled. */
  roster(hash: string): readonly PeerKey[] | undefined
  /** Whether endpoints, or containers of some host's Docker, are left in it. */
  isUsed(id: NetworkId): boolean
}

export class NetworkTable {
  readonly generations = new Generations()
  readonly #born = new Map<NetworkId, Born>()
  readonly #removals = new ActRemovals()
  /** Deleted networks whose acts were let go of while this peer ran: it may still have to clear up after them (I5). */
  readonly #collected = new Set<string>()
  readonly #renames: SharedRegisters<NetworkRenameLeaf>
  readonly #drains: SharedRegisters<NetworkDrainLeaf>
  readonly #docker: SharedRegisters<NetworkDockerLeaf>
  readonly #live: LiveSet

  constructor(live: LiveSet) {
    this.#live = live
    this.#renames = new SharedRegisters(live)
    this.#drains = new SharedRegisters(live)
    this.#docker = new SharedRegisters(live)
  }

  put(record: LeafRecord<NetworkLeaf>): void {
    const id = networkIdOf(record.leaf)
    const born = this.#born.get(id) ?? {
      leaf: record.leaf,
      gateway: parseIp(record.leaf.spec.gateway),
      acts: new Map(),
    }
    // a forked writer may have created it twice at one dot: the earlier counts
    const twin = born.acts.get(dotText(record.dot))?.hlc
    const hlc = twin && compareHlc(twin, record.hlc) < 0 ? twin : record.hlc
    born.acts.set(dotText(record.dot), { dot: record.dot, hlc })
    this.#born.set(id, born)
    this.#live.add(`network:${dotText(record.dot)}`, record)
  }

  remove(record: LeafRecord<NetworkRmLeaf>): void {
    const { tenant, name, generation } = record.leaf
    this.#removals.put(record)
    // raises the generation by itself, also before the creation arrives (model.md V10)
    this.generations.raise(tenant, name, generation)
    this.#live.add(`network-rm:${dotText(record.dot)}`, record)
  }

  /** Raises the generation as a deletion does, also back to the born name: other networks may have borne it meanwhile. */
  rename(record: LeafRecord<NetworkRenameLeaf>): void {
    const { tenant, name, generation } = record.leaf
    this.generations.raise(tenant, name, generation)
    this.#renames.put(renameSlot(record.leaf.id, record.leaf), record)
  }

  drain(record: LeafRecord<NetworkDrainLeaf>): void {
    this.#drains.put(`network-drain:${record.leaf.id}`, record)
  }

  /** Each host in whose Docker it was created may have written one. */
  putDocker(record: LeafRecord<NetworkDockerLeaf>): void {
    this.#docker.put(`network-docker:${record.leaf.network}`, record)
  }

  /** What a network was created with, also after its deletion. */
  leaf(id: NetworkId): NetworkLeaf | undefined {
    return this.#born.get(id)?.leaf
  }

  /** False for an address that no block of the network has: outside of its range, or its gateway. True if it is not known. */
  isHandedOut(id: NetworkId, ip: number): boolean {
    const born = this.#born.get(id)
    if (!born) return true
    const { subnet } = born.leaf.spec
    return ip >= subnet.first && ip <= subnet.last && ip !== born.gateway
  }

  /** Creations that no deletion covers, ascending by dot. */
  actsOf(id: NetworkId): Dot[] {
    const acts = [...(this.#born.get(id)?.acts ?? [])]
    const uncovered = acts.filter(([text]) => !this.#removals.covers(id, text))
    return uncovered.map(([, act]) => act.dot).sort(compareDots)
  }

  /** Who wrote its acts. */
  creators(id: NetworkId): PeerKey[] {
    return [...(this.#born.get(id)?.acts.values() ?? [])].map(act => act.dot.writer)
  }

  /** HLC of its latest deletion; undefined if there is none. */
  deletedSince(id: NetworkId): Hlc | undefined {
    return this.#removals.since(id)
  }

  isDeleted(id: NetworkId): boolean {
    return (this.#removals.has(id) || this.#collected.has(id)) && this.actsOf(id).length === 0
  }

  /** True if acts of some network of the tenant are held. */
  isBorneBy(tenant: string): boolean {
    return [...this.#born.values()].some(({ leaf }) => leaf.tenant === tenant)
  }

  /** Networks, and groups, whose acts were let go of, for whoever must remember it longer than this object lives. */
  get collected(): ReadonlySet<string> {
    return this.#collected
  }

  remember(id: string): void {
    this.#collected.add(id)
  }

  /**
   * Acts go when the network is deleted. A deletion goes when the acts that it saw are gone and another tells of as high a
   * generation: the highest of a name is kept for ever (H1 to H3).
   */
  mayDrop(
    { leaf, dot }: LeafRecord<NetworkLeaf | NetworkRmLeaf>,
    drops: Drops,
    collected: (dot: Dot) => boolean,
  ): boolean {
    if (leaf.kind === 'network') {
      const id = networkIdOf(leaf)
      const seen = this.#removals.seen(id, drops)
      const others = drops.judges ? [] : (this.#born.get(id)?.acts.keys() ?? [])
      return [...others].every(act => seen.has(act)) && seen.has(dotText(dot))
    }
    // a checkpoint of an act that waits for something itself does not count yet: it may be this deletion that it needs
    const isHeld = (seen: Dot) => this.#born.get(leaf.id)?.acts.has(dotText(seen)) === true
    return leaf.seen.every(seen => collected(seen) && !isHeld(seen)) && this.#removals.isOutranked(leaf, dot, drops)
  }

  /** True if no act of the network is held, and what was deleted of it is gone for good. */
  isGone(id: NetworkId, collected: (dot: Dot) => boolean): boolean {
    return !this.#born.has(id) && this.#removals.of(id).every(({ leaf }) => leaf.seen.every(collected))
  }

  /** The same once what `goes` names has gone, which are acts only where a deletion saw them: one that is held, or one of these. */
  wouldBeGone(
    id: NetworkId,
    deletions: readonly NetworkRmLeaf[],
    goes: (dot: Dot) => boolean,
    collected: (dot: Dot) => boolean,
  ): boolean {
    const all = [...this.#removals.of(id).map(({ leaf }) => leaf), ...deletions.filter(leaf => leaf.id === id)]
    const seen = all.flatMap(leaf => leaf.seen)
    const deleted = new Set(seen.map(dotText))
    const acts = [...(this.#born.get(id)?.acts.values() ?? [])]
    return (
      acts.every(({ dot }) => goes(dot) && deleted.has(dotText(dot))) && seen.every(dot => goes(dot) || collected(dot))
    )
  }

  isDockerSuperseded(record: LeafRecord<NetworkDockerLeaf>, drops: Drops): boolean {
    return this.#docker.isSuperseded(`network-docker:${record.leaf.network}`, record, drops)
  }

  /** Of a network's renames all raise the same generation, and the one that counts stays. */
  isRenameSuperseded(record: LeafRecord<NetworkRenameLeaf>, drops: Drops): boolean {
    return this.#renames.isSuperseded(renameSlot(record.leaf.id, record.leaf), record, drops)
  }

  isDrainSuperseded(record: LeafRecord<NetworkDrainLeaf>, drops: Drops): boolean {
    return this.#drains.isSuperseded(`network-drain:${record.leaf.id}`, record, drops)
  }

  dropRename(record: LeafRecord<NetworkRenameLeaf>): void {
    this.#renames.drop(renameSlot(record.leaf.id, record.leaf), record)
  }

  dropDrain(record: LeafRecord<NetworkDrainLeaf>): void {
    this.#drains.drop(`network-drain:${record.leaf.id}`, record)
  }

  drop(record: LeafRecord<NetworkLeaf | NetworkRmLeaf | NetworkDockerLeaf>): void {
    const { leaf, dot } = record
    if (leaf.kind === 'network-docker') {
      this.#docker.drop(`network-docker:${leaf.network}`, record)
      return
    }
    this.#live.drop(`${leaf.kind}:${dotText(dot)}`, record)
    if (leaf.kind === 'network') this.#dropAct(networkIdOf(leaf), dot)
    else this.#removals.drop({ ...record, leaf })
  }

  #dropAct(id: NetworkId, dot: Dot): void {
    const born = this.#born.get(id)
    if (!born?.acts.delete(dotText(dot)) || born.acts.size > 0) return
    this.#born.delete(id)
    this.#collected.add(id)
  }

  /** The latest word on whether it is drained, if it is; also of a network that is gone. */
  drainOf(id: NetworkId): LeafRecord<NetworkDrainLeaf> | undefined {
    const record = this.#drains.get(`network-drain:${id}`)
    return record?.leaf.into ? record : undefined
  }

  /** All networks with their shown names, sorted by (tenant, name, id). */
  list(context: NetworkContext): Network[] {
    const found: Network[] = []
    for (const [id, born] of this.#born) {
      const roster = context.roster(born.leaf.roster)
      const deleted = this.isDeleted(id)
      if (!roster || (deleted && !context.isUsed(id))) continue
      found.push(this.#view(id, born, roster, deleted ? 'draining' : 'live'))
    }
    const goals = goalsOf(
      found,
      found.flatMap(({ id }) => this.drainOf(id) ?? []),
    )
    return nameAll(
      found.map(network => {
        const into = goals.get(network.id)
        return into === undefined ? network : { ...network, into }
      }),
    )
  }

  #view(id: NetworkId, born: Born, roster: readonly PeerKey[], status: Network['status']): Network {
    const { tenant, name: bornName, generation, spec } = born.leaf
    const created = [...born.acts.values()].map(act => act.hlc).sort(compareHlc)[0] ?? [0, 0]
    const renamed = this.#renames.get(renameSlot(id, born.leaf))
    const givenName = renamed?.leaf.newName ?? bornName
    const names = { name: givenName, bornName, givenName, named: renamed?.hlc ?? created }
    const network = { id, tenant, ...names, generation, spec, roster, created, status }
    const docker = this.#docker.get(`network-docker:${id}`)
    if (!docker) return network
    const { labels, options, internal } = docker.leaf
    return { ...network, docker: { host: docker.dot.writer, labels, options, internal } }
  }
}

/** Names the birth too: a record that lies about it is none of the network's. */
function renameSlot(
  id: NetworkId,
  { tenant, name, generation }: Omit<NetworkLeaf, 'kind' | 'spec' | 'roster'>,
): string {
  return `network-rename:${id}:${tenant}/${name}/${generation}`
}
