/** Standing problems as a function of the state: the same list on every peer, since the HLC of their cause. */
import type { PeerKey } from '../lib/keys.ts'
import { formatIp } from '../model/ip.ts'
import { overlaps } from '../model/subnet.ts'
import type { BlockTable } from './block-table.ts'
import { compareHlc, type Hlc, maxHlc } from './hlc.ts'
import type { NetworkTable } from './network-table.ts'
import { objectConditions } from './object-conditions.ts'
import type { ObjectTables } from './object-tables.ts'
import type { Condition, Network, RegistryView } from './registry-view.ts'
import type { TenantTable } from './tenant-table.ts'

interface Tables {
  tenants: TenantTable
  networks: NetworkTable
  blocks: BlockTable
  /** Writers with several histories, and when these parted. */
  forks: ReadonlyMap<PeerKey, Hlc>
  objects: ObjectTables
}

export function conditionsOf(view: RegistryView, tables: Tables): Condition[] {
  const found = [
    ...sameNames(view),
    ...overlappingSubnets(view),
    ...draining(view, tables.networks),
    ...orphanedTenants(view, tables.tenants),
    ...forkedBlocks(tables.blocks),
    ...forkedAddresses(view, tables.blocks),
    ...forkedWriters(view, tables.forks),
    ...objectConditions(view, tables.objects),
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
            text: `tenant ${name} was deleted on one side of a split and has objects from the other`,
            remedy: `remove its networks, groups, policies and netprofiles, or keep it with: skein tenant create ${name}`,
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

/** R8: names every address that the writer has handed out, since each may be in use twice. */
function forkedWriters(view: RegistryView, forks: ReadonlyMap<PeerKey, Hlc>): Condition[] {
  return [...forks].map(([writer, since]) => {
    const host = view.member(writer)?.name ?? writer.slice(0, 8)
    const held = view
      .networks()
      .flatMap(network => view.endpoints(network.id).map(endpoint => ({ network, endpoint })))
      .filter(({ endpoint }) => endpoint.owner === writer)
      .map(({ network, endpoint: { ip, containerName } }) => {
        const name = containerName ? ` (${containerName})` : ''
        return `${formatIp(ip)}${name} in ${shown(network)}`
      })
    const used = held.length > 0 ? `; addresses that it handed out: ${held.join(', ')}` : ''
    return {
      kind: 'writer-forked',
      objects: [writer],
      since,
      text: `${host} has two histories: its data directory was restored from an old copy, or two machines run with it; it gets and gives no addresses${used}`,
      remedy: `on ${host}: skein peer rejoin; if two machines run with its key, stop one of them and let it join with a token`,
    }
  })
}
