/**
 * Names of what acts make and deletions end. A dot alone names no act: two histories of a copied key have different ones at the same
 * counter, and a deletion that saw the one ends nothing of the other's object.
 */
import type { Leaf } from '../../src/crdt/leaves.ts'
import { type Dot, dotText } from '../../src/crdt/vector.ts'
import type { GroupId } from '../../src/model/group.ts'
import type { NetworkId } from '../../src/model/network.ts'

export interface Act {
  /** As `objectName` has it. */
  readonly object: string
  readonly dot: Dot
  readonly text: string
}

export const objectName = {
  network: (id: NetworkId) => `network ${id}`,
  tenant: (name: string) => `tenant ${name}`,
  group: (id: GroupId) => `group ${id}`,
  policy: (tenant: string, name: string) => `policy ${tenant}/${name}`,
  rule: (tenant: string, policy: string, id: string) => `rule ${id} of ${tenant}/${policy}`,
}

export function actText(object: string, dot: Dot): string {
  return `${object} by ${dotText(dot)}`
}

/** The acts that the leaf ends, each with its object. */
export function endedActs(leaf: Leaf): string[] {
  const object = endedObject(leaf)
  return object !== undefined && 'seen' in leaf ? leaf.seen.map(dot => actText(object, dot)) : []
}

function endedObject(leaf: Leaf): string | undefined {
  if (leaf.kind === 'network-rm') return objectName.network(leaf.id)
  if (leaf.kind === 'tenant-rm') return objectName.tenant(leaf.name)
  if (leaf.kind === 'group-rm') return objectName.group(leaf.id)
  if (leaf.kind === 'policy-rm') return objectName.policy(leaf.tenant, leaf.name)
  if (leaf.kind === 'rule-rm') return objectName.rule(leaf.tenant, leaf.policy, leaf.id)
  return undefined
}
