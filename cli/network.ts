/** `network create|ls|rm|inspect`, `net` for short. */
import type { Command } from 'commander'
import type { NetworkInspect, NetworkJson } from '../src/api/types.ts'
import { addNetworkChanges } from './network-changes.ts'
import { addNetworkCreate } from './network-create.ts'
import { keyOf } from './network-key.ts'
import { addTenant, addWait, type TenantOption, type WaitOption } from './options.ts'
import { requireTenant, type Session } from './session.ts'
import { table } from './table.ts'

interface ListOptions extends TenantOption {
  all?: boolean
  json?: boolean
  quiet?: boolean
}

/** Column heads of the tutorial; its rules are not all as long as their heads. */
const head = [
  ['Tenant', 'Network', 'Nw Type', 'Encap type', 'Packet tag', 'Subnet', 'Gateway'],
  ['------', '-------', '-------', '----------', '----------', '-------', '------'],
]

/** Contiv's later columns, for who has such a network. */
const head6 = [
  ['IPv6Subnet', 'IPv6Gateway'],
  ['----------', '-----------'],
]

export function addNetworkCommands(program: Command, session: Session): void {
  const network = program.command('network').alias('net').description('networks that span all hosts')
  addNetworkCreate(network, session)
  const remove = addTenant(network.command('rm').alias('delete').argument('<network>'))
  addWait(remove.description('delete a network without endpoints'), session).action(
    (name: string, options: TenantOption & WaitOption) => removeNetwork(session, name, options),
  )
  addNetworkChanges(network, session)
  addTenant(network.command('ls').alias('list').description('list networks'))
    .option('-a, --all', 'of all tenants')
    .option('-j, --json', 'as JSON')
    .option('-q, --quiet', 'names only')
    .action((options: ListOptions) => listNetworks(session, options))
  addTenant(network.command('inspect').argument('<network>'))
    .description('a network with its addresses and endpoints, as JSON')
    .action(async (name: string, { tenant }: TenantOption) => {
      session.printJson(await session.client().get<NetworkInspect>(`/api/v1/inspect/networks/${keyOf(tenant, name)}/`))
    })
}

async function removeNetwork(session: Session, name: string, options: TenantOption & WaitOption): Promise<void> {
  const { tenant, wait } = options
  const reply = await session.client().send('DELETE', `/api/v1/networks/${keyOf(tenant, name)}/`)
  await session.confirm(reply, {
    skein: `network ${tenant}:${name} deleted`,
    netctl: `Deleting network ${tenant}:${name}`,
    wait,
  })
}

async function listNetworks(session: Session, options: ListOptions): Promise<void> {
  await requireTenant(session, options)
  const everything = await session.client().get<NetworkJson[]>('/api/v1/networks/')
  const networks = everything.filter(network => options.all || network.tenantName === options.tenant)
  if (options.json) session.printJson(networks)
  else if (options.quiet) for (const network of networks) session.print(network.networkName)
  else session.io.stdout(networkTable(networks))
}

export function networkTable(networks: readonly NetworkJson[]): string {
  const hasIpv6 = networks.some(network => network.ipv6Subnet)
  const columns = ({ ipv6Subnet = '', ipv6Gateway = '' }: NetworkJson) => (hasIpv6 ? [ipv6Subnet, ipv6Gateway] : [])
  const rows = networks.map(network => [
    network.tenantName,
    network.networkName,
    network.nwType,
    network.encap,
    String(network.pktTag ?? 0),
    network.subnet,
    network.gateway ?? '',
    ...columns(network),
  ])
  return table([...head.map((row, at) => [...row, ...(hasIpv6 ? (head6[at] ?? []) : [])]), ...rows])
}
