/**
 * Networks by their acts. A network exists while a deletion has not seen one of its acts; registers and generations
 * outlive it. The first act by HLC keeps the name, a later network of the same name is shown with its id.
 */
import type { PeerKey } from '../lib/keys.ts'
import type { NetworkId } from '../model/network.ts'
import { compareHlc, type Hlc, maxHlc } from './hlc.ts'
import { networkIdOf } from './identity.ts'
import type { NetworkDockerLeaf, NetworkLeaf, NetworkRmLeaf } from './leaves.ts'
import { compareRecords, type LeafRecord, type LiveSet } from './live-set.ts'
import type { Network } from './registry-view.ts'
import { compareDots, type Dot, dotText } from './vector.ts'

interface Born {
  leaf: NetworkLeaf
  acts: Map<string, { dot: Dot; hlc: Hlc }>
}

export interface NetworkContext {
  /** The roster of this hash, if it is held and all its peers are settled. */
  roster(hash: string): readonly PeerKey[] | undefined
  hasEndpoints(id: NetworkId): boolean
}

export class NetworkTable {
  readonly #born = new Map<NetworkId, Born>()
  readonly #covered = new Map<NetworkId, Set<string>>()
  readonly #deletions = new Map<NetworkId, Hlc>()
  readonly #generations = new Map<string, number>()
  readonly #docker = new Map<NetworkId, LeafRecord<NetworkDockerLeaf>>()
  readonly #live: LiveSet

  constructor(live: LiveSet) {
    this.#live = live
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
    const slot = `${tenant}/${name}`
    this.#generations.set(slot, Math.max(this.#generations.get(slot) ?? 0, generation + 1))
    this.#live.add(`network-rm:${dotText(record.dot)}`, record)
  }

  /** The last by HLC, then writer, then counter wins: each host in whose Docker it was created may have written one. */
  putDocker(record: LeafRecord<NetworkDockerLeaf>): void {
    const { network } = record.leaf
    const held = this.#docker.get(network)
    if (held && (compareHlc(held.hlc, record.hlc) || compareRecords(held, record)) >= 0) return
    this.#docker.set(network, record)
    this.#live.set(`network-docker:${network}`, record)
  }

  nextGeneration(tenant: string, name: string): number {
    return this.#generations.get(`${tenant}/${name}`) ?? 0
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

  /** HLC of its latest deletion; undefined if there is none. */
  deletedSince(id: NetworkId): Hlc | undefined {
    return this.#deletions.get(id)
  }

  isDeleted(id: NetworkId): boolean {
    return this.#covered.has(id) && this.actsOf(id).length === 0
  }

  /** All networks with their shown names, sorted by (tenant, name, id). */
  list(context: NetworkContext): Network[] {
    const found: Network[] = []
    for (const [id, born] of this.#born) {
      const roster = context.roster(born.leaf.roster)
      const deleted = this.isDeleted(id)
      if (!roster || (deleted && !context.hasEndpoints(id))) continue
      found.push(this.#view(id, born, roster, deleted ? 'draining' : 'live'))
    }
    return nameAll(found)
  }

  #view(id: NetworkId, born: Born, roster: readonly PeerKey[], status: Network['status']): Network {
    const { tenant, name, generation, spec } = born.leaf
    const created = [...born.acts.values()].map(act => act.hlc).sort(compareHlc)[0] ?? [0, 0]
    const network = { id, tenant, name, bornName: name, generation, spec, roster, created, status }
    const docker = this.#docker.get(id)
    if (!docker) return network
    const { labels, options, internal } = docker.leaf
    return { ...network, docker: { host: docker.dot.writer, labels, options, internal } }
  }
}

function nameAll(networks: Network[]): Network[] {
  const rank = (n: Network) => (n.status === 'live' ? 0 : 1)
  networks.sort((a, b) => rank(a) - rank(b) || compareHlc(a.created, b.created) || (a.id < b.id ? -1 : 1))
  const taken = new Set<string>()
  const named = networks.map(network => {
    const slot = `${network.tenant}/${network.bornName}`
    if (!taken.has(slot)) {
      taken.add(slot)
      return network
    }
    return { ...network, name: `${network.bornName}~${network.id.slice(0, 6)}` }
  })
  const order = (n: Network) => `${n.tenant}\n${n.name}\n${n.id}`
  return named.sort((a, b) => (order(a) < order(b) ? -1 : 1))
}
