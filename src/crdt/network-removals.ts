/** Deletions of networks: which acts they saw, and which of a name tells of the highest generation. */
import type { NetworkId } from '../model/network.ts'
import type { Drops } from './droppable.ts'
import { type Hlc, maxHlc } from './hlc.ts'
import type { NetworkRmLeaf } from './leaves.ts'
import type { LeafRecord } from './live-set.ts'
import { compareDots, type Dot, dotText } from './vector.ts'

type Removal = LeafRecord<NetworkRmLeaf>

export class NetworkRemovals {
  readonly #byNetwork = new Map<NetworkId, Map<string, Removal>>()
  readonly #covered = new Map<NetworkId, Set<string>>()
  readonly #since = new Map<NetworkId, Hlc>()
  /** By `tenant/name` it was born under. */
  readonly #byName = new Map<string, Map<string, { generation: number; dot: Dot }>>()

  put(record: Removal): void {
    const { leaf, dot, hlc } = record
    const { id, tenant, name, generation, seen } = leaf
    const covered = this.#covered.get(id) ?? new Set()
    for (const item of seen) covered.add(dotText(item))
    this.#covered.set(id, covered)
    this.#since.set(id, maxHlc(this.#since.get(id) ?? hlc, hlc))
    const held = this.#byNetwork.get(id) ?? new Map<string, Removal>()
    this.#byNetwork.set(id, held.set(dotText(dot), record))
    const ranks = this.#byName.get(`${tenant}/${name}`) ?? new Map<string, { generation: number; dot: Dot }>()
    this.#byName.set(`${tenant}/${name}`, ranks.set(dotText(dot), { generation, dot }))
  }

  has(id: NetworkId): boolean {
    return this.#byNetwork.has(id)
  }

  of(id: NetworkId): Removal[] {
    return [...(this.#byNetwork.get(id)?.values() ?? [])]
  }

  /** True if some deletion of the network saw the act. */
  covers(id: NetworkId, act: string): boolean {
    return this.#covered.get(id)?.has(act) === true
  }

  /** HLC of the latest. */
  since(id: NetworkId): Hlc | undefined {
    return this.#since.get(id)
  }

  /** The acts that those deletions saw that may be relied on. */
  seen(id: NetworkId, drops: Drops): Set<string> {
    const sure = this.of(id).filter(({ dot }) => drops.stable(dot))
    return new Set(sure.flatMap(({ leaf }) => leaf.seen.map(dotText)))
  }

  /** Of the deletions of one name the one with the highest generation, then the lowest dot, outranks the others. */
  isOutranked({ tenant, name, generation }: NetworkRmLeaf, dot: Dot, drops: Drops): boolean {
    const ranks = this.#byName.get(`${tenant}/${name}`)?.values() ?? []
    return [...ranks].some(
      other =>
        drops.stable(other.dot) &&
        (other.generation > generation || (other.generation === generation && compareDots(other.dot, dot) < 0)),
    )
  }

  drop({ id, tenant, name }: NetworkRmLeaf, dot: Dot): void {
    this.#byName.get(`${tenant}/${name}`)?.delete(dotText(dot))
    const held = this.#byNetwork.get(id)
    if (!held?.delete(dotText(dot))) return
    if (held.size === 0) {
      this.#byNetwork.delete(id)
      this.#covered.delete(id)
      this.#since.delete(id)
      return
    }
    const left = [...held.values()]
    this.#covered.set(id, new Set(left.flatMap(({ leaf }) => leaf.seen.map(dotText))))
    this.#since.set(id, left.map(({ hlc }) => hlc).reduce(maxHlc))
  }
}
