/** Standing problems of the mesh: a function of the state, the same on every peer. */
import type { Hlc } from './hlc.ts'

/** Whatever src/crdt says of a mesh is of one of these kinds. */
export const conditionKinds = [
  // networks and tenants
  'name-conflict',
  'subnet-overlap',
  'vlan-conflict',
  'gateway-overlap',
  'tenant-in-use',
  'draining',
  'drain',
  'drain-stopped',
  // addresses and what was written without a right
  'block-forked',
  'address-forked',
  'duplicate-address',
  'forged-records',
  'checkpoint-unjust',
  // members
  'writer-forked',
  'succeeded',
  'succeeded-twice',
  'removal-pending',
  'removed-unasserted',
  'mutual-removal',
  // groups, policies, profiles and settings
  'group-draining',
  'group-without-network',
  'group-name-conflict',
  'pool-overlap',
  'policy-in-use',
  'rule-conflict',
  'rule-lost',
  'netprofile-in-use',
  'edit-lost',
] as const

export type ConditionKind = (typeof conditionKinds)[number]

/** A standing problem, the same on all peers. */
export interface Condition {
  readonly kind: ConditionKind
  /** Ids of what it is about: networks, names of tenants, keys of members, addresses, blocks. */
  readonly objects: readonly string[]
  /** HLC of its cause. */
  readonly since: Hlc
  /** The cause, one line. */
  readonly text: string
  readonly remedy: string
  /** Commands of the remedy, each of which resolves it as it stands. */
  readonly commands?: readonly string[]
}
