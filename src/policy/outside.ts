/**
 * Pure: the rules that apply to containers where they meet the outside: published ports, and their way out, over
 * docker_gwbridge. There they have another address, and who is at the other end is nobody's member and in no network, so
 * rules that name a group or network at that end say nothing here.
 *
 * In the host's namespace the marks of packets and connections belong to others, so the first match decides, and no verdict is
 * remembered: each packet is judged, by the tuple of its connection. Rules of one rank are one lookup where they can be.
 */
import { sha256Hex } from '../lib/bytes.ts'
import { type Address, type Family, familyOf, formatAddress, isWithin } from '../model/address-match.ts'
import type { GroupId } from '../model/group.ts'
import type { Direction, PolicyBook } from './book.ts'
import { type BookRule, compareBookRules, protocolIn, speaksOf } from './book-rule.ts'
import { counterName } from './lowering.ts'
import { type Chain, type ChainRule, linesOf, ends as peers, termsOf } from './rule-chains.ts'

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
  /** In the order in which they must be declared. */
  readonly chains: readonly Chain[]
  readonly counters: readonly string[]
  /** Address -> chain that judges what comes to it, and what it sends. */
  readonly receivers: ReadonlyMap<string, string>
  readonly senders: ReadonlyMap<string, string>
}

export function compileOutside(outlets: readonly Outlet[], bookOf: (tenant: string) => PolicyBook): OutsideRules {
  const chains = new Map<string, Chain>()
  const counters = new Set<string>()
  const known = { 4: new Map<readonly BookRule[], string>(), 6: new Map<readonly BookRule[], string>() }

  /** The chain of rules, '' if there are none. */
  const listFor = (tenant: string, direction: Direction, family: Family, rules: readonly BookRule[]): string => {
    if (rules.length === 0) return ''
    const name = listName(tenant, direction, family, rules)
    if (chains.has(name)) return name
    const { ends, lines } = firstMatch(tenant, direction, family, rules)
    for (const end of ends) chains.set(end.name, end)
    for (const rule of rules) counters.add(outsideCounter(tenant, rule))
    chains.set(name, { name, lines })
    return name
  }

  const judge = ({ address, places }: Outlet, direction: Direction): string | undefined => {
    const family = familyOf(address)
    const lists = [...new Set(places.map(place => place.tenant))].sort().flatMap(tenant => {
      const book = bookOf(tenant)
      const here = places.filter(place => place.tenant === tenant && place.group !== undefined)
      const all = here.map(place => book.rulesFor(place.group ?? '', direction))
      const [only] = all
      const isPlain = all.length === 1 && only !== undefined && !only.some(rule => ownRange(rule, direction))
      const name = isPlain ? known[family].get(only) : undefined
      const found =
        name ??
        listFor(
          tenant,
          direction,
          family,
          merged(here.map((place, at) => applying(all[at] ?? [], direction, place.ip))),
        )
      if (isPlain) known[family].set(only, found)
      return found === '' ? [] : [found]
    })
    if (lists.length < 2) return lists[0]
    // each tenant judges for itself: what either denies is denied
    const name = `c_${sha256Hex(lists.join(' ')).slice(0, 24)}`
    chains.set(name, { name, lines: lists.map(list => `jump ${list}`) })
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
  return { chains: [...chains.values()], counters: [...counters].sort(), receivers, senders }
}

/** Of all tenants there is one table, so the tenant is in the name of a counter. */
export function outsideCounter(tenant: string, { policy, id, hash }: Pick<BookRule, 'policy' | 'id' | 'hash'>): string {
  return `${outsidePrefix(tenant)}${counterName(policy, id, hash)}`
}

export function outsidePrefix(tenant: string): string {
  return `t_${sha256Hex(tenant).slice(0, 12)}_`
}

/** Rules that can match a flow between this container and somebody outside, whoever that is. */
function applying(rules: readonly BookRule[], direction: Direction, ip: Address): BookRule[] {
  return rules.filter(rule => {
    const { fromGroup, fromNetwork, toGroup, toNetwork } = rule.value
    const own = ownRange(rule, direction)
    const names = direction === 'in' ? [fromGroup, fromNetwork] : [toGroup, toNetwork]
    return speaksOf(rule, familyOf(ip)) && names.every(name => name === '') && isWithin(own, ip)
  })
}

function ownRange(rule: BookRule, direction: Direction) {
  return direction === 'in' ? rule.to : rule.from
}

/** A container in several networks has the rules of all its groups there. */
function merged(lists: readonly (readonly BookRule[])[]): BookRule[] {
  return [...new Set(lists.flat())].sort(compareBookRules)
}

/** It says what it does: another list is another chain, so a chain never changes. */
function listName(tenant: string, direction: Direction, family: Family, rules: readonly BookRule[]): string {
  const content = rules.map(({ policy, id, hash }) => `${policy} ${id} ${hash}`).join('\n')
  return `${direction}${family === 6 ? '6' : ''}_${sha256Hex(`${tenant}\n${content}`).slice(0, 24)}`
}

/** Where rules lead, and the lines that find the first that matches. */
function firstMatch(
  tenant: string,
  direction: Direction,
  family: Family,
  rules: readonly BookRule[],
): { ends: Chain[]; lines: string[] } {
  const ends = rules.map(rule => endOf(outsideCounter(tenant, rule), rule.rank % 2 === 1))
  const ranks = new Map<number, ChainRule[]>()
  for (const [at, rule] of rules.entries()) {
    const { rank, from, to, value } = rule
    const peer = direction === 'in' ? from : to
    const match = { conditions: '', peer, protocol: protocolIn(rule, family), port: value.port }
    // what an end lets pass is back where this list was jumped to, so the list is over
    const leaving = `goto ${ends[at]?.name}`
    const form = { target: { statement: leaving, verdict: leaving }, ...termsOf(match, peers[family][direction]) }
    ranks.set(rank, [...(ranks.get(rank) ?? []), form])
  }
  return { ends, lines: [...ranks.values()].flatMap(forms => linesOf(forms)) }
}

function endOf(counter: string, isAllowed: boolean): Chain {
  const line = isAllowed ? `ct state new counter name "${counter}"` : `counter name "${counter}" drop`
  return { name: `e_${counter}`, lines: [line] }
}
