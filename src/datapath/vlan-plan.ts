/** Pure: which commands bring a VLAN network's device on the uplink, as the kernel has it, to what it should be. */
import type { NetworkId } from '../model/network.ts'
import type { Command } from './diff.ts'
import type { Link } from './links.ts'
import { bridgeName, tenantNamespace, vlanName } from './names.ts'

export interface VlanWishes {
  readonly network: NetworkId
  readonly tenant: string
  readonly tag: number
  /** In the host's namespace. */
  readonly uplink: Link
}

/** True if an existing device can stay; what fails here cannot be changed in place. */
export function isUsableVlan(link: Link, { tag, uplink }: VlanWishes): boolean {
  const { id, protocol } = link.info
  return link.kind === 'vlan' && id === tag && protocol === '802.1Q' && link.parentIndex === uplink.index
}

/** In the host's namespace, where the uplink is and stays; then moved to the tenant's. */
export function vlanCreation({ network, tenant, tag, uplink }: VlanWishes): Command[] {
  const name = vlanName(network)
  return [
    { line: `link add link ${uplink.name} name ${name} mtu ${uplink.mtu} type vlan protocol 802.1Q id ${tag}` },
    { line: `link set ${name} netns ${tenantNamespace(tenant)}` },
  ]
}

/**
 * In the tenant's namespace. Who is behind the wire is learned from its frames: no record tells of plain hosts. On an
 * uplink that is down a device cannot come up; the kernel brings it up together with the uplink.
 */
export function vlanCommands(link: Link | undefined, { network, uplink }: VlanWishes): Command[] {
  const name = vlanName(network)
  const bridge = bridgeName(network)
  const commands: Command[] = []
  if (link?.master !== bridge) commands.push({ line: `link set ${name} master ${bridge}` })
  else if (link.port.learning === false) commands.push({ line: `link set ${name} type bridge_slave learning on` })
  if (link && link.mtu !== uplink.mtu) commands.push({ line: `link set ${name} mtu ${uplink.mtu}` })
  if (!link?.up && uplink.up) commands.push({ line: `link set ${name} up` })
  return commands
}
