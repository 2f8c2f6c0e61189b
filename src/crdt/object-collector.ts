/** What may be let go of, of groups, policies, rules, profiles and settings: the tables know, this asks the right one. */
import type { Drops } from './droppable.ts'
import type { Gone } from './gone.ts'
import type { Leaf } from './leaves.ts'
import type { LeafRecord } from './live-set.ts'
import type { GroupPolicyLeaf, GroupPolicyRmLeaf, ObjectLeaf } from './object-leaves.ts'
import type { ObjectTables } from './object-tables.ts'
import { compareRecords } from './order.ts'

export type ObjectCollectorDeps = Pick<
  ObjectTables,
  'groupTable' | 'policyTable' | 'profileTable' | 'globalTable' | 'attachmentsOf' | 'kept'
>

type Rules = {
  [K in ObjectLeaf['kind']]: {
    may(record: LeafRecord<Extract<Leaf, { kind: K }>>, drops: Drops): boolean
    drop(record: LeafRecord<Extract<Leaf, { kind: K }>>): void
  }
}

export function createObjectCollector(tables: ObjectCollectorDeps, gone: Gone): Rules {
  const { groupTable: groups, policyTable: policies, profileTable: profiles, globalTable: globals } = tables

  /** What gave a group a policy is told in the policy's history for a while; not of a group that is gone. */
  function isTold({ leaf, ...record }: LeafRecord<GroupPolicyLeaf | GroupPolicyRmLeaf>, drops: Drops): boolean {
    const tenant = groups.born(leaf.group)?.tenant
    if (drops.judges || tenant === undefined) return false
    const isUsed = () => groups.mayHavePolicy(tenant, leaf.policy, drops)
    if (policies.isForgotten(tenant, leaf.policy, drops, isUsed)) return false
    const told = tables.attachmentsOf(tenant, leaf.policy)
    return told.length < tables.kept.changes || compareRecords(record, told[0]?.record ?? record) >= 0
  }

  const group = {
    may: (record: Parameters<typeof groups.mayDrop>[0], drops: Drops) => groups.mayDrop(record, drops, gone),
    drop: (record: Parameters<typeof groups.drop>[0]) => groups.drop(record),
  }
  const attachment = {
    may: (record: LeafRecord<GroupPolicyLeaf | GroupPolicyRmLeaf>, drops: Drops) =>
      groups.mayDrop(record, drops, gone) && !isTold(record, drops),
    drop: (record: LeafRecord<GroupPolicyLeaf | GroupPolicyRmLeaf>) => groups.drop(record),
  }
  const policy = {
    may: (record: Parameters<typeof policies.mayDrop>[0], drops: Drops) => {
      const { leaf } = record
      const name = 'policy' in leaf ? leaf.policy : leaf.name
      return policies.mayDrop(record, drops, gone, () => groups.mayHavePolicy(leaf.tenant, name, drops))
    },
    drop: (record: Parameters<typeof policies.drop>[0]) => policies.drop(record),
  }
  const profileOf = ({ tenant, name }: { tenant: string; name: string }) => `${tenant}/${name}`
  return {
    ...{ group, 'group-rm': group, 'group-edit': group, 'group-policy': attachment, 'group-policy-rm': attachment },
    ...{ policy, 'policy-rm': policy, rule: policy, 'rule-rm': policy },
    netprofile: {
      may: (record, drops) => {
        const { tenant, name } = record.leaf
        const isUsed = () => groups.mayHaveProfile(tenant, name, drops)
        return profiles.mayDrop(profileOf(record.leaf), record, drops, gone, isUsed)
      },
      drop: record => profiles.drop(profileOf(record.leaf), record),
    },
    'netprofile-rm': {
      may: (record, drops) => profiles.mayDropRemoval(profileOf(record.leaf), record, drops, gone),
      drop: record => profiles.drop(profileOf(record.leaf), record),
    },
    global: {
      may: (record, drops) => globals.mayDrop('global', record, drops, gone),
      drop: record => globals.drop('global', record),
    },
  }
}
