/** `ps`: the containers of all hosts that are on a Skein network, as Docker's classic Swarm showed them: `host/name`. */
import type { Command } from 'commander'
import type { ListedEndpointJson } from '../src/api/types.ts'
import { dockerName } from '../src/model/names.ts'
import { shortId } from './endpoint.ts'
import type { Session } from './session.ts'
import { table } from './table.ts'

export interface ContainerJson {
  /** `host/name`; `host/-` while the name is not known. */
  name: string
  host: string
  containerID: string
  /** Sorted by tenant and network. */
  networks: {
    tenantName: string
    networkName: string
    ipAddress: string
    /** Absent in a network without IPv6. */
    ipv6Address?: string
    macAddress: string
    endpointID: string
  }[]
}

export function addPsCommand(program: Command, session: Session): void {
  program
    .command('ps')
    .description('containers of all hosts that are on a Skein network')
    .option('-j, --json', 'as JSON')
    .option('-q, --quiet', 'names only')
    .option('--no-trunc', 'whole ids')
    .action(async (options: { json?: boolean; quiet?: boolean; trunc: boolean }) => {
      const containers = containersOf(await session.client().get<ListedEndpointJson[]>('/api/v1/endpoints'))
      if (options.json) session.printJson(containers)
      else if (options.quiet) for (const { name } of containers) session.print(name)
      else session.io.stdout(containerTable(containers, options.trunc))
    })
}

/** Sorted by host and name. An endpoint whose container is not known yet counts as a container of its own. */
export function containersOf(endpoints: readonly ListedEndpointJson[]): ContainerJson[] {
  const found = new Map<string, ContainerJson>()
  for (const endpoint of endpoints) {
    const { homingHost: host, containerID, containerName, endpointID, tenantName, networkName, macAddress } = endpoint
    const key = `${host}/${containerID || endpointID}`
    const name = `${host}/${containerName || '-'}`
    const container = found.get(key) ?? { name, host, containerID, networks: [] }
    const [ipAddress, ipv6Address] = endpoint.ipAddress
    const own6 = ipv6Address === '' ? {} : { ipv6Address }
    container.networks.push({ tenantName, networkName, ipAddress, ...own6, macAddress, endpointID })
    found.set(key, container)
  }
  const order = ({ name, containerID }: ContainerJson) => `${name}\n${containerID}`
  return [...found.values()].sort((a, b) => (order(a) < order(b) ? -1 : 1))
}

export function containerTable(containers: readonly ContainerJson[], truncate: boolean): string {
  const hasIpv6 = containers.some(({ networks }) => networks.some(({ ipv6Address }) => ipv6Address !== undefined))
  const rows = containers.map(({ name, containerID, networks }) => [
    name,
    networks.map(({ tenantName, networkName }) => dockerName(tenantName, networkName)).join(','),
    networks.map(({ ipAddress }) => ipAddress).join(','),
    ...(hasIpv6 ? [networks.flatMap(({ ipv6Address }) => ipv6Address ?? []).join(',')] : []),
    (truncate ? containerID.slice(0, shortId) : containerID) || '-',
  ])
  return table([['NAME', 'NETWORK', 'IP', ...(hasIpv6 ? ['IPV6'] : []), 'CONTAINER ID'], ...rows])
}
