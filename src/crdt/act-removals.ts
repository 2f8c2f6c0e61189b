/** Deletions of networks, or of groups: which acts they saw, and which of a name tells of the highest generation. */
import type { Drops } from './droppable.ts'
import { type Hlc, maxHlc } from './hlc.ts'
import type { LeafRecord } from './live-set.ts'
import { compareDots, type Dot, dotText } from './vector.ts'

/** Names what was created by the hash of the act. */
export interface ActRmLeaf {
  readonly kind: string
  readonly id: string
  readonly tenant: string
  readonly name: string
  readonly generation: number
  readonly seen: readonly Dot[]
}

type Removal = LeafRecord<ActRmLeaf>

export class ActRemovals {
  readonly #byId = new Map<string, Map<string, Removal>>()
  readonly #covered = new Map<string, Set<string>>()
  readonly #since = new Map<string, Hlc>()
  /** By `tenant/name` it was born under. */
  readonly #byName = new Map<string, Map<string, { generation: number; dot: Dot }>>()

  put(record: Removal): void {
    const { leaf, dot, hlc } = record
    const { id, tenant, name, generation, seen } = leaf
    const covered = this.#covered.get(id) ?? new Set()
    for (const item of seen) covered.add(dotText(item))
    this.#covered.set(id, covered)
    this.#since.set(id, maxHlc(this.#since.get(id) ?? hlc, hlc))
    const held = this.#byId.get(id) ?? new Map<string, Removal>()
    this.#byId.set(id, held.set(dotText(dot), record))
    const ranks = this.#byName.get(`${tenant}/${name}`) ?? new Map<string, { generation: number; dot: Dot }>()
    this.#byName.set(`${tenant}/${name}`, ranks.set(dotText(dot), { generation, dot }))
  }

  has(id: string): boolean {
    return this.#byId.has(id)
  }

  of(id: string): Removal[] {
    return [...(this.#byId.get(id)?.values() ?? [])]
  }

  /** True if some deletion of it saw the act. */
  covers(id: string, act: string): boolean {
    return this.#covered.get(id)?.has(act) === true
  }

  /** HLC of the latest. */
  since(id: string): Hlc | undefined {
    return this.#since.get(id)
  }

  /** The acts that those deletions saw that may be relied on. */
  seen(id: string, drops: Drops): Set<string> {
    const sure = this.of(id).filter(({ dot }) => drops.stable(dot))
    return new Set(sure.flatMap(({ leaf }) => leaf.seen.map(dotText)))
  }

  /** Of the deletions of one name the one with the highest generation, then the lowest dot, outranks the others. */
  isOutranked({ tenant, name, generation }: ActRmLeaf, dot: Dot, drops: Drops): boolean {
    const ranks = this.#byName.get(`${tenant}/${name}`)?.values() ?? []
    return [...ranks].some(
      other =>
        drops.stable(other.dot) &&
        (other.generation > generation || (other.generation === generation && compareDots(other.dot, dot) < 0)),
    )
  }

  drop({ id, tenant, name }: ActRmLeaf, dot: Dot): void {
    this.#byName.get(`${tenant}/${name}`)?.delete(dotText(dot))
    const held = this.#byId.get(id)
    if (!held?.delete(dotText(dot))) return
    if (held.size === 0) {
      this.#byId.delete(id)
      this.#covered.delete(id)
      this.#since.delete(id)
      return
    }
    const left = [...held.values()]
    this.#covered.set(id, new Set(left.flatMap(({ leaf }) => leaf.seen.map(dotText))))
    this.#since.set(id, left.map(({ hlc }) => hlc).reduce(maxHlc))
  }
}
