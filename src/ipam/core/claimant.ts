/** Who an address is for: a group's pool is a filter on what owners hand out (R6), and R7 looks at groups too. */
import type { RegistryView } from '../../crdt/registry-view.ts'
import { type GroupId, poolRange } from '../../model/group.ts'
import type { NetworkId } from '../../model/network.ts'
import type { Range } from './geometry.ts'

export interface Claimant {
  /** Undefined for a container in no group. */
  readonly group: GroupId | undefined
  /** The pool of its group: it gets an address of these. */
  readonly within: Range | undefined
  /** Pools of the other groups of the network: it gets none of these. */
  readonly avoid: readonly Range[]
  /** Whether the network has groups at all: where it has none, it does not matter who had an address before. */
  readonly hasGroups: boolean
}

export const anyone: Claimant = { group: undefined, within: undefined, avoid: [], hasGroups: false }

export function claimantOf(view: RegistryView, network: NetworkId, group: GroupId | undefined): Claimant {
  const groups = view.objects.groups().filter(other => other.network === network)
  if (groups.length === 0 && group === undefined) return anyone
  const others = groups.filter(({ id, status }) => id !== group && status === 'live')
  return {
    group,
    within: poolRange(groups.find(({ id }) => id === group)?.pool ?? ''),
    avoid: others.flatMap(({ pool }) => poolRange(pool) ?? []),
    hasGroups: true,
  }
}

/** True if its group, or the lack of one, lets it have the address. */
export function mayHave({ within, avoid }: Claimant, ip: number): boolean {
  const isIn = ({ first, last }: Range) => ip >= first && ip <= last
  return within ? isIn(within) : !avoid.some(isIn)
}
