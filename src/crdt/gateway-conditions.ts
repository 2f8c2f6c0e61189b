/** Networks with a gateway that came to have one prefix on two sides of a split: the older is routed, the other is not. */
import { gatewayOf } from '../model/gateway.ts'
import { collide } from '../model/network.ts'
import { prefixText } from '../model/subnet.ts'
import { shown } from './condition-text.ts'
import type { Condition, Network, RegistryView } from './registry-view.ts'
import { routedNetworks } from './routed-networks.ts'
import { wayOut } from './yielding.ts'

const claimed = { what: 'subnet', flags: '--subnet=SUBNET --gateway=ADDRESS' } as const

export function gatewayConditions(view: RegistryView): Condition[] {
  const networks = view.networks().filter(({ spec }) => gatewayOf(spec) !== undefined)
  return [...new Set(networks.map(({ tenant }) => tenant))].flatMap(tenant => {
    const all = networks.filter(network => network.tenant === tenant)
    const routed = routedNetworks(all)
    return all.flatMap(network => {
      // one whose containers move elsewhere has its condition already, and so has one that goes with its last container
      if (routed.includes(network) || network.into !== undefined || network.status !== 'live') return []
      const owner = routed.find(other => collide(other.spec, network.spec))
      return owner ? [conditionOf(view, network, owner)] : []
    })
  })
}

function conditionOf(view: RegistryView, network: Network, owner: Network): Condition {
  const { remedy, commands } = wayOut(view, network, owner, claimed)
  return {
    kind: 'gateway-overlap',
    objects: [network.id, owner.id],
    since: network.created,
    text:
      `${shown(network)} is not routed: ${overlapText(network, owner)} of ` +
      `${shown(owner)}, which is older; its containers reach each other, and no other network`,
    remedy,
    commands,
  }
}

/** Of the family in which they do; of IPv4 if it is both. */
function overlapText({ spec }: Network, { spec: other }: Network): string {
  const isIpv4 = collide({ ...spec, subnet6: '' }, other)
  const [own, others] = isIpv4 ? [prefixText(spec.subnet), prefixText(other.subnet)] : [spec.subnet6, other.subnet6]
  return `${own} overlaps ${others}`
}
