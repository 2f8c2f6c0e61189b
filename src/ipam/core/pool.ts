/**
 * The addresses of one network that this host may hand out: those of its own blocks that were not carved out, and its own
 * carved-out ones (R3, R6), less what its ledger holds and what any live endpoint holds (R5). Pure: the view and the time
 * are handed in.
 *
 * Order: the lowest address never used comes first, then the one that was freed longest ago (R7). Carved-out ones come
 * last: somebody once asked for each by name, and Docker asks again whenever that container starts. A freed address cools
 * down before a container of another group gets it (R7): others may still take it for a member of the old one. What came with
 * the removal of another host cools down for everybody, until this host has used it (inheritance.ts).
 */
import type { Network, RegistryView } from '../../crdt/registry-view.ts'
import type { PeerKey } from '../../lib/keys.ts'
import type { NetworkId } from '../../model/network.ts'
import { anyone, type Claimant, mayHave } from './claimant.ts'
import { isExcluded, lowWaterOf, type Range, rangeOf, sizeOf } from './geometry.ts'
import { Inheritance } from './inheritance.ts'
import type { Ledger } from './ledger.ts'
import { lowerBound, Ownership } from './ownership.ts'

/** What a decision is made on. */
export interface Moment {
  readonly view: RegistryView
  /** Goes up with each change of the view: tells whether an index may be old. */
  readonly revision: number
  /** Monotonic clock, ms. */
  readonly nowMs: number
}

/** Networks up to this many blocks are indexed again at any change while low; larger ones once a second at most. */
const smallNetworkBlocks = 256
const largeRefreshMs = 1000

export class Pool {
  readonly network: NetworkId
  /** Read it freely; write through `hold`, `free` and `forget`, which keep the count. */
  readonly ledger: Ledger
  readonly #ownership: Ownership
  readonly #inheritance: Inheritance
  // Of the addresses in own blocks, those held in the ledger, and those held by an endpoint that the ledger does not know.
  #taken = 0
  readonly #busy = new Set<number>()
  // Asked of another owner for a container that wants this very one: not to be handed to another when it arrives.
  readonly #awaited = new Set<number>()
  // Of the addresses handed out in this run of the process, and to groups before it: whose group had it last, '' for none.
  readonly #lastOf = new Map<number, string>()
  // No own address below it is unused, free and cool, but for those that the claimants without a pool must avoid.
  #cursor = 0
  #avoided = ''
  #builtRevision = -1
  #builtMs = Number.NEGATIVE_INFINITY

  constructor(self: PeerKey, network: NetworkId, ledger: Ledger, inheritance = new Inheritance(self)) {
    this.network = network
    this.ledger = ledger
    this.#inheritance = inheritance
    this.#ownership = new Ownership(self, network)
  }

  /** The address to hand out next; undefined when there is none. The caller `hold`s it in the same turn. */
  pick(moment: Moment, claimant: Claimant = anyone): number | undefined {
    const network = this.#fresh(moment)
    if (!network) return undefined
    this.#follow(claimant)
    const ip = this.#choose(moment, network, claimant)
    if (ip !== undefined || this.#builtRevision === moment.revision) return ip
    this.#rebuild(moment, network)
    return this.#choose(moment, network, claimant)
  }

  /** A container of this group has it from now on, or had it last; '' for none. */
  handOver(ip: number, group: string): void {
    this.#lastOf.set(ip, group)
  }

  /**
   * For how long an own address is not for this claimant yet, ms; 0 if it may have it at once: this host freed it, and it was another
   * group's, or it came with the removal of a host.
   */
  coolsInMs(view: RegistryView, ip: number, { group = '', hasGroups }: Claimant, nowMs: number): number {
    const last = this.#lastOf.get(ip)
    // what an earlier run freed without writing a group down may have been anybody's
    const isAnothers = last === undefined ? hasGroups : last !== group
    return (isAnothers && this.ledger.coolsInMs(ip, nowMs)) || this.inheritedInMs(view, ip, nowMs)
  }

  /** When the first own address that cools down for this claimant is free for it, ms from now; 0 if there is none. */
  nextCoolInMs(moment: Moment, claimant: Claimant): number {
    const { view, nowMs } = moment
    const waits = [...this.ledger.freed()].map(([ip]) => {
      return mayHave(claimant, ip) && this.#isFree(view, ip) ? this.coolsInMs(view, ip, claimant, nowMs) : 0
    })
    return soonest([...waits, this.nextInheritedInMs(moment, claimant)])
  }

  /** The same of an address that came with a removal: of the first one, since most cool down together. */
  nextInheritedInMs({ view, nowMs }: Moment, claimant: Claimant): number {
    const network = view.network(this.network)
    if (!network || !this.#inheritance.isCooling(view, this.network, nowMs)) return 0
    for (const ip of this.#ownership.inherited(view, network)) {
      const waitMs = mayHave(claimant, ip) && this.#isFree(view, ip) ? this.inheritedInMs(view, ip, nowMs) : 0
      if (waitMs > 0) return waitMs
    }
    return 0
  }

  /** For how long an own address is nobody's yet because a removal brought it, ms; 0 if it came otherwise, or was used here since. */
  inheritedInMs(view: RegistryView, ip: number, nowMs: number): number {
    return this.#inheritance.coolsInMs(view, this.network, this.ledger, ip, nowMs)
  }

  /** For how long an own address may not move to another host, ms; 0 if it may at once (R7). */
  movesInMs(view: RegistryView, ip: number, nowMs: number): number {
    return this.ledger.coolsInMs(ip, nowMs) || this.inheritedInMs(view, ip, nowMs)
  }

  /** Free addresses in own blocks; exact as long as no other host's endpoint lies in them. */
  freeCount(moment: Moment): number {
    return this.#fresh(moment) ? this.#count() : 0
  }

  /** True if it is time to ask for another block. */
  isLow(moment: Moment): boolean {
    this.#fresh(moment)
    return this.#isLow(moment.view)
  }

  /** Own blocks, ascending. A hint: ask `owns` before acting on one. */
  blocks(moment: Moment): readonly number[] {
    this.#fresh(moment)
    return this.#ownership.blocks
  }

  /** Own addresses that were carved out, ascending. A hint as well: ask `ownsAddress`. */
  carved(moment: Moment): readonly number[] {
    this.#fresh(moment)
    return this.#ownership.carved
  }

  owns(view: RegistryView, index: number): boolean {
    return this.#ownership.owned(view, index) !== undefined
  }

  ownsAddress(view: RegistryView, ip: number): boolean {
    return this.#ownership.ownsAddress(view, ip)
  }

  /** Until `done` is called, `pick` passes the address over. */
  await(ip: number): { done(): void } {
    this.#awaited.add(ip)
    const done = () => {
      this.#awaited.delete(ip)
      this.#cursor = Math.min(this.#cursor, ip)
    }
    return { done }
  }

  hold(view: RegistryView, ip: number, nowMs: number, claimed: boolean): void {
    if (!this.ledger.heldEntry(ip) && this.#lists(view, ip)) this.#taken++
    this.#busy.delete(ip)
    this.ledger.hold(ip, nowMs, claimed)
  }

  free(view: RegistryView, ip: number, nowMs: number, sequence: number): void {
    if (this.ledger.heldEntry(ip) && this.#lists(view, ip)) this.#taken--
    this.ledger.free(ip, nowMs, sequence)
  }

  /** As if the address had never been used. */
  forget(view: RegistryView, ip: number): void {
    if (this.ledger.heldEntry(ip) && this.#lists(view, ip)) this.#taken--
    this.ledger.forget(ip)
    this.#cursor = Math.min(this.#cursor, ip)
  }

  /** Takes note of blocks and single addresses that arrived. */
  gain(view: RegistryView, indices: readonly number[], ips: readonly number[] = []): void {
    const network = view.network(this.network)
    // before the first index there is nothing to add to: building it reads them all
    if (!network || this.#builtRevision < 0) return
    this.#rewind(
      view,
      indices.filter(index => this.#ownership.add(view, network, index)),
    )
    for (const ip of ips) this.#ownership.addCarved(view, network, ip)
    this.#recount(view)
  }

  /** Stops using single addresses: they are about to be given away. */
  leaveAddresses(view: RegistryView, ips: readonly number[]): void {
    for (const ip of ips) this.#ownership.leaveAddress(view, ip)
  }

  /** Stops using blocks whose transfer is about to be written. */
  leave(view: RegistryView, indices: readonly number[]): void {
    const network = view.network(this.network)
    if (!network) return
    for (const index of indices) this.#ownership.leave(view, network, index)
    this.#recount(view)
  }

  /** Takes note that transfers are applied. */
  settle(view: RegistryView): void {
    this.#ownership.settle(view)
  }

  /** Reads the registers again where that may matter: at first, and while few addresses are left. */
  #fresh(moment: Moment): Network | undefined {
    const { view, nowMs } = moment
    const network = view.network(this.network)
    if (!network || this.#builtRevision === moment.revision) return network
    const isCheap = view.blockCount(this.network) <= smallNetworkBlocks || nowMs - this.#builtMs >= largeRefreshMs
    if (this.#builtRevision < 0 || (isCheap && this.#isLow(view))) this.#rebuild(moment, network)
    return network
  }

  #rebuild({ view, revision, nowMs }: Moment, network: Network): void {
    this.#rewind(view, this.#ownership.refresh(view, network))
    this.#recount(view)
    this.#builtRevision = revision
    this.#builtMs = nowMs
  }

  #rewind(view: RegistryView, gained: readonly number[]): void {
    for (const index of gained) this.#cursor = Math.min(this.#cursor, view.blockRange(this.network, index).first)
  }

  #recount(view: RegistryView): void {
    this.#taken = 0
    for (const [ip] of this.ledger.held()) if (this.#lists(view, ip)) this.#taken++
    for (const ip of this.#busy) {
      const isFree = view.holders(this.network, ip).length === 0
      if (isFree) this.#cursor = Math.min(this.#cursor, ip)
      if (isFree || this.ledger.heldEntry(ip) || !this.#lists(view, ip)) this.#busy.delete(ip)
    }
  }

  #count(): number {
    return Math.max(0, this.#ownership.addresses - this.#taken - this.#busy.size)
  }

  #isLow(view: RegistryView): boolean {
    return this.#count() < lowWaterOf(sizeOf(view, this.network))
  }

  #lists(view: RegistryView, ip: number): boolean {
    return this.#ownership.listsAddress(view, ip)
  }

  #choose(moment: Moment, network: Network, claimant: Claimant): number | undefined {
    return (
      (claimant.within
        ? this.#neverUsedIn(moment, network, claimant.within)
        : this.#neverUsed(moment, network, claimant)) ??
      this.#oldestFreed(moment, network, claimant, false) ??
      this.#neverUsedCarved(moment, claimant) ??
      this.#oldestFreed(moment, network, claimant, true)
    )
  }

  /** Pools that are no more leave unused addresses behind. */
  #follow({ within, avoid }: Claimant): void {
    const avoided = avoid.map(({ first, last }) => `${first}-${last}`).join()
    if (within || avoided === this.#avoided) return
    this.#avoided = avoided
    this.#cursor = 0
  }

  #neverUsedIn({ view, nowMs }: Moment, network: Network, { first, last }: Range): number | undefined {
    for (let ip = first; ip <= last; ip++) {
      if (this.ledger.isUsed(ip) || isExcluded(network, ip) || view.address(this.network, ip)) continue
      if (this.#isFree(view, ip) && this.inheritedInMs(view, ip, nowMs) === 0) return ip
    }
    return undefined
  }

  #neverUsed({ view, nowMs }: Moment, network: Network, claimant: Claimant): number | undefined {
    const { blocks } = this.#ownership
    const end = network.spec.subnet.last + 1
    if (this.#cursor >= end) return undefined
    let coolingFrom = end
    for (let at = lowerBound(blocks, view.blockOf(this.network, this.#cursor) ?? 0); at < blocks.length; at++) {
      const index = blocks[at] as number
      const block = this.#ownership.owned(view, index)
      if (!block) continue
      const { first, last } = rangeOf(view, network, index)
      for (let ip = Math.max(first, this.#cursor); ip <= last; ip++) {
        if (this.ledger.isUsed(ip) || isExcluded(network, ip) || block.carved.includes(ip)) continue
        if (this.#isBusy(view, ip)) continue
        if (this.#awaited.has(ip) || !mayHave(claimant, ip)) continue
        if (this.inheritedInMs(view, ip, nowMs) > 0) {
          coolingFrom = Math.min(coolingFrom, ip)
          continue
        }
        this.#cursor = Math.min(coolingFrom, ip)
        return ip
      }
    }
    this.#cursor = coolingFrom
    return undefined
  }

  #neverUsedCarved({ view, nowMs }: Moment, claimant: Claimant): number | undefined {
    return this.#ownership.carved.find(ip => {
      if (this.ledger.isUsed(ip) || !mayHave(claimant, ip) || !this.#isFree(view, ip)) return false
      return this.inheritedInMs(view, ip, nowMs) === 0
    })
  }

  #oldestFreed(moment: Moment, network: Network, claimant: Claimant, carved: boolean): number | undefined {
    const { view, nowMs } = moment
    for (const [ip] of this.ledger.freed()) {
      const isCarved = view.address(this.network, ip) !== undefined
      if (isCarved !== carved || isExcluded(network, ip) || !mayHave(claimant, ip)) continue
      if (this.coolsInMs(view, ip, claimant, nowMs) === 0 && this.#isFree(view, ip)) return ip
    }
    return undefined
  }

  #isFree(view: RegistryView, ip: number): boolean {
    if (!this.#ownership.ownsAddress(view, ip) || this.#awaited.has(ip) || this.#isBusy(view, ip)) return false
    return view.reservedBy(this.network, ip) === undefined
  }

  /** R5: whatever the registers say, an address of a live endpoint is not free. */
  #isBusy(view: RegistryView, ip: number): boolean {
    if (view.holders(this.network, ip).length === 0) return false
    if (this.#lists(view, ip)) this.#busy.add(ip)
    return true
  }
}

/** 0 if none waits. */
function soonest(waits: readonly number[]): number {
  const left = waits.filter(ms => ms > 0)
  return left.length === 0 ? 0 : Math.min(...left)
}
