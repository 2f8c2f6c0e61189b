/** Pure: which commands bring a network's bridge and VXLAN device, as the kernel has them, to what they should be. */
import type { NetworkId } from '../model/network.ts'
import type { Command } from './diff.ts'
import type { Link } from './links.ts'
import { bridgeMac, bridgeName, tenantNamespace, vxlanName } from './names.ts'

export interface DeviceWishes {
  readonly network: NetworkId
  readonly tenant: string
  readonly mtu: number
  /** The bridge's address, `ADDRESS/LENGTH`; '' for none. */
  readonly gateway: string
  /** This host's VTEP address, dotted. */
  readonly local: string
  /** UDP port of VXLAN. */
  readonly port: number
}

/** In the tenant's namespace. Existing containers stay on the bridge: it is corrected, never re-created. */
export function bridgeCommands(
  link: Link | undefined,
  { network, mtu, gateway }: Pick<DeviceWishes, 'network' | 'mtu' | 'gateway'>,
): Command[] {
  const name = bridgeName(network)
  const mac = bridgeMac(network)
  const commands: Command[] = []
  if (link === undefined) commands.push({ line: `link add name ${name} address ${mac} type bridge mcast_snooping 0` })
  else if (link.info.mcast_snooping !== 0) commands.push({ line: `link set ${name} type bridge mcast_snooping 0` })
  if (link !== undefined && link.mac !== mac) commands.push({ line: `link set ${name} address ${mac}` })
  if (link?.mtu !== mtu) commands.push({ line: `link set ${name} mtu ${mtu}` })
  const addresses = link?.addresses ?? []
  for (const other of addresses.filter(each => each !== gateway))
    commands.push({ line: `addr del ${other} dev ${name}` })
  if (gateway !== '' && !addresses.includes(gateway)) commands.push({ line: `addr add ${gateway} dev ${name}` })
  if (!link?.up) commands.push({ line: `link set ${name} up` })
  return commands
}

/** True if an existing device can stay; what fails here cannot be changed in place. */
export function isUsableVxlan(link: Link, { local, port }: DeviceWishes): boolean {
  const { info } = link
  return (
    link.kind === 'vxlan' &&
    info.local === local &&
    info.port === port &&
    info.proxy === true &&
    info.learning === false
  )
}

/** In the host's namespace, where its socket must be (the underlay is there); then moved to the tenant's. */
export function vxlanCreation({ network, tenant, mtu, local, port }: DeviceWishes, vni: number): Command[] {
  const name = vxlanName(network)
  const parameters = `id ${vni} local ${local} dstport ${port} nolearning proxy`
  return [
    { line: `link add name ${name} mtu ${mtu} type vxlan ${parameters}` },
    { line: `link set ${name} netns ${tenantNamespace(tenant)}` },
  ]
}

/** In the tenant's namespace. Up comes last: as a port it must not have learned anything before. */
export function vxlanCommands(link: Link | undefined, { network, mtu }: DeviceWishes): Command[] {
  const name = vxlanName(network)
  const bridge = bridgeName(network)
  const commands: Command[] = []
  const attached = link?.master === bridge
  if (!attached) commands.push({ line: `link set ${name} master ${bridge}` })
  if (!attached || link?.port.learning !== false) {
    commands.push({ line: `link set ${name} type bridge_slave learning off` })
  }
  if (link?.mtu !== mtu) commands.push({ line: `link set ${name} mtu ${mtu}` })
  if (!link?.up) commands.push({ line: `link set ${name} up` })
  return commands
}

/** The pair of a container, in the tenant's namespace; the container's end starts in the namespace at `hostNamespace`. */
export function pairCommand(
  ends: { bridgeEnd: string; containerEnd: string },
  mac: string,
  { network, mtu }: Pick<DeviceWishes, 'network' | 'mtu'>,
  hostNamespace: string,
): Command {
  const peer = `type veth peer name ${ends.containerEnd} address ${mac} mtu ${mtu} netns ${hostNamespace}`
  return { line: `link add name ${ends.bridgeEnd} mtu ${mtu} master ${bridgeName(network)} up ${peer}` }
}

/** Puts ports back that lost their bridge (someone deleted it); undefined: the container has stopped. */
export function portCommands(
  ports: readonly (Link | undefined)[],
  { network }: Pick<DeviceWishes, 'network'>,
): Command[] {
  const bridge = bridgeName(network)
  return ports.flatMap(port =>
    port && port.master !== bridge ? [{ line: `link set ${port.name} master ${bridge}` }] : [],
  )
}
