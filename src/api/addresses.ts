/** Who may hand out which addresses of a network. */
import type { FastifyInstance } from 'fastify'
import type { Network, RegistryView } from '../crdt/registry-view.ts'
import type { PeerKey } from '../lib/keys.ts'
import { formatIp, parseIp } from '../model/ip.ts'
import type { ApiDeps } from './deps.ts'
import { type KeyRoute, requireNetwork } from './lookup.ts'
import { type Range, rangesText, toRanges } from './ranges.ts'
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
  const owners = deps.ipam.usage(network.id).map(({ owner, addresses, used, reserved }): OwnerJson => {
    const state = owner === self ? 'self' : connected.has(owner) ? 'in reach' : 'out of reach'
    const own = ranges ? { ranges: rangesText(ranges.get(owner) ?? []) } : {}
    return { owner: deps.nameOf(owner), key: owner, state, addresses, used, free: addresses - used - reserved, ...own }
  })
  owners.sort((a, b) => (a.owner === b.owner ? 0 : a.owner < b.owner ? -1 : 1))
  return {
    tenantName: network.tenant,
    networkName: network.name,
    subnet: network.spec.subnet.text,
    owners,
    reserved: view.reserved(network.id).map(ip => {
      return { address: formatIp(ip), owner: deps.nameOf(view.reservedBy(network.id, ip) ?? '') }
    }),
    quarantined: quarantined(view, network),
  }
}

/** What lies side by side is one range; network, broadcast and whatever is outside the range are left out. */
function rangesByOwner(view: RegistryView, network: Network): Map<PeerKey, Range[]> {
  const found = new Map<PeerKey, [first: number, last: number][]>()
  // ascending, so that a run can only grow at its end
  const add = (owner: PeerKey, first: number, last: number) => {
    const runs = found.get(owner) ?? []
    const open = runs.at(-1)
    if (open && open[1] + 1 === first) open[1] = last
    else if (first <= last) runs.push([first, last])
    found.set(owner, runs)
  }
  const count = view.blockCount(network.id)
  for (let index = 0; index < count; index++) {
    const block = view.block(network.id, index)
    if (!block) continue
    const [first, last] = usable(view, network, index)
    if (block.carved.length === 0 && !block.quarantined) add(block.owner, first, last)
    else
      for (let ip = first; ip <= last; ip++) {
        const register = view.address(network.id, ip) ?? block
        if (!register.quarantined) add(register.owner, ip, ip)
      }
  }
  return found
}

/** Known from the conditions, so that a /8 need not be walked for it. */
function quarantined(view: RegistryView, network: Network): AddressesJson['quarantined'] {
  const forked = (kind: string) =>
    view
      .conditions()
      .filter(condition => condition.kind === kind && condition.objects[0] === network.id)
      .map(({ objects }) => objects[1] ?? '')
  const ofBlocks = forked('block-forked').flatMap(index => addressesOf(usable(view, network, Number(index))))
  const single = forked('address-forked').flatMap(text => parseIp(text) ?? [])
  // an address that was carved out before its block was given twice is its owner's all the same
  const ranges = toRanges([...ofBlocks, ...single].filter(ip => view.address(network.id, ip)?.quarantined ?? true))
  return {
    addresses: ranges.reduce((sum, [first, last]) => sum + last - first + 1, 0),
    ranges: rangesText(ranges),
  }
}

function addressesOf([first, last]: Range): number[] {
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, offset) => first + offset)
}

function usable(view: RegistryView, network: Network, index: number): Range {
  const { first, last } = view.blockRange(network.id, index)
  const { subnet } = network.spec
  return [Math.max(first, subnet.first), Math.min(last, subnet.last)]
}
