/** `endpoint ls|inspect`, `ep` for short: containers' places on networks, of all hosts. */
import type { Command } from 'commander'
import type { EndpointInspect, ListedEndpointJson } from '../src/api/types.ts'
import { addTenant, type TenantOption } from './options.ts'
import { requireTenant, type Session } from './session.ts'
import { table } from './table.ts'

interface ListOptions extends TenantOption {
  all?: boolean
  network?: string
  json?: boolean
  quiet?: boolean
  trunc: boolean
}

/** Digits of a container's or an endpoint's id, as Docker shows them. */
export const shortId = 12

export function addEndpointCommands(program: Command, session: Session): void {
  const endpoint = program.command('endpoint').alias('ep').description("containers' places on networks, of all hosts")
  addTenant(endpoint.command('ls').alias('list').description('list endpoints'))
    .option('-a, --all', 'of all tenants')
    .option('-n, --network <network>', 'of this network alone')
    .option('-j, --json', 'as JSON')
    .option('-q, --quiet', 'endpoint ids only')
    .option('--no-trunc', 'whole ids')
    .action((options: ListOptions) => listEndpoints(session, options))
  endpoint
    .command('inspect')
    .argument('<endpoint>', 'a part of endpoint id, container id or container name')
    .description('one endpoint, as JSON')
    .action(async (text: string) => {
      const path = `/api/v1/inspect/endpoints/${encodeURIComponent(text)}/`
      session.printJson(await session.client().get<EndpointInspect>(path))
    })
}

async function listEndpoints(session: Session, options: ListOptions): Promise<void> {
  const { tenant, network } = options
  await requireTenant(session, options)
  const everything = await session.client().get<ListedEndpointJson[]>('/api/v1/endpoints')
  const endpoints = everything.filter(each => {
    return (options.all || each.tenantName === tenant) && (network === undefined || each.networkName === network)
  })
  // nor is an unknown network an empty list
  if (network !== undefined && !options.all && endpoints.length === 0) {
    await session.client().get(`/api/v1/networks/${encodeURIComponent(`${tenant}:${network}`)}/`)
  }
  const id = (text: string) => (options.trunc ? text.slice(0, shortId) : text)
  if (options.json) session.printJson(endpoints)
  else if (options.quiet) for (const { endpointID } of endpoints) session.print(id(endpointID))
  else session.io.stdout(endpointTable(endpoints, id))
}

/** A container that has no name yet is shown by its id, one that has neither by `-`. */
export function endpointTable(endpoints: readonly ListedEndpointJson[], id: (text: string) => string): string {
  const hasIpv6 = endpoints.some(endpoint => endpoint.ipAddress[1] !== '')
  const rows = endpoints.map(endpoint => [
    endpoint.containerName || id(endpoint.containerID) || '-',
    endpoint.networkName,
    endpoint.tenantName,
    endpoint.ipAddress[0],
    ...(hasIpv6 ? [endpoint.ipAddress[1]] : []),
    endpoint.macAddress,
    endpoint.homingHost,
  ])
  return table([['CONTAINER', 'NETWORK', 'TENANT', 'IP', ...(hasIpv6 ? ['IPV6'] : []), 'MAC', 'HOST'], ...rows])
}
