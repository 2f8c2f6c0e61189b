/** Pure: nft's commands for the table in the host's namespace that judges what passes over docker_gwbridge; one a line. */
import type { Family } from '../model/address-match.ts'
import type { OutsideRules } from './outside.ts'
import type { Elements } from './placements.ts'

/** Of family inet, in the host's namespace. */
export const outsideTable = 'skein_outside'

/** What the kernel holds, or should. */
export interface OutsideState {
  /** Statements by chain, in the order in which they must be declared. */
  readonly chains: ReadonlyMap<string, readonly string[]>
  readonly counters: ReadonlySet<string>
  readonly elements: Elements
}

export interface OutsideWishes {
  readonly rules: OutsideRules
  /** Every address on the bridge whose container is known, ours or not. */
  readonly known: readonly string[]
  /** A container that is to be judged is starting: until its address is known, no unknown one begins anything. */
  readonly isStarting: boolean
  /** Name of the bridge. */
  readonly bridge: string
}

const table = `inet ${outsideTable}`

const kinds: Readonly<Record<string, string>> = {
  receivers: 'map receivers { typeof ct reply ip saddr : verdict; }',
  senders: 'map senders { typeof ct original ip saddr : verdict; }',
  judged: 'set judged { typeof ip saddr; }',
  known: 'set known { typeof ip saddr; }',
  receivers6: 'map receivers6 { typeof ct reply ip6 saddr : verdict; }',
  senders6: 'map senders6 { typeof ct original ip6 saddr : verdict; }',
  judged6: 'set judged6 { typeof ip6 saddr; }',
  known6: 'set known6 { typeof ip6 saddr; }',
}

export function outsideState({ rules, known, isStarting, bridge }: OutsideWishes): OutsideState {
  const { receivers, senders } = rules
  const jumps = (map: ReadonlyMap<string, string>) => new Map([...map].map(([key, chain]) => [key, `jump ${chain}`]))
  const isJudging = isStarting || receivers.size + senders.size > 0
  const set = (keys: Iterable<string>) => new Map([...keys].map(key => [key, '']))
  const byName = {
    ...{ receivers: jumps(receivers), senders: jumps(senders) },
    ...{ judged: set([...receivers.keys(), ...senders.keys()]), known: set(known) },
  }
  return {
    chains: new Map([
      ...rules.chains.map(({ name, lines }) => [name, lines] as const),
      ...Object.entries(baseChains(bridge, isStarting, isJudging)),
    ]),
    counters: new Set(rules.counters),
    elements: new Map(
      Object.entries(byName).flatMap(([name, all]) => [
        [name, only(all, 4)],
        [`${name}6`, only(all, 6)],
      ]),
    ),
  }
}

/** Those whose key is of that family. */
function only(elements: ReadonlyMap<string, string>, family: Family): Map<string, string> {
  return new Map([...elements].filter(([key]) => key.includes(':') === (family === 6)))
}

/**
 * To a container: from outside, and from the host itself, as docker-proxy does for whoever is not translated. From one: to the
 * outside and to the host, but for names, which the peer answers. A packet without a connection cannot be judged.
 *
 * IPv6 is there if somebody has made docker_gwbridge with it. Neighbour discovery and reports of multicast listeners are never
 * judged; nobody forwards them, so they pass between a container and the host alone. They alone use link-local addresses: these
 * are in no map, so whatever else comes from or goes to one is dropped.
 */
function baseChains(bridge: string, isStarting: boolean, isJudging: boolean): Record<string, readonly string[]> {
  const hook = (name: string) => `type filter hook ${name} priority filter; policy accept;`
  const names = 'ct status dnat ct original proto-dst 53 accept'
  const sets = { ip: '', ip6: '6' }
  const starting = Object.entries(sets).flatMap(([ip, suffix]) => [
    `oifname "${bridge}" ct direction original ct reply ${ip} saddr != @known${suffix} drop`,
    `iifname "${bridge}" ct direction original ct original ${ip} saddr != @known${suffix} drop`,
  ])
  return {
    starting: isStarting ? starting : [],
    judge: [
      ...(isJudging ? ['ip6 saddr fe80::/10 counter drop', 'ip6 daddr fe80::/10 counter drop'] : []),
      ...Object.entries(sets).flatMap(([ip, suffix]) => [
        `ct state invalid,untracked ${ip} saddr @judged${suffix} drop`,
        `ct state invalid,untracked ${ip} daddr @judged${suffix} drop`,
      ]),
      'jump starting',
      ...Object.entries(sets).flatMap(([ip, suffix]) => [
        `ct reply ${ip} saddr vmap @receivers${suffix}`,
        `ct original ${ip} saddr vmap @senders${suffix}`,
      ]),
    ],
    forwarded: [
      hook('forward'),
      `iifname "${bridge}" jump judge`,
      `iifname != "${bridge}" oifname "${bridge}" jump judge`,
    ],
    from_host: [
      hook('output'),
      `oifname "${bridge}" icmpv6 type { 130-136, 143 } accept`,
      `oifname "${bridge}" ct direction reply ${names}`,
      `oifname "${bridge}" jump judge`,
    ],
    to_host: [
      hook('input'),
      // all but advertisements of routers
      `iifname "${bridge}" icmpv6 type { 130-133, 135, 136, 143 } accept`,
      `iifname "${bridge}" ct direction original ${names}`,
      `iifname "${bridge}" jump judge`,
    ],
  }
}

/** Brings the kernel from `before` (undefined: whatever there is, it goes) to `after`, in one transaction; [] if it is so. Counters that stay keep their figures. */
export function outsideCommands(before: OutsideState | undefined, after: OutsideState): string[] {
  const was = before ?? { chains: new Map(), counters: new Set<string>(), elements: new Map() }
  const changed = [...after.chains].filter(([name, lines]) => !same(was.chains.get(name), lines))
  const gone = [...was.chains.keys()].filter(name => !after.chains.has(name))
  const { removals, additions } = elementChanges(was.elements, after.elements)
  const fresh = changed.filter(([name]) => !was.chains.has(name))
  return [
    ...(before ? [] : [`add table ${table}`, `delete table ${table}`, `add table ${table}`]),
    // an earlier version may have left a table without some
    ...[...Object.entries(kinds)].flatMap(([name, text]) =>
      was.elements.has(name) ? [] : [text.replace(/^(\w+) (\w+)/, `add $1 ${table} $2`)],
    ),
    ...[...after.counters].filter(name => !was.counters.has(name)).map(name => `add counter ${table} ${name}`),
    // all before any rule jumps
    ...fresh.map(([name, lines]) => `add chain ${table} ${name}${isHook(lines[0]) ? ` { ${lines[0]} }` : ''}`),
    ...removals,
    ...[...changed.filter(([name]) => was.chains.has(name)).map(([name]) => name), ...gone].map(
      name => `flush chain ${table} ${name}`,
    ),
    ...changed.flatMap(([name, lines]) =>
      lines.filter(line => !isHook(line)).map(line => `add rule ${table} ${name} ${line}`),
    ),
    ...additions,
    ...gone.map(name => `delete chain ${table} ${name}`),
    ...[...was.counters].filter(name => !after.counters.has(name)).map(name => `delete counter ${table} ${name}`),
  ]
}

function isHook(line: string | undefined): boolean {
  return line?.startsWith('type ') === true
}

function same(a: readonly string[] | undefined, b: readonly string[]): boolean {
  return a?.length === b.length && a.every((line, at) => line === b[at])
}

function elementChanges(before: Elements, after: Elements): { removals: string[]; additions: string[] } {
  const removals: string[] = []
  const additions: string[] = []
  for (const [name, is] of after) {
    const was = before.get(name) ?? new Map<string, string>()
    const text = ([key, value]: readonly [string, string]) => (value === '' ? key : `${key} : ${value}`)
    const removed = [...was].filter(([key, value]) => is.get(key) !== value)
    const added = [...is].filter(([key, value]) => was.get(key) !== value)
    if (removed.length > 0) removals.push(`delete element ${table} ${name} { ${removed.map(text).join(', ')} }`)
    if (added.length > 0) additions.push(`add element ${table} ${name} { ${added.map(text).join(', ')} }`)
  }
  return { removals, additions }
}
