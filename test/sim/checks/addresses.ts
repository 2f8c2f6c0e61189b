/**
 * I1, its second half, and R7: an address that a host was given stays with it, through crashes too, until it is given back;
 * meanwhile nobody else gets it.
 */

import type { PeerKey } from '../../../src/lib/keys.ts'
import type { GroupId } from '../../../src/model/group.ts'
import { formatIp, parseIp } from '../../../src/model/ip.ts'
import type { NetworkId } from '../../../src/model/network.ts'
import type { Copies } from '../copies.ts'

export interface Holding {
  readonly host: string
  /** Under which it was given. */
  readonly key: PeerKey
  readonly network: NetworkId
  /** Of whoever has it. */
  readonly group: GroupId | undefined
  readonly ip: number
  /** The address and prefix length that Docker was told besides. */
  ip6?: string
  /** `orphan`: whoever asked for it is gone; the address service takes it back by itself, sooner or later. */
  state: 'held' | 'releasing' | 'orphan'
  /** When the end of its endpoint record was durable: nobody uses the address from then on. */
  endedMs?: number
  /** Given before an older copy of its host's data was put back, which may not know of it. */
  isInherited?: true
}

/** A freed address does not move to another host before this (R7, src/ipam/core/ledger.ts), ms. */
const coolDownMs = 30_000

/** Where a container is. */
type Place = Pick<Holding, 'network' | 'group'>

interface Freed extends Pick<Holding, 'group'> {
  readonly host: string
  readonly key: PeerKey
  readonly atMs: number
}

export class AddressCheck {
  readonly #byAddress = new Map<string, Set<Holding>>()
  readonly #freed = new Map<string, Freed>()
  readonly #nowMs: () => number
  readonly #violate: (invariant: string, details: string) => void
  readonly #excuses: Copies['excuses']

  constructor(nowMs: () => number, violate: (invariant: string, details: string) => void, excuses: Copies['excuses']) {
    this.#nowMs = nowMs
    this.#violate = violate
    this.#excuses = excuses
  }

  /** `allocate` has resolved. */
  given(host: string, key: PeerKey, { network, group }: Place, ip: number): Holding {
    const slot = slotOf(network, ip)
    const others = this.#byAddress.get(slot) ?? new Set()
    for (const other of others) {
      if (this.#excuses(network, { ip }, [key, other.key])) continue
      this.#violate('I1', `${host} was given ${show(network, ip)}, which ${other.host} holds (${other.state})`)
    }
    const freed = this.#freed.get(slot)
    const sinceMs = this.#nowMs() - (freed?.atMs ?? 0)
    const isMoved = freed?.host !== host || freed.group !== group
    const isEarly = freed && isMoved && sinceMs < coolDownMs
    if (isEarly && !this.#excuses(network, { ip }, [key, freed.key])) {
      const of = freed.group === group ? '' : ' of another group'
      const ago = `${freed.host} gave back${of} ${(sinceMs / 1000).toFixed(1)} s ago`
      this.#violate('R7', `${host} was given ${show(network, ip)}, which ${ago}`)
    }
    const holding: Holding = { host, key, network, group, ip, state: 'held' }
    this.#byAddress.set(slot, others.add(holding))
    return holding
  }

  /** The driver has said which IPv6 address goes with it. */
  given6(holding: Holding, text: string): void {
    const { network, ip, host, key } = holding
    for (const other of [...this.#byAddress.values()].flatMap(holdings => [...holdings])) {
      if (other === holding || other.network !== network || other.ip6 !== text) continue
      if (this.#excuses(network, { ip }, [key, other.key])) continue
      this.#violate('I1', `${host} was given ${text} of network ${network.slice(0, 6)}, which ${other.host} holds`)
    }
    holding.ip6 = text
  }

  released(holding: Holding): void {
    const slot = slotOf(holding.network, holding.ip)
    this.#byAddress.get(slot)?.delete(holding)
    // an heir cannot know of more than the record (src/ipam/core/inheritance.ts); Docker's ReleaseAddress follows
    const { host, key, group, endedMs } = holding
    this.#freed.set(slot, { host, key, group, atMs: endedMs ?? this.#nowMs() })
  }

  /** True if somebody gave it back, ever: then it may be cooling down for whoever asks. */
  wasFreed(network: NetworkId, ip: number): boolean {
    return this.#freed.has(slotOf(network, ip))
  }

  /** The address service of a host writes down that an address is free, or forgets it. */
  freed(host: string, key: PeerKey, fact: string): void {
    const [kind, network, text] = fact.split('/')
    const ip = parseIp(text ?? '')
    if (kind !== 'ipam' || network === undefined || ip === undefined) return
    for (const holding of this.#byAddress.get(slotOf(network, ip)) ?? []) {
      if (holding.host !== host) continue
      if (holding.state === 'orphan') this.released(holding)
      // an older copy knows of addresses that were given back since, and given anew
      else if (holding.state === 'held' && !this.#excuses(network, { ip }, [key, holding.key])) {
        this.#violate('R7', `${host} took ${show(network, ip)} back, which is in use`)
      }
    }
  }

  /** The process has died. `inUse` says of which addresses containers run on. */
  died(host: string, inUse: (holding: Holding) => boolean): void {
    for (const holding of this.#of(host)) if (holding.state === 'held' && !inUse(holding)) holding.state = 'orphan'
  }

  /** An older copy of the host's data was put back. `inUse` says of which addresses containers run on. */
  restored(host: string, inUse: (holding: Holding) => boolean): void {
    for (const holding of this.#of(host)) {
      holding.isInherited = true
      if (!inUse(holding)) this.#byAddress.get(slotOf(holding.network, holding.ip))?.delete(holding)
    }
  }

  /** The process has read its journal: what it had given must still be held there. */
  returned(host: string, held: (network: NetworkId) => readonly number[]): void {
    for (const holding of this.#of(host)) {
      const { network, ip, state } = holding
      const isHeld = held(network).includes(ip)
      if (state === 'releasing' && !isHeld) this.released(holding)
      else if (!isHeld && !holding.isInherited)
        this.#violate('R7', `${host} forgot in a crash that it had given ${show(network, ip)}`)
      if (state === 'releasing') holding.state = 'orphan'
    }
  }

  /** The host is gone for good: nothing runs there, and nobody waits for what it freed. */
  forget(host: string): void {
    for (const holding of this.#of(host)) this.#byAddress.get(slotOf(holding.network, holding.ip))?.delete(holding)
    for (const [slot, freed] of this.#freed) if (freed.host === host) this.#freed.delete(slot)
  }

  #of(host: string): Holding[] {
    return [...this.#byAddress.values()].flatMap(holdings => [...holdings].filter(holding => holding.host === host))
  }
}

function slotOf(network: NetworkId, ip: number): string {
  return `${network}/${ip}`
}

function show(network: NetworkId, ip: number): string {
  return `${formatIp(ip)} of network ${network.slice(0, 6)}`
}
