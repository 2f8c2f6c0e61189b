/**
 * Networks by their acts. A network exists while a deletion has not seen one of its acts; registers and generations
 * outlive it. Names are given by creations and renames (network-names.ts).
 */
import type { PeerKey } from '../lib/keys.ts'
import type { NetworkId } from '../model/network.ts'
import { goalsOf } from './drains.ts'
import { Generations } from './generations.ts'
import { compareHlc, type Hlc, maxHlc } from './hlc.ts'
import { networkIdOf } from './identity.ts'
import type { NetworkDockerLeaf, NetworkDrainLeaf, NetworkLeaf, NetworkRenameLeaf, NetworkRmLeaf } from './leaves.ts'
import { type LeafRecord, type LiveSet, SharedRegisters } from './live-set.ts'
import { nameAll } from './network-names.ts'
import type { Network } from './registry-view.ts'
import { compareDots, type Dot, dotText } from './vector.ts'

interface Born {
  leaf: NetworkLeaf
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
  readonly #covered = new Map<NetworkId, Set<string>>()
  readonly #deletions = new Map<NetworkId, Hlc>()
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
    const born = this.#born.get(id) ?? { leaf: record.leaf, acts: new Map() }
    // a forked writer may have created it twice at one dot: the earlier counts
    const twin = born.acts.get(dotText(record.dot))?.hlc
    const hlc = twin && compareHlc(twin, record.hlc) < 0 ? twin : record.hlc
    born.acts.set(dotText(record.dot), { dot: record.dot, hlc })
    this.#born.set(id, born)
    this.#live.add(`network:${dotText(record.dot)}`, record)
  }

  remove(record: LeafRecord<NetworkRmLeaf>): void {
    const { id, tenant, name, generation, seen } = record.leaf
    const covered = this.#covered.get(id) ?? new Set()
    for (const dot of seen) covered.add(dotText(dot))
    this.#covered.set(id, covered)
    this.#deletions.set(id, maxHlc(this.#deletions.get(id) ?? record.hlc, record.hlc))
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

  /** Creations that no deletion covers, ascending by dot. */
  actsOf(id: NetworkId): Dot[] {
    const covered = this.#covered.get(id)
    const acts = [...(this.#born.get(id)?.acts ?? [])]
    const uncovered = acts.filter(([text]) => !covered?.has(text))
    return uncovered.map(([, act]) => act.dot).sort(compareDots)
  }

  /** Who wrote its acts. */
  creators(id: NetworkId): PeerKey[] {
    return [...(this.#born.get(id)?.acts.values() ?? [])].map(act => act.dot.writer)
  }

  /** HLC of its latest deletion; undefined if there is none. */
  deletedSince(id: NetworkId): Hlc | undefined {
    return this.#deletions.get(id)
  }

  isDeleted(id: NetworkId): boolean {
    return this.#covered.has(id) && this.actsOf(id).length === 0
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
