/** Addresses that were given away twice, and those that are used twice. */
import { toHex } from '../lib/bytes.ts'
import type { PeerKey } from '../lib/keys.ts'
import { formatIp } from '../model/ip.ts'
import type { Chain } from './blocks.ts'
import { hostArgument, hostName, inTenant, shown, type Tables, users, usersToType } from './condition-text.ts'
import { groupsInDocker, nameInDocker } from './docker-names.ts'
import { type Hlc, maxHlc } from './hlc.ts'
import type { LeafRecord } from './live-set.ts'
import type { Condition, Endpoint, Network, RegistryView } from './registry-view.ts'
import { isRightful, rightfulFirst } from './rightful.ts'

export function addressConditions(view: RegistryView, tables: Tables): Condition[] {
  return [...forkedBlocks(view, tables), ...forkedAddresses(view, tables), ...duplicates(view, tables)]
}

function forkedBlocks(view: RegistryView, { twice }: Tables): Condition[] {
  return twice.blocks.flatMap(records => {
    const [first] = records
    if (!first || view.block(first.leaf.network, first.leaf.index)?.quarantined !== true) return []
    const { network, index } = first.leaf
    const text = `block ${index} of network ${nameOf(view, network)} was given away twice by ${giver(view, records)}`
    return [{ kind: 'block-forked', objects: [network, String(index)], ...forked(view, records, text) }]
  })
}

function forkedAddresses(view: RegistryView, { twice }: Tables): Condition[] {
  return twice.addresses.flatMap(records => {
    const [first] = records
    if (!first || view.address(first.leaf.network, first.leaf.ip)?.quarantined !== true) return []
    const { network, ip } = first.leaf
    const text = `${formatIp(ip)} of network ${nameOf(view, network)} was given away twice by ${giver(view, records)}`
    return [{ kind: 'address-forked', objects: [network, formatIp(ip)], ...forked(view, records, text) }]
  })
}

function forked(view: RegistryView, records: readonly LeafRecord<Chain & { network: string }>[], text: string) {
  const key = giverOf(records)
  const isGone = key !== undefined && !view.member(key)
  return {
    since: records.map(record => record.hlc).reduce(maxHlc),
    text: `${text}; nobody uses it`,
    remedy: isGone ? withoutThem(view, records) : beforeItsRemoval(view, key),
  }
}

function beforeItsRemoval(view: RegistryView, key: PeerKey | undefined): string {
  const host = key === undefined ? 'HOST' : hostArgument(view, key)
  return `if ${host} was restored from an old copy, on another host: skein peer invite; on it: skein join TOKEN; if it is not to be trusted: skein peer rm ${host}`
}

/** What its giver signed within its cut counts after its removal, too: two who were given it may each go on from there. */
function withoutThem(view: RegistryView, [first]: readonly LeafRecord<{ network: string }>[]): string {
  const network = first && view.network(first.leaf.network)
  const stays = 'it stays so as long as the network exists'
  if (!network) return stays
  const create = `skein net create${inTenant(network)} --subnet=SUBNET NAME`
  const drain = `skein net drain${inTenant(network)} ${network.name} --into NAME`
  return `${stays}; if the network needs more addresses, move its containers to a larger one, with: ${create}, then: ${drain}`
}

function giver(view: RegistryView, records: readonly LeafRecord<Chain>[]): string {
  const key = giverOf(records)
  return key === undefined ? 'a member' : hostName(view, key)
}

/** Who signed two different steps at one epoch. */
function giverOf(records: readonly LeafRecord<Chain>[]): PeerKey | undefined {
  const [a, b] = records.map(record => record.leaf.transfers)
  const at = a?.findIndex((step, i) => toHex(step.signature) !== toHex(b?.[i]?.signature ?? new Uint8Array())) ?? -1
  const step = a?.[at] ?? b?.[a?.length ?? 0]
  return step?.from
}

/** Two live endpoints of different hosts with one address in one network. */
function duplicates(view: RegistryView, { endpoints }: Tables): Condition[] {
  return view.networks().flatMap(network =>
    view.duplicates(network.id).map(ip => {
      const holders = view.holders(network.id, ip)
      const inOrder = asTheyCount(view, network.id, holders)
      const since = holders
        .map(({ owner, recordedBy, id }): Hlc => endpoints.since(recordedBy ?? owner, id) ?? network.created)
        .reduce(maxHlc)
      const { name, where } = namesInDocker(view, network, holders)
      return {
        kind: 'duplicate-address',
        objects: [network.id, formatIp(ip), ...holders.map(holder => `${holder.owner}/${holder.id}`)],
        since,
        text: `${formatIp(ip)} of ${shown(network)} is used twice: by ${users(view, inOrder)}`,
        remedy:
          `give all but one another address, on its host: docker network disconnect ${name} CONTAINER, then docker ` +
          `network connect ${name} CONTAINER${where}; ${usersToType(view, inOrder.slice(0, 1))}${owning(view, inOrder)} may keep it`,
      }
    }),
  )
}

/** What Docker calls the holders' network: each group has one of its own on it. */
function namesInDocker(view: RegistryView, network: Network, holders: readonly Endpoint[]) {
  const groups = groupsInDocker(view.objects.groups())
  const byName = new Map<string, Endpoint[]>()
  for (const holder of holders) {
    const name = nameInDocker(network, groups.get(holder.group ?? ''))
    byName.set(name, [...(byName.get(name) ?? []), holder])
  }
  const [[name] = [''], ...others] = byName
  if (others.length === 0) return { name, where: '' }
  const each = [...byName].map(([of, its]) => `${of} for ${usersToType(view, its)}`)
  return { name: 'NETWORK', where: `, where NETWORK is ${each.join(', ')}` }
}

/** As the data path takes them: behind all others those of a host that is gone, which it leads nobody to. */
function asTheyCount(view: RegistryView, network: string, holders: readonly Endpoint[]): Endpoint[] {
  const isGone = ({ owner }: Endpoint) => view.member(owner) === undefined
  const all = rightfulFirst(view, network, holders)
  return [...all.filter(each => !isGone(each)), ...all.filter(isGone)]
}

/** Why the first of them is the one that counts, if the registers say so. */
function owning(view: RegistryView, [first]: readonly Endpoint[]): string {
  return first && isRightful(view, first) ? ', which owns the address,' : ''
}

function nameOf(view: RegistryView, id: string): string {
  const network = view.network(id)
  return network ? shown(network) : id.slice(0, 6)
}
