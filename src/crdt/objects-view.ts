/**
 * Groups, policies, rules, network profiles and global settings as everybody reads them: pure functions of the records
 * received so far, like the rest of `RegistryView`.
 */
import type { GlobalSettings } from '../model/global.ts'
import type { GroupId } from '../model/group.ts'
import type { NetProfile } from '../model/net-profile.ts'
import type { NetworkId } from '../model/network.ts'
import type { RuleValue } from '../model/rule.ts'
import type { Hlc } from './hlc.ts'
import type { DockerPair } from './leaves.ts'
import type { PolicyEvent } from './policy-history.ts'
import type { Dot } from './vector.ts'

/** Endpoints of one network under common policies. */
export interface Group {
  readonly id: GroupId
  readonly tenant: string
  /** The name to show: `bornName`, or `bornName~1a2b3c` for the later of two. */
  readonly name: string
  readonly bornName: string
  /** May be gone, or not yet known: then a condition says so. */
  readonly network: NetworkId
  readonly pool: string
  readonly generation: number
  readonly created: Hlc
  /** `draining`: deleted, but an endpoint is left somewhere; takes no new endpoints. */
  readonly status: 'live' | 'draining'
  /** Names, sorted. */
  readonly policies: readonly string[]
  /** Name of its network profile, or ''. */
  readonly profile: string
  readonly labels: readonly DockerPair[]
}

export interface Policy {
  readonly tenant: string
  readonly name: string
  /** False if it was deleted and is kept for what uses it. */
  readonly alive: boolean
  readonly created: Hlc
}

/** One value under a rule's id. */
export interface Rule {
  readonly id: string
  /** Names the value: 64 hex digits. */
  readonly hash: string
  /** `5`, or `5~1a2b` for the later of two values under one id. */
  readonly shown: string
  readonly value: RuleValue
  readonly created: Hlc
  /** Its writes: what a removal must name. */
  readonly acts: readonly Dot[]
}

export interface NamedProfile extends NetProfile {
  readonly tenant: string
  readonly name: string
  /** False if it was deleted and is kept for the groups that use it. */
  readonly alive: boolean
}

export interface ObjectsView {
  /** Tenants that have a live group, policy or profile. */
  tenants(): string[]
  /** Live and draining, sorted by (tenant, name, id); of one tenant, or all. A group that is as it was is the same object. */
  groups(tenant?: string): readonly Group[]
  group(id: GroupId): Group | undefined
  /** The same, also of one that is deleted and gone, under the name it was born with; undefined if it is not known. */
  everGroup(id: GroupId): Group | undefined
  /** The live group that bears the name. */
  groupByName(tenant: string, name: string): Group | undefined
  groupActs(id: GroupId): Dot[]
  /** True if deletions cover every act of the group that is known: what is merely unknown is not deleted (I5). */
  isGroupDeleted(id: GroupId): boolean
  /** Generation that a group created now under this name is born with (never goes down). */
  nextGroupGeneration(tenant: string, name: string): number
  /** What a write of an object's fields, or its removal, names; `object` is `tenant/name`, a group's id, or `global`. */
  replacing(kind: 'netprofile' | 'group' | 'global', object: string): { seen: Dot[]; covers: Dot[] }
  /** The writes that give the group's profile and labels their values. */
  groupHeads(id: GroupId): Dot[]
  /** What a removal of the policy from the group must name. */
  attachments(id: GroupId, policy: string): Dot[]
  /** Sorted by (tenant, name). */
  policies(tenant?: string): Policy[]
  policy(tenant: string, name: string): Policy | undefined
  policyActs(tenant: string, name: string): Dot[]
  /** Every record of a rule of the policy, also of an earlier life, as `covers` reads it. */
  policyRules(tenant: string, name: string): Dot[]
  /** In effect, by priority, id (`compareRuleIds`), then as they are shown: the same array while they are so. */
  rules(tenant: string, policy: string): readonly Rule[]
  /** The values under one id. */
  ruleValues(tenant: string, policy: string, id: string): readonly Rule[]
  /** Hashes of the values under one id that are off: they lost to a removal elsewhere, and wait for somebody's decision. */
  lostValues(tenant: string, policy: string, id: string): string[]
  /** Writes of an id that no removal names yet, whether in effect or not; given the hash of a value, of that one alone. */
  ruleActs(tenant: string, policy: string, id: string, value?: string): Dot[]
  /** All that is held of a policy, the removals of its rules too, as `covers` reads it: what the writer of a rule knew. */
  policyCover(tenant: string, policy: string): Dot[]
  /** What happened to a policy, in order, as far back as is told (policy-collection.ts). */
  history(tenant: string, policy: string): PolicyEvent[]
  /** The rules that were in effect after an event of the history; undefined if there is no such event. */
  rulesAt(tenant: string, policy: string, event: Dot): Rule[] | undefined
  /** Sorted by (tenant, name). */
  profiles(tenant?: string): NamedProfile[]
  profile(tenant: string, name: string): NamedProfile | undefined
  profileHeads(tenant: string, name: string): Dot[]
  globals(): GlobalSettings
  globalHeads(): Dot[]
  /** Fields that writers gave different values at the same time; `object` is `tenant/name`, a group's id, or `global`. */
  contested(kind: 'netprofile' | 'group' | 'global', object: string): string[]
}
