/**
 * Pure: nft's texts for the table of a tenant's policies. Whatever is loaded is one transaction: the kernel goes from one set
 * of rules to the next between two packets.
 *
 * A connection that passed is marked with the *generation* of what judged it, and passes at the first rule while that is the
 * present one. Each change makes a new generation, so what stands is judged once more, by its own tuple: what is denied now
 * is cut in the transaction that says so, nothing else loses a packet.
 */
import type { Family } from '../model/address-match.ts'
import type { Elements } from './placements.ts'
import { type Chain, ends } from './rule-chains.ts'
import type { Ruleset } from './ruleset.ts'

/** Of family inet, in the tenant's namespace. */
export const policyTable = 'skein'

/** What the kernel holds. */
export interface Loaded {
  readonly chains: ReadonlyMap<string, string>
  /** Those besides the four that are always there. */
  readonly maps: ReadonlySet<string>
  readonly counters: ReadonlySet<string>
  readonly elements: Elements
  readonly generation: number
}

const family = `inet ${policyTable}`

const maps: Readonly<Record<string, string>> = {
  zones: 'typeof iifname : ct zone',
  receivers: 'typeof ct zone . ct reply ip saddr : verdict',
  senders: 'typeof ct zone . ct original ip saddr : verdict',
  counters: 'type mark : counter',
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

/** Brings the kernel from `before` (undefined: whatever there is, it goes) to the ruleset. Counters of rules that stay keep their figures. */
export function loadText(
  ruleset: Ruleset,
  elements: Elements,
  generation: number,
  before: Loaded | undefined,
): { text: string; loaded: Loaded } {
  const all = [...ruleset.chains, ...baseChains(generation, ruleset.maps.has('carrying6'))]
  const loaded: Loaded = {
    chains: new Map(all.map(({ name, lines }) => [name, lines.join('\n')])),
    maps: new Set(ruleset.maps.keys()),
    counters: new Set(ruleset.counters.values()),
    ...{ elements, generation },
  }
  const old = before ?? nothing
  const gone = (was: Iterable<string>, has: (name: string) => boolean) => [...was].filter(name => !has(name))
  const goneChains = gone(old.chains.keys(), name => loaded.chains.has(name))
  const changed = all.filter(({ name }) => old.chains.get(name) !== loaded.chains.get(name))
  const flushed = changed.filter(({ name }) => old.chains.has(name)).map(({ name }) => name)
  const { removals, additions } = elementChanges(old.elements, elements)
  const text = [
    before ? '' : `table ${family}\ndelete table ${family}`,
    ...[...flushed, ...goneChains].map(name => `flush chain ${family} ${name}`),
    ...removals,
    ...goneChains.map(name => `delete chain ${family} ${name}`),
    ...gone(old.maps, name => loaded.maps.has(name)).map(name => `delete map ${family} ${name}`),
    ...gone(old.counters, name => loaded.counters.has(name)).map(name => `delete counter ${family} ${name}`),
    `table ${family} {`,
    ...gone(loaded.counters, name => old.counters.has(name)).map(name => `  counter ${name} { }`),
    ...(before ? [] : Object.entries(maps).map(([name, type]) => `  map ${name} { ${type}; }`)),
    ...[...ruleset.maps]
      .filter(([name]) => !old.maps.has(name))
      .map(([name, words]) => `  map ${name} { typeof ${words === 'iifname' ? '' : 'ct zone . '}${words} : verdict; }`),
    ...changed.map(({ name, lines }) => [`  chain ${name} {`, ...lines.map(line => `    ${line}`), '  }'].join('\n')),
    '}',
    ...additions,
  ]
  return { text: `${text.filter(line => line !== '').join('\n')}\n`, loaded }
}

/** Other members, the same rules: one line. Undefined if nothing differs. */
export function changeText(
  before: Loaded,
  elements: Elements,
  generation: number,
): { line: string; loaded: Loaded } | undefined {
  const { removals, additions } = elementChanges(before.elements, elements)
  if (removals.length + additions.length === 0) return undefined
  const chains = new Map(before.chains)
  const renewed = baseChains(generation, before.maps.has('carrying6')).filter(({ name }) => name !== 'zoned')
  for (const { name, lines } of renewed) chains.set(name, lines.join('\n'))
  const rules = renewed.flatMap(({ name, lines }) =>
    lines.filter(text => !text.startsWith('type ')).map(text => `add rule ${family} ${name} ${text}`),
  )
  const flushes = renewed.map(({ name }) => `flush chain ${family} ${name}`)
  const line = [...flushes, ...removals, ...additions, ...rules].join('; ')
  return { line, loaded: { ...before, chains, elements, generation } }
}

const nothing: Loaded = { chains: new Map(), maps: new Set(), counters: new Set(), elements: new Map(), generation: 0 }

function elementChanges(before: Elements, after: Elements): { removals: string[]; additions: string[] } {
  const removals: string[] = []
  const additions: string[] = []
  for (const name of new Set([...before.keys(), ...after.keys()])) {
    const [was, is] = [before.get(name), after.get(name)]
    const removed = [...(was ?? [])].filter(([key, value]) => is?.get(key) !== value)
    const added = [...(is ?? [])].filter(([key, value]) => was?.get(key) !== value)
    const text = ([key, value]: [string, string]) => `${key} : ${value}`
    if (removed.length > 0) removals.push(`delete element ${family} ${name} { ${removed.map(text).join(', ')} }`)
    if (added.length > 0) additions.push(`add element ${family} ${name} { ${added.map(text).join(', ')} }`)
  }
  return { removals, additions }
}
