/** What networks, and groups on them, are called in every host's Docker, where nothing else has the name. */
import type { GroupId } from '../model/group.ts'
import { dockerName, groupNetworkName } from '../model/names.ts'
import type { Group } from './objects-view.ts'
import type { Network } from './registry-view.ts'

/** `db` of `db.web`, by group: groups of one name may have been created on several networks, whose names tell them apart. */
export function groupsInDocker(groups: readonly Group[]): Map<GroupId, string> {
  const taken = new Set<string>()
  return new Map(
    groups.map(({ id, network, name, bornName }) => {
      const slot = `${network} ${bornName}`
      const isSecond = taken.has(slot)
      taken.add(slot)
      return [id, isSecond ? name : bornName]
    }),
  )
}

/** `web`, `web/blue`, or of a group `db.web`, `db.web/blue`. */
export function nameInDocker({ tenant, name }: Pick<Network, 'tenant' | 'name'>, group?: string): string {
  return dockerName(tenant, group === undefined ? name : groupNetworkName(group, name))
}
