/** Pure: what the table in the host's namespace holds that judges what passes over docker_gwbridge. */
import { SharedMap } from '../lib/shared-map.ts'
import type { Family } from '../model/address-match.ts'
import type { OutsideRules } from './outside.ts'
import { emptyTable, type TableState } from './table-change.ts'

/** Of family inet, in the host's namespace. */
export const outsideTable = 'skein_outside'

export interface OutsideWishes {
  readonly rules: OutsideRules
  /** Every address on the bridge whose container is known, ours or not. */
  readonly known: readonly string[]
  /** A container that is to be judged is starting: until its address is known, no unknown one begins anything. */
  readonly isStarting: boolean
  /** Name of the bridge. */
  readonly bridge: string
  /** What an earlier run left and is to stay: for a peer that does not know all, and so may not know the rules that are there (I5). @default nothing */
  readonly left?: TableState | undefined
}

const maps: ReadonlyMap<string, string> = new Map([
  ['receivers', 'map { typeof ct reply ip saddr : verdict; }'],
  ['senders', 'map { typeof ct original ip saddr : verdict; }'],
  ['judged', 'set { typeof ip saddr; }'],
  ['known', 'set { typeof ip saddr; }'],
  ['receivers6', 'map { typeof ct reply ip6 saddr : verdict; }'],
  ['senders6', 'map { typeof ct original ip6 saddr : verdict; }'],
  ['judged6', 'set { typeof ip6 saddr; }'],
  ['known6', 'set { typeof ip6 saddr; }'],
])

export function outsideState({ rules, known, isStarting, bridge, left = emptyTable }: OutsideWishes): TableState {
  const { receivers, senders, table } = rules
  const jumps = (map: ReadonlyMap<string, string>) => new Map([...map].map(([key, chain]) => [key, `jump ${chain}`]))
  const set = (keys: Iterable<string>) => new Map([...keys].map(key => [key, '']))
  const byName = {
    ...{ receivers: jumps(receivers), senders: jumps(senders) },
    ...{ judged: set([...receivers.keys(), ...senders.keys()]), known: set(known) },
  }
  const members = Object.entries(byName).flatMap(([name, all]) =>
    ([4, 6] as const).map(family => {
      const at = family === 4 ? name : `${name}6`
      return [at, new Map([...keyedBy(all, family), ...(left.elements.get(at) ?? [])])] as const
    }),
  )
  const elements = SharedMap.of(table.elements).with([...left.elements, ...members])
  const isJudging = isStarting || ['judged', 'judged6'].some(name => (elements.get(name)?.size ?? 0) > 0)
  const base = Object.entries(baseChains(bridge, isStarting, isJudging))
  return {
    elements,
    chains: SharedMap.of(table.chains).with([...left.chains, ...base]),
    maps: SharedMap.of(table.maps).with([...maps, ...left.maps]),
    counters: SharedMap.of(table.counters).with(left.counters),
  }
}

/** Whether somebody's rules hold for an address there already. */
export function isJudgedIn({ elements }: TableState, address: string): boolean {
  return ['judged', 'judged6'].some(name => elements.get(name)?.has(address))
}

/** Those whose key is of that family. */
function keyedBy(elements: ReadonlyMap<string, string>, family: Family): Map<string, string> {
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
