/** VLAN tags: which network has one, and which one a new network gets. All tenants share the wire, so there is one of each. */
import { SkeinError } from '../lib/errors.ts'
import { rangeOf } from '../model/global.ts'
import { defaultTenant } from '../model/names.ts'
import { lastVlan, type NetworkId, type NetworkSpec } from '../model/network.ts'
import { compareHlc } from './hlc.ts'
import type { Network } from './registry-view.ts'

type Claimant = Pick<Network, 'id' | 'tenant' | 'name' | 'spec' | 'created' | 'status'>

/** True for what can stand in a frame. Records may say anything. */
export function isVlanTag(tag: number): boolean {
  return Number.isInteger(tag) && tag >= 1 && tag <= lastVlan
}

/** By tag: the oldest network that asks for it, by its act and then its id; also one that is deleted and still in use. */
export function tagOwners<N extends Claimant>(networks: readonly N[]): Map<number, N> {
  const owners = new Map<number, N>()
  for (const network of networks) {
    const { encap, pktTag } = network.spec
    if (encap !== 'vlan' || !isVlanTag(pktTag)) continue
    const owner = owners.get(pktTag)
    if (!owner || isOlder(network, owner)) owners.set(pktTag, network)
  }
  return owners
}

function isOlder(a: Claimant, b: Claimant): boolean {
  return (compareHlc(a.created, b.created) || (a.id < b.id ? -1 : 1)) < 0
}

/** What a choice rests on. */
export interface TagWorld {
  readonly networks: readonly Claimant[]
  /** `100-199`: the mesh's setting. */
  readonly range: string
}

/**
 * The spec as it is written: with the tag that was asked for, or else one of the range, from the id's hash on the first
 * that is free, so that two sides of a split that know the same choose the same. `idWithout` is the id that the network
 * would have without a tag. Throws `invalid`, `conflict` or `exhausted`.
 */
export function settleTag(spec: NetworkSpec, { networks, range }: TagWorld, idWithout: () => NetworkId): NetworkSpec {
  if (spec.encap !== 'vlan') return spec
  const owners = tagOwners(networks)
  const { first, last } = rangeOf(range, lastVlan) ?? { first: 1, last: lastVlan }
  if (spec.pktTag !== 0) {
    checkAsked(spec.pktTag, { first, last }, owners.get(spec.pktTag))
    return spec
  }
  const width = last - first + 1
  const start = Number.parseInt(idWithout().slice(0, 8), 16) % width
  for (let step = 0; step < width; step++) {
    const pktTag = first + ((start + step) % width)
    if (!owners.has(pktTag)) return { ...spec, pktTag }
  }
  throw new SkeinError(
    'exhausted',
    `all VLANs of ${first}-${last} belong to networks: widen the range with: skein global set --vlan-range 1-${lastVlan}`,
  )
}

function checkAsked(tag: number, { first, last }: { first: number; last: number }, owner: Claimant | undefined): void {
  if (tag < first || tag > last) {
    throw new SkeinError(
      'invalid',
      `VLAN ${tag} is outside of the mesh's range ${first}-${last}: choose one inside, or widen it with: skein global set --vlan-range`,
    )
  }
  if (!owner) return
  const tenant = owner.tenant === defaultTenant ? '' : ` of tenant ${owner.tenant}`
  const going = owner.status === 'draining' ? ', which is deleted and still has containers' : ''
  throw new SkeinError(
    'conflict',
    `VLAN ${tag} belongs to network ${owner.name}${tenant}${going}: choose another with --pkt-tag, or leave that out and Skein chooses`,
  )
}
