/** Standing problems as a function of the state: the same list on every peer, since the HLC of their cause. */
import { formatIp } from '../model/ip.ts'
import { overlaps } from '../model/subnet.ts'
import type { BlockTable } from './block-table.ts'
import { compareHlc, maxHlc } from './hlc.ts'
import type { NetworkTable } from './network-table.ts'
import type { Condition, Network, RegistryView } from './registry-view.ts'
import type { TenantTable } from './tenant-table.ts'

interface Tables {
  tenants: TenantTable
  networks: NetworkTable
  blocks: BlockTable
}

export function conditionsOf(view: RegistryView, tables: Tables): Condition[] {
  const found = [
    ...sameNames(view),
    ...overlappingSubnets(view),
    ...draining(view, tables.networks),
    ...orphanedTenants(view, tables.tenants),
    ...forkedBlocks(tables.blocks),
    ...forkedAddresses(view, tables.blocks),
  ]
  return found.sort((a, b) => compareHlc(a.since, b.since) || (a.text < b.text ? -1 : 1))
}

const shown = (network: Network) => `${network.tenant}/${network.name}`

function sameNames(view: RegistryView): Condition[] {
  return view
    .networks()
    .filter(network => network.status === 'live' && network.name !== network.bornName)
    .map(network => ({
      kind: 'name-conflict',
      objects: [network.id],
      since: network.created,
      text: `${shown(network)} was created as ${network.bornName} on another side of a split and is a network of its own`,
      remedy: `empty one of the two, then: skein net rm -t ${network.tenant} ${network.name}`,
    }))
}

function overlappingSubnets(view: RegistryView): Condition[] {
  const found: Condition[] = []
  const live = view.networks().filter(network => network.status === 'live' && network.name === network.bornName)
  live.forEach((a, i) => {
    for (const b of live.slice(i + 1)) {
      if (a.tenant !== b.tenant || !overlaps(a.spec.subnet, b.spec.subnet)) continue
      found.push({
        kind: 'subnet-overlap',
        objects: [a.id, b.id],
        since: maxHlc(a.created, b.created),
        text: `${shown(a)} and ${shown(b)} overlap in ${a.spec.subnet.text} and ${b.spec.subnet.text}`,
        remedy: `move the containers of one of them, then: skein net rm -t ${b.tenant} ${b.name}`,
      })
    }
  })
  return found
}

function draining(view: RegistryView, networks: NetworkTable): Condition[] {
  return view
    .networks()
    .filter(network => network.status === 'draining')
    .map(network => {
      const left = view.endpoints(network.id).map(endpoint => endpoint.containerName || formatIp(endpoint.ip))
      return {
        kind: 'draining',
        objects: [network.id],
        since: networks.deletedSince(network.id) ?? network.created,
        text: `${shown(network)} was deleted while in use and waits for ${left.join(', ')}`,
        remedy: 'remove these containers',
      }
    })
}

function orphanedTenants(view: RegistryView, tenants: TenantTable): Condition[] {
  return view.tenants().flatMap(name => {
    const deletion = tenants.deletion(name)
    return deletion
      ? [
          {
            kind: 'tenant-in-use',
            objects: [name],
            since: deletion.hlc,
            text: `tenant ${name} was deleted on one side of a split and has networks from the other`,
            remedy: `remove its networks, or keep it with: skein tenant create ${name}`,
          },
        ]
      : []
  })
}

function forkedBlocks(blocks: BlockTable): Condition[] {
  return blocks.forks().map(({ leaf, hlc }) => ({
    kind: 'block-forked',
    objects: [leaf.network, String(leaf.index)],
    since: hlc,
    text: `block ${leaf.index} of network ${leaf.network.slice(0, 6)} was given away twice; nobody uses it`,
    remedy: 'find the peer that was restored from an old copy or cloned, and remove it',
  }))
}

function forkedAddresses(view: RegistryView, blocks: BlockTable): Condition[] {
  const isEffective = (network: string, ip: number) => view.address(network, ip)?.quarantined === true
  return blocks
    .addressForks()
    .filter(({ leaf }) => isEffective(leaf.network, leaf.ip))
    .map(({ leaf, hlc }) => ({
      kind: 'address-forked',
      objects: [leaf.network, formatIp(leaf.ip)],
      since: hlc,
      text: `${formatIp(leaf.ip)} of network ${leaf.network.slice(0, 6)} was given away twice; nobody uses it`,
      remedy: 'find the peer that was restored from an old copy or cloned, and remove it',
    }))
}
