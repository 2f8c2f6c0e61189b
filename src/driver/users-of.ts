/** What keeps a network or group from being deleted by `docker network rm`, where it was born. */
import type { RegistryView } from '../crdt/registry-view.ts'
import { formatIp } from '../model/ip.ts'
import type { Wanted } from './docker-name.ts'

/** So many containers are named in a condition; the rest is counted. */
const namedEndpoints = 5

/** For people: its endpoints, its groups, the rules that name it. */
export function usersOf(view: RegistryView, { network, group }: Wanted): string[] {
  return [
    ...endpoints(view, network.id, group?.id),
    ...(group ? [] : groups(view, network)),
    ...rules(view, network, group),
  ]
}

function endpoints(view: RegistryView, network: string, group: string | undefined): string[] {
  const found = view.endpoints(network).filter(endpoint => group === undefined || endpoint.group === group)
  const names = found
    .slice(0, namedEndpoints)
    .map(
      ({ containerName, ip, owner }) => `${containerName || formatIp(ip)} on ${view.member(owner)?.name ?? 'a host'}`,
    )
  return found.length > namedEndpoints ? [...names, `${found.length - namedEndpoints} more`] : names
}

function groups({ objects }: RegistryView, { id, tenant }: Wanted['network']): string[] {
  return objects.groups(tenant).flatMap(group => (group.network === id ? [`group ${group.name}`] : []))
}

function rules({ objects }: RegistryView, network: Wanted['network'], group: Wanted['group']): string[] {
  const { tenant } = network
  return objects.policies(tenant).flatMap(({ name: policy }) =>
    objects.rules(tenant, policy).flatMap(({ shown, value }) => {
      const named = group ? [value.fromGroup, value.toGroup] : [value.fromNetwork, value.toNetwork]
      return named.includes((group ?? network).name) ? [`rule ${shown} of policy ${policy}`] : []
    }),
  )
}
