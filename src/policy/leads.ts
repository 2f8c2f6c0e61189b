/** Pure: what leads from the addresses of a group's members to the chains of rules. */
import { SharedMap } from '../lib/shared-map.ts'
import type { GroupId } from '../model/group.ts'
import { chainNaming, isLoaded, type List, mapNaming, namesGroups } from './lists.ts'
import type { ListScope, Scope } from './scope.ts'
import { ends, type PeerWords } from './terms.ts'

/** Where the addresses of a group's members lead to. */
export interface Placement {
  /** Chain that judges what comes to them. */
  readonly receivers?: string
  /** Chain that judges what they send. */
  readonly senders?: string
  /** Chains with the rules of others that name the group. */
  readonly named?: readonly Named[]
}

export interface Named {
  /** The map of a list of policies, from the addresses of groups that its rules name. */
  readonly map: string
  readonly chain: string
}

/** What a map is asked with, beside the zone if it is an address. */
export type MapWords = PeerWords | 'iifname'

export interface Leads {
  /** Further maps: from addresses to chains, and of which end the addresses are; from devices to `judge6`. */
  readonly maps: ReadonlyMap<string, MapWords>
  /** Of the groups that may be met here. */
  readonly placements: ReadonlyMap<GroupId, Placement>
  /** The same for IPv6 addresses, of groups that have them. */
  readonly placements6: ReadonlyMap<GroupId, Placement>
}

/** There as soon as one network has IPv6. */
const maps6: readonly (readonly [string, MapWords])[] = [
  ['carrying6', 'iifname'],
  ['receivers6', ends[6].out],
  ['senders6', ends[6].in],
]

/** @param before what led to the lists as they were, kept if the same does */
export function leadsOf(
  scope: Scope,
  lists: ReadonlyMap<string, List>,
  before?: { lists: ReadonlyMap<string, List>; leads: Leads },
): Leads {
  if (before && scope.lists.every(({ name }) => isLedToAlike(before.lists.get(name), lists.get(name))))
    return before.leads
  const loaded = scope.lists.flatMap(list => {
    const its = lists.get(list.name)
    return its && isLoaded(its) ? [{ list, its }] : []
  })
  const naming = loaded.filter(({ its }) => namesGroups(its))
  const maps = naming.map(({ list }) => [mapNaming(list.name), ends[list.family][list.direction]] as const)
  return {
    maps: new Map([...maps, ...(scope.has6 ? maps6 : [])]),
    placements: placementsOf(
      scope.here[4],
      loaded.filter(({ list }) => list.family === 4),
    ),
    placements6: placementsOf(
      scope.here[6],
      loaded.filter(({ list }) => list.family === 6),
    ),
  }
}

/** The same groups have it, and it names the same. */
function isLedToAlike(a: List | undefined, b: List | undefined): boolean {
  if (a === b) return true
  if (!a || !b || isLoaded(a) !== isLoaded(b)) return false
  return SharedMap.differences(a.index, b.index).every(part => a.index.has(part) === b.index.has(part))
}

function placementsOf(
  groups: ReadonlySet<GroupId>,
  loaded: readonly { list: ListScope; its: List }[],
): Map<GroupId, Placement> {
  const placements = new Map(
    [...groups].map(group => [group, {} as { receivers?: string; senders?: string; named?: Named[] }]),
  )
  for (const { list, its } of loaded) {
    const { name, direction } = list
    for (const group of list.groups) {
      const placement = placements.get(group)
      if (placement) placement[direction === 'in' ? 'receivers' : 'senders'] = name
    }
    for (const group of its.index.keys()) {
      const placement = placements.get(group)
      if (placement)
        placement.named = [...(placement.named ?? []), { map: mapNaming(name), chain: chainNaming(name, group) }]
    }
  }
  return placements
}
