/**
 * Groups by their acts, as networks are: a group exists while a deletion has not seen one of its acts, and the first act
 * by HLC keeps the name. Its policies are a set in which an addition that a removal had not seen survives.
 */
import type { GroupId } from '../model/group.ts'
import { FieldTable, type LostEdit } from './field-table.ts'
import { Generations } from './generations.ts'
import { compareHlc, type Hlc, maxHlc } from './hlc.ts'
import { groupIdOf } from './identity.ts'
import type { LeafRecord, LiveSet } from './live-set.ts'
import type { GroupEditLeaf, GroupLeaf, GroupPolicyLeaf, GroupPolicyRmLeaf, GroupRmLeaf } from './object-leaves.ts'
import type { Group } from './objects-view.ts'
import { dotsOf, earliest, keep } from './order.ts'
import { type Dot, dotText } from './vector.ts'

export type AttachRecord = LeafRecord<GroupPolicyLeaf | GroupPolicyRmLeaf>

interface Attachments {
  readonly added: Map<string, LeafRecord<GroupPolicyLeaf>>
  readonly removed: Map<string, LeafRecord<GroupPolicyRmLeaf>>
}

export class GroupTable {
  readonly generations = new Generations()
  readonly #acts = new Map<GroupId, Map<string, LeafRecord<GroupLeaf>>>()
  readonly #covered = new Map<GroupId, Set<string>>()
  readonly #deletions = new Map<GroupId, Hlc>()
  readonly #policies = new Map<GroupId, Map<string, Attachments>>()
  readonly #edits: FieldTable<GroupEditLeaf>
  readonly #live: LiveSet
  /** As the records say, under their born names, until a record changes it. */
  readonly #views = new Map<GroupId, Group>()
  #listed: { readonly draining: string; readonly groups: readonly Group[] } | undefined

  constructor(live: LiveSet) {
    this.#live = live
    this.#edits = new FieldTable(live, ['profile', 'labels'])
  }

  put(record: LeafRecord<GroupLeaf>): void {
    const id = groupIdOf(record.leaf)
    this.#changed(id)
    this.#keep(record)
    keep(
      mapIn(this.#acts, id, () => new Map<string, LeafRecord<GroupLeaf>>()),
      record,
    )
  }

  remove(record: LeafRecord<GroupRmLeaf>): void {
    const { id, tenant, name, generation, seen } = record.leaf
    this.#changed(id)
    const covered = mapIn(this.#covered, id, () => new Set<string>())
    for (const dot of seen) covered.add(dotText(dot))
    this.#deletions.set(id, maxHlc(this.#deletions.get(id) ?? record.hlc, record.hlc))
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
    keep(this.#attachmentsOf(record.leaf).added, record)
  }

  detach(record: LeafRecord<GroupPolicyRmLeaf>): void {
    this.#changed(record.leaf.group)
    this.#keep(record)
    keep(this.#attachmentsOf(record.leaf).removed, record)
  }

  /** Creations that no deletion names, ascending. */
  acts(id: GroupId): Dot[] {
    const covered = this.#covered.get(id)
    return dotsOf([...(this.#acts.get(id)?.values() ?? [])].filter(({ dot }) => !covered?.has(dotText(dot))))
  }

  deletedSince(id: GroupId): Hlc | undefined {
    return this.#deletions.get(id)
  }

  heads(id: GroupId): Dot[] {
    return this.#edits.heads(id)
  }

  lostEdits(id: GroupId): LostEdit<GroupEditLeaf>[] {
    return this.#edits.lostEdits(id)
  }

  /** Additions that no removal names, ascending; none if the policy is not on the group. */
  attachments(id: GroupId, policy: string): Dot[] {
    const held = this.#policies.get(id)?.get(policy)
    const seen = new Set([...(held?.removed.values() ?? [])].flatMap(({ leaf }) => leaf.seen.map(dotText)))
    return dotsOf([...(held?.added.values() ?? [])].filter(({ dot }) => !seen.has(dotText(dot))))
  }

  /** All records that put the policy on groups or took it off, with the tenants and names of the groups that are known. */
  attachRecords(policy: string): { group: GroupLeaf; record: AttachRecord }[] {
    return [...this.#policies].flatMap(([id, byPolicy]) => {
      const group = earliest(this.#acts.get(id)?.values() ?? [])?.leaf
      const held = byPolicy.get(policy)
      if (!group || !held) return []
      return [...held.added.values(), ...held.removed.values()].map(record => ({ group, record }))
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

  #changed(id: GroupId): void {
    this.#views.delete(id)
    this.#listed = undefined
  }

  #view(id: GroupId): Group | undefined {
    const kept = this.#views.get(id)
    const first = kept ? undefined : earliest(this.#acts.get(id)?.values() ?? [])
    if (!first) return kept
    const { tenant, name, network, pool, generation } = first.leaf
    const policies = [...(this.#policies.get(id)?.keys() ?? [])].filter(each => this.attachments(id, each).length > 0)
    const view: Group = {
      ...{ id, tenant, name, bornName: name, network, pool, generation, created: first.hlc },
      status: this.acts(id).length === 0 ? 'draining' : 'live',
      policies: policies.sort(),
      profile: this.#edits.winner(id, 'profile')?.leaf.profile ?? '',
      labels: this.#edits.winner(id, 'labels')?.leaf.labels ?? [],
    }
    this.#views.set(id, view)
    return view
  }

  #attachmentsOf({ group, policy }: GroupPolicyLeaf | GroupPolicyRmLeaf): Attachments {
    const policies = mapIn(this.#policies, group, () => new Map<string, Attachments>())
    return mapIn(policies, policy, () => ({ added: new Map(), removed: new Map() }))
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

function mapIn<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key)
  if (value === undefined) {
    value = make()
    map.set(key, value)
  }
  return value
}
