/** Addresses that their owners keep for who asks for them by name: one writer, one value. Whether it owns it is the view's to say. */
import type { PeerKey } from '../lib/keys.ts'
import type { NetworkId } from '../model/network.ts'
import type { Drops } from './droppable.ts'
import type { ReservationLeaf } from './leaves.ts'
import { type LeafRecord, type LiveSet, OwnRegisters } from './live-set.ts'

export class ReservationTable {
  readonly #registers: OwnRegisters<ReservationLeaf>
  /** network -> addresses that somebody ever reserved */
  readonly #ips = new Map<NetworkId, Set<number>>()

  constructor(live: LiveSet) {
    this.#registers = new OwnRegisters(live)
  }

  put(record: LeafRecord<ReservationLeaf>): void {
    const { network, ip } = record.leaf
    this.#ips.set(network, (this.#ips.get(network) ?? new Set()).add(ip))
    this.#registers.put(slotOf(record.dot.writer, network, ip), record)
  }

  /** What a later record replaced goes; of a network that is gone, also what counts. */
  mayDrop(record: LeafRecord<ReservationLeaf>, drops: Drops, isGone: boolean): boolean {
    const slot = slotOf(record.dot.writer, record.leaf.network, record.leaf.ip)
    return this.#registers.isSuperseded(slot, record, drops) || (isGone && this.#registers.isAlone(slot, record, drops))
  }

  drop(record: LeafRecord<ReservationLeaf>): void {
    const { network, ip } = record.leaf
    this.#registers.drop(slotOf(record.dot.writer, network, ip), record)
  }

  isKept(network: NetworkId, ip: number, owner: PeerKey): boolean {
    return this.#registers.get(slotOf(owner, network, ip))?.leaf.isKept === true
  }

  /** Addresses that somebody reserved at some time, ascending. */
  everReserved(network: NetworkId): number[] {
    return [...(this.#ips.get(network) ?? [])].sort((a, b) => a - b)
  }
}

function slotOf(writer: PeerKey, network: NetworkId, ip: number): string {
  return `reservation:${writer}:${network}:${ip}`
}
