/** Deletions of networks, or of groups: which acts they saw, and which of a name tells of the highest generation. */
import type { Drops } from './droppable.ts'
import type { Hlc } from './hlc.ts'
import { type LeafRecord, recordName } from './live-set.ts'
import { keep, latest } from './order.ts'
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
  /** By `tenant/name` it was born under. */
  readonly #byName = new Map<string, Map<string, Removal>>()

  put(record: Removal): void {
    const { id, tenant, name, seen } = record.leaf
    const covered = this.#covered.get(id) ?? new Set()
    for (const item of seen) covered.add(dotText(item))
    this.#covered.set(id, covered)
    const held = this.#byId.get(id) ?? new Map<string, Removal>()
    keep(held, record)
    this.#byId.set(id, held)
    const ranks = this.#byName.get(`${tenant}/${name}`) ?? new Map<string, Removal>()
    keep(ranks, record)
    this.#byName.set(`${tenant}/${name}`, ranks)
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
    return latest(this.of(id))?.hlc
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
        (other.leaf.generation > generation ||
          (other.leaf.generation === generation && compareDots(other.dot, dot) < 0)),
    )
  }

  drop(record: Removal): void {
    const { id, tenant, name } = record.leaf
    this.#byName.get(`${tenant}/${name}`)?.delete(recordName(record))
    const held = this.#byId.get(id)
    if (!held?.delete(recordName(record))) return
    if (held.size === 0) {
      this.#byId.delete(id)
      this.#covered.delete(id)
      return
    }
    this.#covered.set(id, new Set(this.of(id).flatMap(({ leaf }) => leaf.seen.map(dotText))))
  }
}
