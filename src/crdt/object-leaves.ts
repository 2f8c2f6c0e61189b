/** The records of groups, policies, rules, network profiles and global settings (docs/reference/records.md, Objects). */
import type { GroupId } from '../model/group.ts'
import type { NetworkId } from '../model/network.ts'
import type { RuleValue } from '../model/rule.ts'
import type { DockerPair } from './leaves.ts'
import type { Dot } from './vector.ts'

/** An act: the group's id is its hash. */
export type GroupLeaf = {
  kind: 'group'
  tenant: string
  name: string
  network: NetworkId
  /** `10.1.2.10-10.1.2.20`, or ''. */
  pool: string
  generation: number
}
export type GroupRmLeaf = {
  kind: 'group-rm'
  id: GroupId
  tenant: string
  name: string
  generation: number
  seen: readonly Dot[]
}
/**
 * Null leaves a field as it is. `seen`: the writes that gave the fields their values. `covers`: all writes that were held, as
 * `covers` reads it, so that what `seen` names needs not be kept for what it names itself; [] from earlier versions.
 */
export type GroupEditLeaf = {
  kind: 'group-edit'
  group: GroupId
  profile: string | null
  labels: readonly DockerPair[] | null
  seen: readonly Dot[]
  covers: readonly Dot[]
}
export type GroupPolicyLeaf = { kind: 'group-policy'; group: GroupId; policy: string }
export type GroupPolicyRmLeaf = { kind: 'group-policy-rm'; group: GroupId; policy: string; seen: readonly Dot[] }

/** `dropped`: rules of an earlier life of the policy that this creation does not take over; see `covers`. */
export type PolicyLeaf = { kind: 'policy'; tenant: string; name: string; dropped: readonly Dot[] }
/** `rules`: the rules that it saw, as `covers` reads them. */
export type PolicyRmLeaf = {
  kind: 'policy-rm'
  tenant: string
  name: string
  seen: readonly Dot[]
  rules: readonly Dot[]
}
/** `removals`: the removals of this id that its writer knew, as `covers` reads them. */
export type RuleLeaf = {
  kind: 'rule'
  tenant: string
  policy: string
  id: string
  value: RuleValue
  removals: readonly Dot[]
}
/** Removes what is under the id, or, with the hash of a value, that value alone ('' otherwise). */
export type RuleRmLeaf = {
  kind: 'rule-rm'
  tenant: string
  policy: string
  id: string
  value: string
  seen: readonly Dot[]
}
export type NetProfileLeaf = {
  kind: 'netprofile'
  tenant: string
  name: string
  bandwidth: string | null
  dscp: number | null
  burst: number | null
  seen: readonly Dot[]
  covers: readonly Dot[]
}
export type NetProfileRmLeaf = {
  kind: 'netprofile-rm'
  tenant: string
  name: string
  seen: readonly Dot[]
  covers: readonly Dot[]
}
export type GlobalLeaf = {
  kind: 'global'
  fabricMode: string | null
  vlans: string | null
  vxlans: string | null
  fwdMode: string | null
  arpMode: string | null
  privateSubnet: string | null
  seen: readonly Dot[]
  covers: readonly Dot[]
}

export type ObjectLeaf =
  | GroupLeaf
  | GroupRmLeaf
  | GroupEditLeaf
  | GroupPolicyLeaf
  | GroupPolicyRmLeaf
  | PolicyLeaf
  | PolicyRmLeaf
  | RuleLeaf
  | RuleRmLeaf
  | NetProfileLeaf
  | NetProfileRmLeaf
  | GlobalLeaf
