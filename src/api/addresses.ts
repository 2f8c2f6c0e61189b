/** Who may hand out which addresses of a network. */
import type { FastifyInstance } from 'fastify'
import type { Network, RegistryView } from '../crdt/registry-view.ts'
import type { PeerKey } from '../lib/keys.ts'
import type { ApiDeps } from './deps.ts'
import { type KeyRoute, requireNetwork } from './lookup.ts'
import { type Range, rangesText } from './ranges.ts'
import type { AddressesJson, OwnerJson } from './types.ts'

interface AddressRoute extends KeyRoute {
  Querystring: { ranges?: string }
}

export function addAddressRoutes(app: FastifyInstance, deps: () => ApiDeps): void {
  app.get<AddressRoute>('/api/v1/addresses/:key', (request): AddressesJson => {
    const network = requireNetwork(deps().replica.view, request.params.key)
    return addressesJson(deps(), network, request.query.ranges === 'true')
  })
}

function addressesJson(deps: ApiDeps, network: Network, withRanges: boolean): AddressesJson {
  const { view, self } = deps.replica
  const connected = new Set(deps.connected())
  const ranges = withRanges ? rangesByOwner(view, network) : undefined
  const owners = deps.ipam.usage(network.id).map(({ owner, addresses, used }): OwnerJson => {
    const state = owner === self ? 'self' : connected.has(owner) ? 'in reach' : 'out of reach'
    const own = ranges ? { ranges: rangesText(ranges.get(owner) ?? []) } : {}
    return { owner: deps.nameOf(owner), key: owner, state, addresses, used, free: addresses - used, ...own }
  })
  owners.sort((a, b) => (a.owner === b.owner ? 0 : a.owner < b.owner ? -1 : 1))
  return {
    tenantName: network.tenant,
    networkName: network.name,
    subnet: network.spec.subnet.text,
    owners,
    quarantined: quarantined(view, network),
  }
}

/** Blocks that lie side by side are one range; network, broadcast and whatever is outside the range are left out. */
function rangesByOwner(view: RegistryView, network: Network): Map<PeerKey, Range[]> {
  const found = new Map<PeerKey, [first: number, last: number][]>()
  const count = view.blockCount(network.id)
  for (let index = 0; index < count; index++) {
    const block = view.block(network.id, index)
    if (!block || block.quarantined) continue
    const [first, last] = usable(view, network, index)
    const runs = found.get(block.owner) ?? []
    const open = runs.at(-1)
    if (open && open[1] + 1 === first) open[1] = last
    else if (first <= last) runs.push([first, last])
    found.set(block.owner, runs)
  }
  return found
}

/** Known from the conditions, so that a /8 need not be walked for it. */
function quarantined(view: RegistryView, network: Network): AddressesJson['quarantined'] {
  const indices = view
    .conditions()
    .filter(({ kind, objects }) => kind === 'block-forked' && objects[0] === network.id)
    .map(({ objects }) => Number(objects[1]))
  const ranges = [...new Set(indices)].sort((a, b) => a - b).map(index => usable(view, network, index))
  return {
    addresses: ranges.reduce((sum, [first, last]) => sum + Math.max(0, last - first + 1), 0),
    ranges: rangesText(ranges),
  }
}

function usable(view: RegistryView, network: Network, index: number): Range {
  const { first, last } = view.blockRange(network.id, index)
  const { subnet } = network.spec
  return [Math.max(first, subnet.first), Math.min(last, subnet.last)]
}
