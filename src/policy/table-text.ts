/**
 * Pure: what the table of a tenant's policies holds.
 *
 * A connection that passed is marked with the *generation* of what judged it, and passes at the first rule while that is the
 * present one. Each change makes a new generation, so what stands is judged once more, by its own tuple: what is denied now
 * is cut in the transaction that says so, nothing else loses a packet.
 */
import { SharedMap } from '../lib/shared-map.ts'
import type { Family } from '../model/address-match.ts'
import type { Elements } from './placements.ts'
import type { Chain } from './rule-chains.ts'
import type { Ruleset } from './ruleset.ts'
import type { TableState } from './table-change.ts'
import { verdictMap } from './table-draft.ts'
import { sameElements } from './table-listing.ts'
import { ends } from './terms.ts'

/** Of family inet, in the tenant's namespace. */
export const policyTable = 'skein'

/** What the kernel holds. */
export interface Loaded extends TableState {
  readonly generation: number
}

const maps: Readonly<Record<string, string>> = {
  zones: 'map { typeof iifname : ct zone; }',
  receivers: 'map { typeof ct zone . ct reply ip saddr : verdict; }',
  senders: 'map { typeof ct zone . ct original ip saddr : verdict; }',
  counters: 'map { type mark : counter; }',
}

/** No rule matched: odd, so it passes, and lower than no rule's mark. */
const unmatched = '0xffffffff'

/**
 * IPv6 is dropped where the network has none: what comes all the same would pass by policies that know IPv4 addresses.
 * Errors (RELATED) bear their connection's mark and tuple, and are judged as it is.
 */
function baseChains(generation: number, hasIpv6: boolean): Chain[] {
  const invalid = 'ct state invalid counter drop'
  return [
    {
      name: 'zoned',
      lines: ['type filter hook prerouting priority raw; policy accept;', 'ct zone set iifname map @zones'],
    },
    ...(hasIpv6 ? [{ name: 'judge6', lines: [...beforeJudging6, ...judging(generation, 6)] }] : []),
    {
      name: 'forwarded',
      lines: [
        'type filter hook forward priority filter; policy accept;',
        `ct mark ${generation} accept`,
        invalid,
        ...(hasIpv6 ? ['meta nfproto ipv6 iifname vmap @carrying6'] : []),
        'meta nfproto ipv6 counter drop',
        ...judging(generation, 4),
      ],
    },
  ]
}

/**
 * Neighbour discovery and reports of multicast listeners are no connection's, and never judged. They alone use link-local addresses: these
 * follow from the MAC and are in no map, so anything else from there or to there would pass by the policies.
 */
const beforeJudging6 = [
  'icmpv6 type { 130-136, 143 } accept',
  'ip6 saddr fe80::/10 counter drop',
  'ip6 daddr fe80::/10 counter drop',
]

function judging(generation: number, family: Family): string[] {
  const suffix = family === 6 ? '6' : ''
  return [
    `meta mark set ${unmatched}`,
    `ct zone . ${ends[family].out} vmap @receivers${suffix}`,
    `ct zone . ${ends[family].in} vmap @senders${suffix}`,
    'counter name meta mark map @counters',
    'meta mark & 1 == 0 drop',
    'meta mark set 0',
    `ct mark set ${generation} accept`,
  ]
}

/** All that a ruleset and the members of its networks make. */
export function tableState({ table, leads }: Ruleset, elements: Elements, generation: number): Loaded {
  const chains = baseChains(generation, leads.maps.has('carrying6'))
  const further = [...leads.maps].map(
    ([name, words]) => [name, verdictMap(words === 'iifname' ? words : `ct zone . ${words}`)] as const,
  )
  return {
    ...{ elements, generation, counters: table.counters },
    chains: SharedMap.of(table.chains).with(chains.map(({ name, lines }) => [name, lines])),
    maps: SharedMap.of(table.maps).with([...Object.entries(maps), ...further]),
  }
}

/** Other members, the same rules; `before` itself if there are no others. */
export function withElements(before: Loaded, elements: Elements, generation: number): Loaded {
  if (sameElements(before.elements, elements)) return before
  const base = baseChains(generation, before.maps.has('carrying6')).filter(({ name }) => name !== 'zoned')
  const chains = SharedMap.of(before.chains).with(base.map(({ name, lines }) => [name, lines]))
  return { ...before, chains, elements, generation }
}

/**
 * What is there, and what of `wanted` is new and finds its chain: for a peer that does not know all, and so may not know the rules that are
 * there (I5).
 */
export function joinedElements(before: Loaded, wanted: Elements): Elements {
  const fits = (value: string) => !value.startsWith('jump ') || before.chains.has(value.slice('jump '.length))
  return new Map(
    [...before.elements].map(([name, elements]) => {
      const added = [...(wanted.get(name) ?? [])].filter(([, value]) => fits(value))
      return [name, new Map([...added, ...elements])]
    }),
  )
}
