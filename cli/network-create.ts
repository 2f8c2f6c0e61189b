/** `network create`. */
import type { Command } from 'commander'
import { SkeinError } from '../src/lib/errors.ts'
import { networkText } from './contiv-words.ts'
import { keyOf } from './network-key.ts'
import { addTenant, addWait, type TenantOption, type WaitOption } from './options.ts'
import type { Session } from './session.ts'

interface CreateOptions extends TenantOption, WaitOption {
  nwType: string
  encap: string
  pktTag: string
  subnet?: string
  gateway?: string
  subnetv6?: string
  gatewayv6?: string
  nwTag?: string
}

export function addNetworkCreate(network: Command, session: Session): void {
  const create = network.command('create').argument('<network>').description('create a network')
  addWait(addTenant(create), session)
    .option('-n, --nw-type <type>', 'data; infra is not supported', 'data')
    .option('-e, --encap <encap>', 'vlan or vxlan', 'vxlan')
    .option('-p, --pkt-tag <tag>', 'VLAN id or preferred VNI; 0: Skein chooses', '0')
    .option('-s, --subnet <cidr>', 'addresses: 10.1.2.0/24, or a range of them, 10.1.2.10-10.1.2.50/24')
    .option('-g, --gateway <address>', 'gateway, on every host; of a VLAN: the router on the wire')
    .option('--s6, --subnetv6 <cidr>', 'IPv6 addresses beside them, each container has one: fd00:6::/64')
    .option('--g6, --gatewayv6 <address>', 'IPv6 gateway, beside the other')
    .option('--tag, --nw-tag <tag>', 'of Contiv; not supported')
    .action((name: string, options: CreateOptions) => createNetwork(session, name, options))
}

async function createNetwork(session: Session, name: string, options: CreateOptions): Promise<void> {
  const { tenant, wait } = options
  const contivs = session.name === 'netctl' && networkText(options)
  if (contivs) throw new SkeinError('usage', `${contivs}; see: netctl network create --help`)
  if (!options.subnet) throw new SkeinError('usage', 'subnet is required: add --subnet=10.1.2.0/24')
  const reply = await session.client().send('POST', `/api/v1/networks/${keyOf(tenant, name)}/`, {
    tenantName: tenant,
    networkName: name,
    subnet: options.subnet,
    encap: options.encap,
    nwType: options.nwType,
    pktTag: tagOf(options.pktTag),
    gateway: options.gateway,
    ipv6Subnet: options.subnetv6,
    ipv6Gateway: options.gatewayv6,
    cfgdTag: options.nwTag,
  })
  await session.confirm(reply, {
    skein: reply.existed ? `network ${tenant}:${name} exists already` : `network ${tenant}:${name} created`,
    netctl: reply.existed ? `Network exists already: ${tenant}:${name}` : '',
    wait,
  })
}

function tagOf(text: string): number {
  if (/^\d{1,8}$/.test(text)) return Number(text)
  throw new SkeinError(
    'usage',
    `--pkt-tag ${JSON.stringify(text)} is no number: use 1 to 16777215, or 0 to let Skein choose`,
  )
}
