/** Networks that came to claim one VLAN tag on two sides of a split: the older has it, the other is off the uplinks. */
import { drainCommand, inTenant, shown } from './condition-text.ts'
import type { Condition, Network, RegistryView } from './registry-view.ts'
import { tagOwners } from './vlan-tags.ts'

export function vlanConditions(view: RegistryView): Condition[] {
  const networks = view.networks().filter(network => network.spec.encap === 'vlan')
  const owners = tagOwners(networks)
  return networks.flatMap(network => {
    const owner = owners.get(network.spec.pktTag)
    // one whose containers move elsewhere has its condition already, and so has one that goes with its last container
    if (!owner || owner === network || network.into !== undefined || network.status !== 'live') return []
    const { remedy, commands } = remedyOf(view, network, owner)
    return [
      {
        kind: 'vlan-conflict',
        objects: [network.id, owner.id],
        since: network.created,
        text:
          `${shown(network)} is off the uplinks of all hosts: VLAN ${owner.spec.pktTag} belongs to ${shown(owner)}, ` +
          'which is older; its containers reach each other on their own host only',
        remedy,
        commands,
      },
    ]
  })
}

function remedyOf(view: RegistryView, network: Network, owner: Network): { remedy: string; commands: string[] } {
  if (view.endpoints(network.id).length === 0) {
    const remove = `skein net rm${inTenant(network)} ${network.name}`
    return { remedy: `remove it, to create it with another tag, with: ${remove}`, commands: [remove] }
  }
  if (owner.tenant === network.tenant && owner.status === 'live' && owner.into === undefined) {
    const drain = drainCommand(network, owner)
    return { remedy: `move its containers into the other with: ${drain}`, commands: [drain] }
  }
  const create = `skein net create${inTenant(network)} --encap=vlan --subnet=SUBNET NAME`
  const drain = `skein net drain${inTenant(network)} ${network.name} --into NAME`
  return {
    remedy: `move its containers to a network with a tag of its own, with: ${create}, then: ${drain}`,
    commands: [],
  }
}
