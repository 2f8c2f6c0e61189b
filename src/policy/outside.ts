/**
 * Pure: the rules that apply to containers where they meet the outside: published ports, and their way out, over
 * docker_gwbridge. There they have another address, and who is at the other end is nobody's member and in no network, so
 * rules that name a group or network at that end say nothing here.
 *
 * In the host's namespace the marks of packets and connections belong to others, so the first match decides, and no verdict is
 * remembered: each packet is judged, by the tuple of its connection.
 */
import { sha256Hex } from '../lib/bytes.ts'
import { type Address, familyOf, formatAddress } from '../model/address-match.ts'
import type { GroupId } from '../model/group.ts'
import type { Direction, PolicyBook } from './book.ts'
import { type BookRule, compareBookRules } from './book-rule.ts'
import { joinList, lowerList, type OutsideList, outsideListName } from './outside-lists.ts'
import type { Chain, Lookup } from './rule-chains.ts'

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

export interface OutsideRules {
  readonly chains: readonly Chain[]
  readonly lookups: readonly Lookup[]
  readonly counters: ReadonlySet<string>
  /** Address -> chain that judges what comes to it, and what it sends. */
  readonly receivers: ReadonlyMap<string, string>
  readonly senders: ReadonlyMap<string, string>
}

/** @param series lists of another one have other names, so that they can stand beside each other. @default '' */
export function compileOutside(
  outlets: readonly Outlet[],
  bookOf: (tenant: string) => PolicyBook,
  series = '',
): OutsideRules {
  const lists = new Map<string, OutsideList>()
  const used = new Set<string>()
  const chains = new Map<string, Chain>()

  /** The list of what the container's groups have, and whether anything in it can be about the container. */
  const listFor = (tenant: string, direction: Direction, { address, places }: Outlet): string | undefined => {
    const book = bookOf(tenant)
    const groups = places.flatMap(({ tenant: its, group, ip }) =>
      its === tenant && group !== undefined ? [{ group, ip }] : [],
    )
    const kind = { tenant, direction, family: familyOf(address) }
    const policies = groups.flatMap(({ group }) => book.group(group)?.policies ?? [])
    const name = outsideListName(kind, policies, series)
    const all = groups.map(({ group }) => book.rulesFor(group, direction))
    const list = lists.get(name) ?? { ...kind, name, rules: merged(all), own: new Map() }
    lists.set(name, list)
    const isMeant = groups.map(({ ip }, at) => joinList(list, all[at] ?? [], address, ip)).some(Boolean)
    if (!isMeant) return undefined
    used.add(name)
    return name
  }

  const judge = (outlet: Outlet, direction: Direction): string | undefined => {
    const tenants = [...new Set(outlet.places.map(place => place.tenant))].sort()
    const names = tenants.flatMap(tenant => listFor(tenant, direction, outlet) ?? [])
    if (names.length < 2) return names[0]
    // each tenant judges for itself: what either denies is denied
    const name = `c_${sha256Hex(names.join(' ')).slice(0, 16)}`
    chains.set(name, { name, lines: names.map(list => `jump ${list}`) })
    return name
  }

  const byAddress = (direction: Direction) =>
    new Map(
      outlets.flatMap(outlet => {
        const chain = judge(outlet, direction)
        return chain === undefined ? [] : [[formatAddress(outlet.address), chain] as const]
      }),
    )
  const [receivers, senders] = [byAddress('in'), byAddress('out')]
  const lookups: Lookup[] = []
  const counters = new Set<string>()
  for (const list of lists.values()) {
    if (!used.has(list.name)) continue
    const lowered = lowerList(list)
    for (const { chain, counter } of lowered.rules) {
      chains.set(chain.name, chain)
      counters.add(counter)
    }
    for (const chain of lowered.chains) chains.set(chain.name, chain)
    lookups.push(...lowered.lookups)
  }
  return { chains: [...chains.values()], lookups, counters, receivers, senders }
}

/** A container in several networks has the rules of all its groups there. */
function merged(lists: readonly (readonly BookRule[])[]): readonly BookRule[] {
  const [only = [], ...more] = new Set(lists)
  return more.length === 0 ? only : [...new Set(lists.flat())].sort(compareBookRules)
}
