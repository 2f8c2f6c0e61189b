/**
 * The plan of one network, kept up to date with the state: `planEntries` once, then a change costs what it touches, however
 * many endpoints the network has. Two entries that share an address or a MAC decide about each other, so both are looked at. Whose an
 * address is by the registers is asked only where several hold it.
 */
import type { Endpoint, RegistryView } from '../crdt/registry-view.ts'
import { rightfulFirst } from '../crdt/rightful.ts'
import type { PeerKey } from '../lib/keys.ts'
import { macOf } from '../model/ip.ts'
import type { Addressing6 } from '../model/ipv6.ts'
import type { NetworkId } from '../model/network.ts'
import { copyOf, type Entries, type EntryKey, noEntries, putValue, type Target } from './entries.ts'
import { ipOfMac } from './evidence.ts'
import { bridgeMac } from './names.ts'
import { addressesOf, isHere, isUnicastMac, type Place, placeOf, planEntries, targetsOf } from './plan.ts'

export interface PlanContext {
  readonly self: PeerKey
  /** This host's VTEP address, dotted. */
  readonly ownAddress: string
  readonly network: NetworkId
  /** Address of every host's bridge. @default none */
  readonly gateway?: number | undefined
  /** The network's spec if its devices carry IPv6. @default they do not */
  readonly ipv6?: Addressing6 | undefined
}

/** What of an endpoint entries follow from. */
interface Holding {
  readonly place: Place
  /** An endpoint of this host. */
  readonly isHere: boolean
  readonly mac: string
}

const none: readonly Holding[] = []

export class RunningPlan {
  readonly #context: PlanContext
  #entries = copyOf(noEntries)
  #targets = new Map<Place, Target>()
  /** By address, the rightful first. */
  #holdings = new Map<number, Holding[]>()
  /** Addresses with more than one. */
  #contested = new Set<number>()
  /** Addresses of MACs that do not follow from them. */
  #strays = new Map<string, Set<number>>()
  /** Endpoints that are sent to, by host, and by where. */
  #byPlace = new Map<Place, number>()
  #byTarget = new Map<Target, number>()
  #endpointsVersion: number | undefined
  #vtepsVersion: number | undefined
  #custodyVersion: number | undefined

  constructor(context: PlanContext) {
    this.#context = context
  }

  get entries(): Entries {
    return this.#entries
  }

  /** Brings it up to date. Gives the entries that may be others than before; undefined: all may be. */
  follow(view: RegistryView): ReadonlySet<EntryKey> | undefined {
    const { network } = this.#context
    const since = this.#endpointsVersion
    const changed = since === undefined ? undefined : view.changedAddresses(network, since)
    this.#endpointsVersion = view.endpointsVersion(network)
    if (this.#takeTargets(view) && changed) return this.#change(view, [...changed, ...this.#reordered(view)])
    this.#renew(view)
    return undefined
  }

  /** False if an owner of endpoints is sent to elsewhere now. */
  #takeTargets(view: RegistryView): boolean {
    const { self, ownAddress, network } = this.#context
    const version = view.vtepsVersion(network)
    if (version === this.#vtepsVersion) return true
    this.#vtepsVersion = version
    const before = this.#targets
    this.#targets = targetsOf(view.vteps(network), self, ownAddress)
    return [...this.#byPlace.keys()].every(place => before.get(place) === this.#targets.get(place))
  }

  /** Contested addresses that may have another owner, so that another holder counts. */
  #reordered(view: RegistryView): number[] {
    const version = view.custodyVersion(this.#context.network)
    if (version === this.#custodyVersion) return []
    this.#custodyVersion = version
    return [...this.#contested].filter(ip => !isSame(this.#holdingsOf(view, ip), this.#at(ip)))
  }

  #renew(view: RegistryView): void {
    const { self, network } = this.#context
    const endpoints = rightfulFirst(view, network, this.#sound(view.endpoints(network)))
    this.#custodyVersion = view.custodyVersion(network)
    this.#entries = planEntries(endpoints, this.#targets, self, this.#context.ipv6)
    this.#holdings = new Map()
    this.#contested = new Set()
    this.#strays = new Map()
    this.#byPlace = new Map()
    this.#byTarget = new Map()
    for (const endpoint of endpoints) {
      const { ip } = endpoint
      const holding = this.#holdingOf(endpoint)
      const here = this.#holdings.get(ip)
      if (here) {
        here.push(holding)
        this.#contested.add(ip)
      } else this.#holdings.set(ip, [holding])
      this.#add(ip, holding)
    }
  }

  #change(view: RegistryView, changed: readonly number[]): Set<EntryKey> {
    const ips = new Set(changed)
    const macs = new Set<string>()
    const targets = new Set<Target>()
    for (const ip of ips) {
      const before = this.#at(ip)
      const after = this.#holdingsOf(view, ip)
      this.#hold(ip, after)
      for (const holding of before) this.#remove(ip, holding)
      for (const holding of after) this.#add(ip, holding)
      for (const { place, mac } of [...before, ...after]) {
        macs.add(mac)
        const target = this.#targets.get(place)
        if (target !== undefined) targets.add(target)
      }
    }
    for (const mac of macs) for (const ip of this.#addressesOf(mac)) ips.add(ip)
    return new Set([
      ...[...macs].map(mac => this.#putUnicast(mac)),
      ...[...ips].flatMap(ip => this.#putNeighbours(ip)),
      ...[...targets].map(target => this.#putFlood(target)),
    ])
  }

  #holdingsOf(view: RegistryView, ip: number): Holding[] {
    const { network } = this.#context
    const sound = this.#sound(view.endpointsAt(network, ip))
    return rightfulFirst(view, network, sound).map(each => this.#holdingOf(each))
  }

  #hold(ip: number, holdings: Holding[]): void {
    if (holdings.length > 0) this.#holdings.set(ip, holdings)
    else this.#holdings.delete(ip)
    if (holdings.length > 1) this.#contested.add(ip)
    else this.#contested.delete(ip)
  }

  /** The gateway is on this host: a record that says it is elsewhere would lead its frames away. */
  #sound(endpoints: readonly Endpoint[]): readonly Endpoint[] {
    const { network, gateway } = this.#context
    const mac = bridgeMac(network)
    const isGateway = (each: Endpoint) => each.ip === gateway || each.mac === mac
    return endpoints.some(isGateway) ? endpoints.filter(each => !isGateway(each)) : endpoints
  }

  #holdingOf(endpoint: Endpoint): Holding {
    const place = placeOf(endpoint)
    return { place, mac: endpoint.mac, isHere: isHere(endpoint, this.#targets, this.#context.self) }
  }

  #add(ip: number, { place, mac }: Holding): void {
    if (mac !== macOf(ip)) this.#strays.set(mac, (this.#strays.get(mac) ?? new Set()).add(ip))
    this.#count(place, mac, 1)
  }

  #remove(ip: number, { place, mac }: Holding): void {
    const others = this.#strays.get(mac)
    if (others && !this.#at(ip).some(each => each.mac === mac)) others.delete(ip)
    if (others?.size === 0) this.#strays.delete(mac)
    this.#count(place, mac, -1)
  }

  #count(place: Place, mac: string, by: number): void {
    if (!isUnicastMac(mac)) return
    add(this.#byPlace, place, by)
    const target = this.#targets.get(place)
    if (target !== undefined) add(this.#byTarget, target, by)
  }

  #putUnicast(mac: string): EntryKey {
    putValue(this.#entries.unicast, mac, this.#isLocal(mac) ? undefined : this.#targetOf(mac))
    return `u ${mac}`
  }

  #putNeighbours(ip: number): EntryKey[] {
    const found = this.#isOwn(ip)
      ? undefined
      : this.#at(ip).find(({ place, mac }) => this.#targets.has(place) && isUnicastMac(mac) && !this.#isLocal(mac))
    return addressesOf(ip, this.#context.ipv6).map(text => {
      putValue(this.#entries.neighbours, text, found?.mac)
      return `n ${text}`
    })
  }

  #putFlood(target: Target): EntryKey {
    if (this.#byTarget.has(target)) this.#entries.flood.add(target)
    else this.#entries.flood.delete(target)
    return `f ${target}`
  }

  #targetOf(mac: string): Target | undefined {
    if (!isUnicastMac(mac)) return undefined
    const own = ipOfMac(mac)
    const addresses = this.#addressesOf(mac).filter(ip => !this.#isOwn(ip))
    // anybody may name the MAC at an address of its own
    const candidates = [...addresses.filter(ip => ip === own), ...addresses].flatMap(ip => this.#at(ip))
    const found = candidates.find(each => each.mac === mac && this.#targets.has(each.place))
    return found && this.#targets.get(found.place)
  }

  /** True if an endpoint of this host has the MAC. */
  #isLocal(mac: string): boolean {
    return this.#addressesOf(mac).some(ip => this.#at(ip).some(each => each.isHere && each.mac === mac))
  }

  #isOwn(ip: number): boolean {
    return this.#at(ip).some(each => each.isHere)
  }

  /** Ascending; may hold one where the MAC is not. */
  #addressesOf(mac: string): number[] {
    const own = ipOfMac(mac)
    return [...new Set([...(own === undefined ? [] : [own]), ...(this.#strays.get(mac) ?? [])])].sort((a, b) => a - b)
  }

  #at(ip: number): readonly Holding[] {
    return this.#holdings.get(ip) ?? none
  }
}

function isSame(a: readonly Holding[], b: readonly Holding[]): boolean {
  return a.length === b.length && a.every(({ place, mac }, i) => place === b[i]?.place && mac === b[i]?.mac)
}

/** Zero is not kept. */
function add<K>(counts: Map<K, number>, key: K, by: number): void {
  const count = (counts.get(key) ?? 0) + by
  if (count === 0) counts.delete(key)
  else counts.set(key, count)
}
