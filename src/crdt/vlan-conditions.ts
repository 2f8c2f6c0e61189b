/** Networks that came to claim one VLAN tag on two sides of a split: the older has it, the other is off the uplinks. */
import { shown } from './condition-text.ts'
import type { Condition, RegistryView } from './registry-view.ts'
import { tagOwners } from './vlan-tags.ts'
import { wayOut } from './yielding.ts'

const claimed = { what: 'tag', flags: '--encap=vlan --subnet=SUBNET' } as const

export function vlanConditions(view: RegistryView): Condition[] {
  const networks = view.networks().filter(network => network.spec.encap === 'vlan')
  const owners = tagOwners(networks)
  return networks.flatMap(network => {
    const owner = owners.get(network.spec.pktTag)
    // one whose containers move elsewhere has its condition already, and so has one that goes with its last container
    if (!owner || owner === network || network.into !== undefined || network.status !== 'live') return []
    const { remedy, commands } = wayOut(view, network, owner, claimed)
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
