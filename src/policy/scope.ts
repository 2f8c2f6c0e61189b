/** Pure: what of a tenant is on this host, apart from its rules: networks, and the groups and policies that are loaded for them. */
import { sha256Hex } from '../lib/bytes.ts'
import type { Family } from '../model/address-match.ts'
import type { GroupId } from '../model/group.ts'
import { subnet6Of } from '../model/ipv6.ts'
import type { NetworkId, NetworkSpec } from '../model/network.ts'
import type { Direction, PolicyBook } from './book.ts'

/** Networks whose containers may reach each other, on one host: they share a zone of connection tracking, no others do (I4). */
export interface Domain {
  /** 1 to 65535, of this host and tenant. */
  readonly zone: number
  readonly networks: readonly NetworkId[]
  /** What their frames come in by: bridges, and whatever else leads to them. */
  readonly devices: readonly string[]
  /** Those of them by which IPv6 may come in. @default none */
  readonly devices6?: readonly string[]
}

/** Rules of one direction, of all groups that have the same policies, for flows of one family. */
export interface ListScope {
  /** Follows from the policies alone: it stays while their rules change. */
  readonly name: string
  readonly direction: Direction
  readonly family: Family
  readonly policies: readonly string[]
  readonly groups: readonly GroupId[]
}

export interface Scope extends Pick<PolicyBook, 'groups' | 'networks'> {
  readonly domains: readonly Domain[]
  /** Of the networks that have a bridge here. */
  readonly zones: ReadonlyMap<NetworkId, number>
  /** Those with IPv6. */
  readonly dual: ReadonlyMap<NetworkId, NetworkSpec>
  readonly has6: boolean
  readonly lists: readonly ListScope[]
  /** Groups whose members may be met here, by family. */
  readonly here: Readonly<Record<Family, ReadonlySet<GroupId>>>
}

/** @returns `before` itself while only rules differ */
export function scopeOf(book: PolicyBook, domains: readonly Domain[], before?: Scope): Scope {
  const { groups, networks } = book
  const isSame = before?.groups === groups && before.networks === networks
  if (isSame && JSON.stringify(before.domains) === JSON.stringify(domains)) return before
  const zones = new Map(domains.flatMap(({ zone, networks: its }) => its.map(network => [network, zone] as const)))
  const dual = dualOf(book, zones.keys())
  const [four, six] = [listsOf(book, 4, zones), listsOf(book, 6, dual)]
  return {
    ...{ groups, networks, domains, zones, dual },
    has6: dual.size > 0 || domains.some(({ devices6 = [] }) => devices6.length > 0),
    lists: [...four.lists, ...six.lists],
    here: { 4: four.here, 6: six.here },
  }
}

function dualOf({ network }: PolicyBook, ids: Iterable<NetworkId>): Map<NetworkId, NetworkSpec> {
  return new Map(
    [...ids].flatMap(id => {
      const spec = network(id)?.spec
      return spec && subnet6Of(spec) ? [[id, spec] as const] : []
    }),
  )
}

/** @param networks those with addresses of the family that have a bridge on the host */
function listsOf({ groups }: PolicyBook, family: Family, networks: ReadonlyMap<NetworkId, unknown>) {
  const here = groups.filter(({ network }) => networks.has(network))
  const byPolicies = new Map<string, { policies: readonly string[]; groups: GroupId[] }>()
  for (const { id, policies } of here) {
    const text = policies.join(' ')
    const its = byPolicies.get(text) ?? { policies, groups: [] }
    byPolicies.set(text, its)
    its.groups.push(id)
  }
  const lists = [...byPolicies].flatMap(([text, its]) =>
    (['in', 'out'] as const).map((direction): ListScope => {
      const name = `${direction}${family === 6 ? '6' : ''}_${sha256Hex(text).slice(0, 16)}`
      return { name, direction, family, ...its }
    }),
  )
  return { lists, here: new Set(here.map(({ id }) => id)) }
}
