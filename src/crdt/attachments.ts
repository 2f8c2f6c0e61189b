/** Which policies are on which groups: a set in which an addition that a removal had not seen survives. */
import type { GroupId } from '../model/group.ts'
import type { Drops } from './droppable.ts'
import { areGone, type Gone } from './gone.ts'
import { type LeafRecord, recordName } from './live-set.ts'
import type { GroupPolicyLeaf, GroupPolicyRmLeaf } from './object-leaves.ts'
import { dotsOf, keep } from './order.ts'
import { type Dot, dotText } from './vector.ts'

export type AttachRecord = LeafRecord<GroupPolicyLeaf | GroupPolicyRmLeaf>

/** What was said of one policy on one group. */
interface Said {
  readonly added: Map<string, LeafRecord<GroupPolicyLeaf>>
  readonly removed: Map<string, LeafRecord<GroupPolicyRmLeaf>>
}

export class Attachments {
  readonly #policies = new Map<GroupId, Map<string, Said>>()

  attach(record: LeafRecord<GroupPolicyLeaf>): void {
    keep(this.#opened(record.leaf).added, record)
  }

  detach(record: LeafRecord<GroupPolicyRmLeaf>): void {
    keep(this.#opened(record.leaf).removed, record)
  }

  /** Additions that no removal names, ascending; none if the policy is not on the group. */
  of(group: GroupId, policy: string): Dot[] {
    const seen = new Set(this.#removed(group, policy).flatMap(({ leaf }) => leaf.seen.map(dotText)))
    return dotsOf(this.#added(group, policy).filter(({ dot }) => !seen.has(dotText(dot))))
  }

  /** Policies that are on the group, sorted. */
  policies(group: GroupId): string[] {
    return [...(this.#policies.get(group)?.keys() ?? [])].filter(each => this.of(group, each).length > 0).sort()
  }

  /** All that was said of the policy, by group. */
  *records(policy: string): Iterable<[group: GroupId, records: AttachRecord[]]> {
    for (const id of this.#policies.keys()) yield [id, [...this.#added(id, policy), ...this.#removed(id, policy)]]
  }

  /** True while the policy may count as being on the group, on some peer: see policy-collection.ts. */
  mayHave(group: GroupId, policy: string, drops: Drops): boolean {
    const sure = this.#removed(group, policy).filter(({ dot }) => drops.stable(dot))
    return this.#added(group, policy).some(({ dot }) => !sure.some(({ leaf }) => names(leaf, dot)))
  }

  /** True if a removal names the addition, or all that the removal names is gone. */
  mayDrop({ leaf, dot }: AttachRecord, drops: Drops, gone: Gone): boolean {
    const { group, policy } = leaf
    if (leaf.kind === 'group-policy-rm') return areGone(leaf.seen, this.#added(group, policy), drops, gone)
    return this.#removed(group, policy).some(each => drops.stable(each.dot) && names(each.leaf, dot))
  }

  drop(record: AttachRecord): void {
    const { group, policy } = record.leaf
    const policies = this.#policies.get(group)
    const said = policies?.get(policy)
    said?.added.delete(recordName(record))
    said?.removed.delete(recordName(record))
    if (said?.added.size === 0 && said.removed.size === 0) policies?.delete(policy)
    if (policies?.size === 0) this.#policies.delete(group)
  }

  #added(group: GroupId, policy: string): LeafRecord<GroupPolicyLeaf>[] {
    return [...(this.#policies.get(group)?.get(policy)?.added.values() ?? [])]
  }

  #removed(group: GroupId, policy: string): LeafRecord<GroupPolicyRmLeaf>[] {
    return [...(this.#policies.get(group)?.get(policy)?.removed.values() ?? [])]
  }

  #opened({ group, policy }: GroupPolicyLeaf | GroupPolicyRmLeaf): Said {
    const policies = this.#policies.get(group) ?? new Map<string, Said>()
    this.#policies.set(group, policies)
    const said = policies.get(policy) ?? { added: new Map(), removed: new Map() }
    policies.set(policy, said)
    return said
  }
}

function names({ seen }: GroupPolicyRmLeaf, { writer, counter }: Dot): boolean {
  return seen.some(dot => dot.writer === writer && dot.counter === counter)
}
