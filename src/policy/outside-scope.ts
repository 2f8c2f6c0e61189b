/** Pure: which containers of this host meet the outside, and by which lists of rules they are judged, apart from the rules. */
import { sha256Hex } from '../lib/bytes.ts'
import { type Address, type Family, familyOf, formatAddress } from '../model/address-match.ts'
import type { GroupId } from '../model/group.ts'
import type { Direction, PolicyBook } from './book.ts'

/** A container of this host, by one of its addresses on docker_gwbridge. */
export interface Outlet {
  readonly address: Address
  /** Its places in our networks. */
  readonly places: readonly OutletPlace[]
}

export interface OutletPlace {
  readonly tenant: string
  /** See `ownAddress`; of the outlet's family. */
  readonly ip: Address
  readonly group: GroupId | undefined
}

/** Rules of one tenant that judge what comes to some of its containers, or what they begin. */
export interface OutsideListScope {
  /** Follows from the policies alone: it stays while their rules change. */
  readonly name: string
  readonly tenant: string
  readonly direction: Direction
  readonly family: Family
  /** Those of all groups that each of the containers is in, sorted. */
  readonly policies: readonly string[]
  readonly containers: {
    /** On docker_gwbridge. */
    readonly address: string
    readonly places: readonly { readonly ip: Address; readonly policies: readonly string[] }[]
  }[]
}

export interface OutsideScope {
  readonly outlets: readonly Outlet[]
  readonly series: string
  /** The groups of each tenant that has containers here. */
  readonly groups: ReadonlyMap<string, PolicyBook['groups']>
  readonly lists: ReadonlyMap<string, OutsideListScope>
  /** By address, then by direction: one for each tenant, as they are sorted. */
  readonly judging: ReadonlyMap<string, Readonly<Record<Direction, readonly string[]>>>
}

/** @returns `before` itself while only rules differ */
export function outsideScopeOf(
  outlets: readonly Outlet[],
  bookOf: (tenant: string) => PolicyBook,
  series: string,
  before?: OutsideScope,
): OutsideScope {
  const isSame = before?.series === series && sameOutlets(before.outlets, outlets)
  if (isSame && [...before.groups].every(([tenant, groups]) => bookOf(tenant).groups === groups)) return before
  const tenants = [...new Set(outlets.flatMap(({ places }) => places.map(({ tenant }) => tenant)))].sort()
  const lists = new Map<string, OutsideListScope>()
  const listFor = (outlet: Outlet, tenant: string, direction: Direction): string => {
    const { group } = bookOf(tenant)
    const its = outlet.places.filter(place => place.tenant === tenant)
    const places = its.map(({ ip, group: id = '' }) => ({ ip, policies: group(id)?.policies ?? [] }))
    const policies = [...new Set(places.flatMap(place => place.policies))].sort()
    const kind = { tenant, direction, family: familyOf(outlet.address) }
    const name = listName(kind, policies, series)
    const list = lists.get(name) ?? { ...kind, name, policies, containers: [] }
    lists.set(name, list)
    list.containers.push({ address: formatAddress(outlet.address), places })
    return name
  }
  const judging = outlets.map(outlet => {
    const its = tenants.filter(tenant => outlet.places.some(place => place.tenant === tenant))
    const by = (direction: Direction) => its.map(tenant => listFor(outlet, tenant, direction))
    return [formatAddress(outlet.address), { in: by('in'), out: by('out') }] as const
  })
  const groups = new Map(tenants.map(tenant => [tenant, bookOf(tenant).groups]))
  return { outlets, series, groups, lists, judging: new Map(judging) }
}

function sameOutlets(a: readonly Outlet[], b: readonly Outlet[]): boolean {
  const samePlace = (one: OutletPlace, other: OutletPlace | undefined) =>
    one.tenant === other?.tenant && one.ip === other.ip && one.group === other.group
  const sameOutlet = ({ address, places }: Outlet, other: Outlet | undefined) =>
    address === other?.address &&
    places.length === other.places.length &&
    places.every((place, at) => samePlace(place, other.places[at]))
  return a.length === b.length && a.every((outlet, at) => sameOutlet(outlet, b[at]))
}

/** @param series lists of another one have other names */
function listName(
  { tenant, direction, family }: Pick<OutsideListScope, 'tenant' | 'direction' | 'family'>,
  policies: readonly string[],
  series: string,
): string {
  const content = [tenant, policies.join(' '), series].join('\n')
  return `${direction}${family === 6 ? '6' : ''}_${sha256Hex(content).slice(0, 16)}`
}
