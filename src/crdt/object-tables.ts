/** The tables of groups, policies, rules, profiles and settings, shown as `ObjectsView`. Part of the registry. */
import type { PeerKey } from '../lib/keys.ts'
import { type GlobalSettings, globalDefaults, globalFields } from '../model/global.ts'
import type { GroupId } from '../model/group.ts'
import type { NetworkId } from '../model/network.ts'
import { FieldTable } from './field-table.ts'
import { maxCounted, uncounted } from './generations.ts'
import { type CollectedActs, GroupTable } from './group-table.ts'
import type { LeafRecord, LiveSet } from './live-set.ts'
import type { GlobalLeaf, NetProfileLeaf, NetProfileRmLeaf, ObjectLeaf } from './object-leaves.ts'
import type { Group, NamedProfile, ObjectsView, Policy, Rule } from './objects-view.ts'
import { compareRecords } from './order.ts'
import type { HistoryKept } from './policy-collection.ts'
import { eventOf, historyOf, type PolicyEvent, rulesAfter } from './policy-history.ts'
import { PolicyTable } from './policy-table.ts'
import type { Endpoint } from './registry-view.ts'
import type { Dot } from './vector.ts'

export type ObjectPuts = {
  [K in ObjectLeaf['kind']]: (record: LeafRecord<Extract<ObjectLeaf, { kind: K }>>) => void
}

const globalKey = 'global'
const noRules: readonly Rule[] = []

export interface ObjectTablesDeps {
  live: LiveSet
  endpoints(network: NetworkId): Endpoint[]
  /** How far each writer has come. */
  counters(): ReadonlyMap<PeerKey, number>
  collected: CollectedActs
  kept: HistoryKept
}

export class ObjectTables implements ObjectsView {
  readonly kept: HistoryKept
  readonly groupTable: GroupTable
  readonly policyTable: PolicyTable
  readonly profileTable: FieldTable<NetProfileLeaf, NetProfileRmLeaf>
  readonly globalTable: FieldTable<GlobalLeaf>
  readonly #endpoints: (network: NetworkId) => Endpoint[]
  /** Index of the groups as they were listed last. */
  #byId: { readonly groups: readonly Group[]; readonly map: ReadonlyMap<GroupId, Group> } | undefined
  readonly #counters: () => ReadonlyMap<PeerKey, number>

  constructor({ live, endpoints, counters, collected, kept }: ObjectTablesDeps) {
    this.#counters = counters
    this.kept = kept
    this.groupTable = new GroupTable(live, collected)
    this.policyTable = new PolicyTable(live, kept)
    this.profileTable = new FieldTable(live, ['bandwidth', 'dscp', 'burst'])
    this.globalTable = new FieldTable(live, globalFields)
    this.#endpoints = endpoints
  }

  /** Where each kind of record goes. */
  readonly puts: ObjectPuts = {
    group: record => this.groupTable.put(record),
    'group-rm': record => this.groupTable.remove(record),
    'group-edit': record => this.groupTable.edit(record),
    'group-policy': record => this.groupTable.attach(record),
    'group-policy-rm': record => this.groupTable.detach(record),
    policy: record => this.policyTable.put(record),
    'policy-rm': record => this.policyTable.remove(record),
    rule: record => this.policyTable.putRule(record),
    'rule-rm': record => this.policyTable.removeRule(record),
    netprofile: record => this.profileTable.put(profileKey(record.leaf.tenant, record.leaf.name), record),
    'netprofile-rm': record => this.profileTable.remove(profileKey(record.leaf.tenant, record.leaf.name), record),
    global: record => this.globalTable.put(globalKey, record),
  }

  tenants(): string[] {
    return [...new Set([...this.groups(), ...this.policies(), ...this.profiles()].map(({ tenant }) => tenant))]
  }

  groups(tenant?: string): readonly Group[] {
    const all = this.groupTable.list(({ id, network }) => this.#endpoints(network).some(each => each.group === id))
    return tenant === undefined ? all : all.filter(group => group.tenant === tenant)
  }

  group(id: GroupId): Group | undefined {
    const groups = this.groups()
    if (this.#byId?.groups !== groups) this.#byId = { groups, map: new Map(groups.map(group => [group.id, group])) }
    return this.#byId.map.get(id)
  }

  everGroup(id: GroupId): Group | undefined {
    return this.group(id) ?? this.groupTable.born(id)
  }

  groupByName(tenant: string, name: string): Group | undefined {
    return this.groups(tenant).find(group => group.name === name && group.status === 'live')
  }

  groupActs(id: GroupId): Dot[] {
    return this.groupTable.acts(id)
  }

  isGroupDeleted(id: GroupId): boolean {
    return this.groupTable.isDeleted(id)
  }

  nextGroupGeneration(tenant: string, name: string): number {
    const next = this.groupTable.generations.next(tenant, name)
    return next <= maxCounted ? next : uncounted(tenant, name, this.#counters())
  }

  groupHeads(id: GroupId): Dot[] {
    return this.groupTable.heads(id)
  }

  attachments(id: GroupId, policy: string): Dot[] {
    return this.groupTable.attachments(id, policy)
  }

  policies(tenant?: string): Policy[] {
    const names = this.policyTable.names().filter(policy => tenant === undefined || policy.tenant === tenant)
    const found = names.flatMap(({ tenant: of, name }) => this.policy(of, name) ?? [])
    return found.sort(byTenantAndName)
  }

  policy(tenant: string, name: string): Policy | undefined {
    // also by a group that is being deleted: its containers run, and its denials hold for them
    const isUsed = () => this.groups(tenant).some(group => group.policies.includes(name))
    return this.policyTable.policy(tenant, name, isUsed)
  }

  policyActs(tenant: string, name: string): Dot[] {
    return this.policyTable.acts(tenant, name)
  }

  policyRules(tenant: string, name: string): Dot[] {
    return this.policyTable.allRules(tenant, name, this.#counters())
  }

  rules(tenant: string, policy: string): readonly Rule[] {
    if (!this.policy(tenant, policy)) return noRules
    return this.policyTable.rules(tenant, policy)
  }

  ruleValues(tenant: string, policy: string, id: string): readonly Rule[] {
    return this.policyTable.values(tenant, policy, id)
  }

  lostValues(tenant: string, policy: string, id: string): string[] {
    return [...new Set(this.policyTable.lost(tenant, policy, id).map(({ hash }) => hash))]
  }

  ruleActs(tenant: string, policy: string, id: string, value?: string): Dot[] {
    return this.policyTable.ruleActs(tenant, policy, id, value)
  }

  policyCover(tenant: string, policy: string): Dot[] {
    return this.policyTable.cover(tenant, policy)
  }

  history(tenant: string, policy: string): PolicyEvent[] {
    const first = this.policyTable.firstTold(tenant, policy)
    return historyOf(this.policyTable.records(tenant, policy), this.attachmentsOf(tenant, policy), first)
  }

  /** The last records that gave groups the policy, or took it off, as far as they are told; in order. */
  attachmentsOf(tenant: string, policy: string) {
    const all = this.groupTable.attachRecords(policy).filter(({ group }) => group.tenant === tenant)
    return all.sort((a, b) => compareRecords(a.record, b.record)).slice(-this.kept.changes)
  }

  rulesAt(tenant: string, policy: string, dot: Dot): Rule[] | undefined {
    const event = eventOf(this.history(tenant, policy), dot)
    return event && rulesAfter(this.policyTable.records(tenant, policy), event)
  }

  profiles(tenant?: string): NamedProfile[] {
    const names = this.profileTable.objects().map(profileName)
    const found = names.filter(each => tenant === undefined || each.tenant === tenant)
    return found.flatMap(each => this.profile(each.tenant, each.name) ?? []).sort(byTenantAndName)
  }

  profile(tenant: string, name: string): NamedProfile | undefined {
    const key = profileKey(tenant, name)
    const isUsed = () => this.groups(tenant).some(group => group.status === 'live' && group.profile === name)
    if (this.profileTable.heads(key).length === 0) return undefined
    const alive = this.profileTable.isAlive(key)
    if (!alive && !isUsed()) return undefined
    const bandwidth = this.profileTable.winner(key, 'bandwidth')?.leaf.bandwidth ?? ''
    const dscp = this.profileTable.winner(key, 'dscp')?.leaf.dscp ?? 0
    const burst = this.profileTable.winner(key, 'burst')?.leaf.burst ?? 0
    return { tenant, name, alive, bandwidth, dscp, burst }
  }

  profileHeads(tenant: string, name: string): Dot[] {
    return this.profileTable.heads(profileKey(tenant, name))
  }

  globals(): GlobalSettings {
    const set = globalFields.map(field => [field, this.globalTable.winner(globalKey, field)?.leaf[field]] as const)
    return { ...globalDefaults, ...Object.fromEntries(set.filter(([, value]) => value !== undefined)) }
  }

  globalHeads(): Dot[] {
    return this.globalTable.heads(globalKey)
  }

  replacing(kind: 'netprofile' | 'group' | 'global', object: string): { seen: Dot[]; covers: Dot[] } {
    const table = { netprofile: this.profileTable, group: this.groupTable, global: this.globalTable }[kind]
    return { seen: table.heads(object), covers: table.cover(object, this.#counters()) }
  }

  contested(kind: 'netprofile' | 'group' | 'global', object: string): string[] {
    const edits = {
      netprofile: () => this.profileTable.lostEdits(object),
      group: () => this.groupTable.lostEdits(object),
      global: () => this.globalTable.lostEdits(object),
    }
    return edits[kind]().map(({ field }) => field)
  }
}

function byTenantAndName(a: { tenant: string; name: string }, b: { tenant: string; name: string }): number {
  return a.tenant === b.tenant ? (a.name < b.name ? -1 : 1) : a.tenant < b.tenant ? -1 : 1
}

function profileKey(tenant: string, name: string): string {
  return `${tenant}/${name}`
}

function profileName(key: string): { tenant: string; name: string } {
  const [tenant = '', name = ''] = key.split('/')
  return { tenant, name }
}
