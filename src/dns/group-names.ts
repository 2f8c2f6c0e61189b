/** Which names stand for which groups, by network. */
import type { Group } from '../crdt/objects-view.ts'
import type { RegistryView } from '../crdt/registry-view.ts'
import type { GroupId } from '../model/group.ts'
import type { NetworkId } from '../model/network.ts'

export interface GroupNames {
  /** Groups on the network that are called so; `name` in lower case. */
  named(network: NetworkId, name: string): readonly GroupId[]
}

/** The index is made anew when groups have changed. */
export function createGroupNames(view: RegistryView): GroupNames {
  let listed: readonly Group[] = []
  let index = new Map<string, GroupId[]>()
  return {
    named(network, name) {
      const groups = view.objects.groups()
      if (groups !== listed) index = indexOf(groups)
      listed = groups
      return index.get(`${network} ${name}`) ?? []
    },
  }
}

/** By the name to show and by the one it was born with: on its own network that is nobody else's, mostly. */
function indexOf(groups: readonly Group[]): Map<string, GroupId[]> {
  const index = new Map<string, GroupId[]>()
  for (const { id, network, name, bornName } of groups) {
    for (const each of new Set([name.toLowerCase(), bornName.toLowerCase()])) {
      const key = `${network} ${each}`
      index.set(key, [...(index.get(key) ?? []), id])
    }
  }
  return index
}
