/**
 * Groups by their acts, as networks are: a group exists while a deletion has not seen one of its acts, and the first act
 * by HLC keeps the name. Which policies are on it is in attachments.ts.
 */
import type { GroupId } from '../model/group.ts'
import { ActRemovals } from './act-removals.ts'
import { Attachments, type AttachRecord } from './attachments.ts'
import type { Drops } from './droppable.ts'
import { FieldTable, type LostEdit } from './field-table.ts'
import { Generations } from './generations.ts'
import { areGone, type Gone } from './gone.ts'
import { compareHlc, type Hlc } from './hlc.ts'
import { groupIdOf } from './identity.ts'
import { type LeafRecord, type LiveSet, recordName } from './live-set.ts'
import type { GroupEditLeaf, GroupLeaf, GroupPolicyLeaf, GroupPolicyRmLeaf, GroupRmLeaf } from './object-leaves.ts'
import type { Group } from './objects-view.ts'
import { dotsOf, earliest, keep } from './order.ts'
import { type Dot, dotText } from './vector.ts'

export type GroupRecordLeaf = GroupLeaf | GroupRmLeaf | GroupEditLeaf | GroupPolicyLeaf | GroupPolicyRmLeaf

/** Which groups' acts were let go of while this peer ran, for whoever has to clear up after them (I5). */
export interface CollectedActs {
  has(id: GroupId): boolean
  add(id: GroupId): void
}

export class GroupTable {
  readonly generations = new Generations()
  readonly #acts = new Map<GroupId, Map<string, LeafRecord<GroupLeaf>>>()
  readonly #removals = new ActRemovals()
  readonly #attached = new Attachments()
  readonly #edits: FieldTable<GroupEditLeaf>
  readonly #live: LiveSet
  /** As the records say, under their born names, until a record changes it. */
  readonly #views = new Map<GroupId, Group>()
  #listed: { readonly draining: string; readonly groups: readonly Group[] } | undefined

  readonly #collected: CollectedActs

  constructor(live: LiveSet, collected: CollectedActs) {
    this.#live = live
    this.#collected = collected
    this.#edits = new FieldTable(live, ['profile', 'labels'])
  }

  put(record: LeafRecord<GroupLeaf>): void {
    const id = groupIdOf(record.leaf)
    this.#changed(id)
    this.#keep(record)
    const acts = this.#acts.get(id) ?? new Map<string, LeafRecord<GroupLeaf>>()
    keep(acts, record)
    this.#acts.set(id, acts)
  }

  remove(record: LeafRecord<GroupRmLeaf>): void {
    const { id, tenant, name, generation } = record.leaf
    this.#changed(id)
    this.#removals.put(record)
    // raises the generation by itself, also before the creation arrives
    this.generations.raise(tenant, name, generation)
    this.#keep(record)
  }

  edit(record: LeafRecord<GroupEditLeaf>): void {
    this.#changed(record.leaf.group)
    this.#edits.put(record.leaf.group, record)
  }

  attach(record: LeafRecord<GroupPolicyLeaf>): void {
    this.#changed(record.leaf.group)
    this.#keep(record)
    this.#attached.attach(record)
  }

  detach(record: LeafRecord<GroupPolicyRmLeaf>): void {
    this.#changed(record.leaf.group)
    this.#keep(record)
    this.#attached.detach(record)
  }

  /** Creations that no deletion names, ascending. */
  acts(id: GroupId): Dot[] {
    const acts = [...(this.#acts.get(id)?.values() ?? [])]
    return dotsOf(acts.filter(({ dot }) => !this.#removals.covers(id, dotText(dot))))
  }

  deletedSince(id: GroupId): Hlc | undefined {
    return this.#removals.since(id)
  }

  isDeleted(id: GroupId): boolean {
    return (this.#removals.has(id) || this.#collected.has(id)) && this.acts(id).length === 0
  }

  heads(id: GroupId): Dot[] {
    return this.#edits.heads(id)
  }

  cover(id: GroupId, held: ReadonlyMap<string, number>): Dot[] {
    return this.#edits.cover(id, held)
  }

  lostEdits(id: GroupId): LostEdit<GroupEditLeaf>[] {
    return this.#edits.lostEdits(id)
  }

  /** Additions that no removal names, ascending; none if the policy is not on the group. */
  attachments(id: GroupId, policy: string): Dot[] {
    return this.#attached.of(id, policy)
  }

  /** All records that put the policy on groups or took it off, with the tenants and names of the groups that are known. */
  attachRecords(policy: string): { group: GroupLeaf; record: AttachRecord }[] {
    return [...this.#attached.records(policy)].flatMap(([id, records]) => {
      const group = earliest(this.#acts.get(id)?.values() ?? [])?.leaf
      return group ? records.map(record => ({ group, record })) : []
    })
  }

  /** All groups with their shown names, sorted by (tenant, name, id); the same array, and the same objects, while they are so. */
  list(hasEndpoints: (group: Pick<Group, 'id' | 'network'>) => boolean): readonly Group[] {
    const all = [...this.#acts.keys()].flatMap(id => this.#view(id) ?? [])
    const found = all.filter(group => group.status === 'live' || hasEndpoints(group))
    const draining = found.flatMap(group => (group.status === 'draining' ? group.id : [])).join()
    if (this.#listed?.draining !== draining) this.#listed = { draining, groups: nameAll(found) }
    return this.#listed.groups
  }

  /** As its acts say, deleted or not. */
  born(id: GroupId): Group | undefined {
    return this.#view(id)
  }

  /** Acts, and what is said of a group, as of a network: see `NetworkTable.mayDrop`. */
  mayDrop({ leaf, dot, ...record }: LeafRecord<GroupRecordLeaf>, drops: Drops, gone: Gone): boolean {
    switch (leaf.kind) {
      case 'group': {
        const id = groupIdOf(leaf)
        const seen = this.#removals.seen(id, drops)
        const others = drops.judges ? [] : [...(this.#acts.get(id)?.values() ?? [])]
        return seen.has(dotText(dot)) && others.every(act => seen.has(dotText(act.dot)))
      }
      case 'group-rm': {
        const acts = [...(this.#acts.get(leaf.id)?.values() ?? [])]
        return areGone(leaf.seen, acts, drops, gone) && this.#removals.isOutranked(leaf, dot, drops)
      }
      case 'group-edit':
        return (
          this.#edits.mayDrop(leaf.group, { ...record, leaf, dot }, drops, gone) ||
          this.#isGone(leaf.group, drops, gone)
        )
      case 'group-policy-rm':
        // it lets others go, so it outlives them also where nothing of the group is here: that may be on its way
        return this.#attached.mayDrop({ ...record, leaf, dot }, drops, gone)
      case 'group-policy':
        return this.#attached.mayDrop({ ...record, leaf, dot }, drops, gone) || this.#isGone(leaf.group, drops, gone)
    }
  }

  drop(record: LeafRecord<GroupRecordLeaf>): void {
    const { leaf, dot } = record
    const id = leaf.kind === 'group' ? groupIdOf(leaf) : leaf.kind === 'group-rm' ? leaf.id : leaf.group
    this.#changed(id)
    if (leaf.kind === 'group-edit') {
      this.#edits.drop(id, { ...record, leaf })
      return
    }
    this.#live.drop(`${leaf.kind}:${dotText(dot)}`, record)
    if (leaf.kind === 'group-rm') this.#removals.drop({ ...record, leaf })
    else if (leaf.kind === 'group') this.#dropAct(id, record)
    else this.#attached.drop({ ...record, leaf })
  }

  #dropAct(id: GroupId, record: LeafRecord<unknown>): void {
    const acts = this.#acts.get(id)
    if (!acts?.delete(recordName(record)) || acts.size > 0) return
    this.#acts.delete(id)
    this.#collected.add(id)
  }

  /** True while a group of the tenant may count as having the policy, on some peer: see policy-collection.ts. */
  mayHavePolicy(tenant: string, policy: string, drops: Drops): boolean {
    return this.#idsOf(tenant).some(id => this.#attached.mayHave(id, policy, drops))
  }

  /** The same of a network profile. */
  mayHaveProfile(tenant: string, profile: string, drops: Drops): boolean {
    return this.#idsOf(tenant).some(id => this.#edits.openWrites(id, 'profile', profile, drops).length > 0)
  }

  #idsOf(tenant: string): GroupId[] {
    return [...this.#acts].flatMap(([id, acts]) => ([...acts.values()][0]?.leaf.tenant === tenant ? id : []))
  }

  /**
   * True if no act of the group is held, and what was deleted of it is gone for good. Acts that go by the very checkpoint that
   * is judged count as gone: it is for them that its writer let go of the rest, or for what others have let go of since.
   */
  #isGone(id: GroupId, drops: Drops, gone: Gone): boolean {
    const goes = (dot: Dot) => drops.judges && drops.goes(dot)
    const isHeld = [...(this.#acts.get(id)?.values() ?? [])].some(({ dot }) => !goes(dot))
    const seen = this.#removals.of(id).flatMap(({ leaf }) => leaf.seen)
    return !isHeld && areGone(seen, [], drops, gone)
  }

  #changed(id: GroupId): void {
    this.#views.delete(id)
    this.#listed = undefined
  }

  #view(id: GroupId): Group | undefined {
    const kept = this.#views.get(id)
    const first = kept ? undefined : earliest(this.#acts.get(id)?.values() ?? [])
    if (!first) return kept
    const { tenant, name, network, pool, generation } = first.leaf
    const view: Group = {
      ...{ id, tenant, name, bornName: name, network, pool, generation, created: first.hlc },
      status: this.acts(id).length === 0 ? 'draining' : 'live',
      policies: this.#attached.policies(id),
      profile: this.#edits.winner(id, 'profile')?.leaf.profile ?? '',
      labels: this.#edits.winner(id, 'labels')?.leaf.labels ?? [],
    }
    this.#views.set(id, view)
    return view
  }

  #keep(record: LeafRecord<GroupLeaf | GroupRmLeaf | GroupPolicyLeaf | GroupPolicyRmLeaf>): void {
    this.#live.add(`${record.leaf.kind}:${dotText(record.dot)}`, record)
  }
}

function nameAll(groups: Group[]): Group[] {
  const rank = (group: Group) => (group.status === 'live' ? 0 : 1)
  groups.sort((a, b) => rank(a) - rank(b) || compareHlc(a.created, b.created) || (a.id < b.id ? -1 : 1))
  const taken = new Set<string>()
  const named = groups.map(group => {
    const slot = `${group.tenant}/${group.bornName}`
    if (taken.has(slot)) return { ...group, name: `${group.bornName}~${group.id.slice(0, 6)}` }
    taken.add(slot)
    return group
  })
  const order = (group: Group) => `${group.tenant}\n${group.name}\n${group.id}`
  return named.sort((a, b) => (order(a) < order(b) ? -1 : 1))
}
