/** What users were told is done, and what may have been done: the measure of I3. */
import { networkIdOf } from '../../src/crdt/identity.ts'
import type { Leaf } from '../../src/crdt/leaves.ts'
import type { Dot } from '../../src/crdt/vector.ts'
import type { PeerKey } from '../../src/lib/keys.ts'
import type { NetworkId } from '../../src/model/network.ts'
import { type Act, actText, endedActs, objectName } from './act-objects.ts'
import { listIn } from './list-in.ts'
import { ObjectPromises } from './object-promises.ts'

/** The last counter of the writer that counts for sure; 0 for none. */
export type Trusted = (writer: PeerKey) => number

export class Promises {
  /** Per writer, the counter of its last acknowledged leaf. */
  readonly counters = new Map<PeerKey, number>()
  /** Acknowledged acts of creation, per network and per tenant. */
  readonly networks = new Map<NetworkId, Act[]>()
  readonly tenants = new Map<string, Act[]>()
  readonly objects = new ObjectPromises()
  /** Acts that some deletion named, and by whom: whether it was acknowledged, then with the first of its counters, or only begun. */
  readonly #begun = new Map<string, Set<PeerKey>>()
  readonly #covered = new Map<string, Map<PeerKey, number>>()

  /** Hosts that are gone for good, or may have two histories: what nobody had seen of them is lost on purpose (R9). */
  readonly #doubted = new Set<PeerKey>()

  /** Hosts that somebody began to remove, and that are still there: if that is not decided, or cancelled, nothing of theirs is lost. */
  readonly #suspected = new Set<PeerKey>()

  /** Hosts that asked to be taken out: they wait until the others hold all that they wrote. */
  readonly #leavers = new Set<PeerKey>()

  /** A key that was given up for another in its place -> the keys under which its machine, or one with a copy of it, asked to come back (R8). */
  readonly comebacks = new Map<PeerKey, Set<PeerKey>>()

  /** Newcomer -> who admitted it. */
  readonly #admitters = new Map<PeerKey, PeerKey>()

  readonly #undoubted: Trusted = writer => (this.isDoubted(writer) ? 0 : Number.POSITIVE_INFINITY)

  begun(by: PeerKey, leaves: readonly Leaf[]): void {
    for (const leaf of leaves) {
      if (leaf.kind === 'admission') this.#admitters.set(leaf.key, by)
      this.objects.begun(leaf)
    }
    for (const act of leaves.flatMap(endedActs)) {
      const writers = this.#begun.get(act) ?? new Set()
      this.#begun.set(act, writers.add(by))
    }
  }

  doubt(writers: readonly PeerKey[]): void {
    for (const writer of writers) this.#doubted.add(writer)
  }

  suspect(writers: readonly PeerKey[]): void {
    for (const writer of writers) this.#suspected.add(writer)
  }

  isSuspected(writer: PeerKey): boolean {
    return this.#suspected.has(writer)
  }

  /** What nobody else had seen of it is lost for good. */
  isLost(writer: PeerKey): boolean {
    return this.#doubted.has(writer)
  }

  comesBack(former: PeerKey, key: PeerKey): void {
    this.comebacks.set(former, (this.comebacks.get(former) ?? new Set()).add(key))
  }

  leaves(key: PeerKey): void {
    this.#leavers.add(key)
  }

  isLeaver(key: PeerKey): boolean {
    return this.#leavers.has(key)
  }

  get anyLeaver(): boolean {
    return this.#leavers.size > 0
  }

  unsureLeavers(isEverywhere: (key: PeerKey, counter: number) => boolean): PeerKey[] {
    return [...this.#leavers].filter(key => !isEverywhere(key, this.counters.get(key) ?? 0))
  }

  /** Also who joined through such a host: perhaps nobody else has seen that. */
  isDoubted(writer: PeerKey): boolean {
    const admitter = this.#admitters.get(writer)
    if (this.#doubted.has(writer) || this.#suspected.has(writer)) return true
    return admitter !== undefined && this.isDoubted(admitter)
  }

  /** True of who was let in by one of these, or by somebody who was. */
  cameThrough(newcomer: PeerKey, hosts: ReadonlySet<PeerKey>): boolean {
    const admitter = this.#admitters.get(newcomer)
    return admitter !== undefined && (hosts.has(admitter) || this.cameThrough(admitter, hosts))
  }

  get anyDoubted(): boolean {
    return this.#doubted.size > 0 || this.#suspected.size > 0
  }

  /** True if whoever deleted the act may lose that by a removal. */
  mayComeBack(object: string, dot: Dot): boolean {
    return [...(this.#begun.get(actText(object, dot)) ?? [])].some(writer => this.isDoubted(writer))
  }

  acknowledged(last: Dot, leaves: readonly Leaf[]): void {
    this.counters.set(last.writer, Math.max(last.counter, this.counters.get(last.writer) ?? 0))
    leaves.forEach((leaf, i) => {
      const dot = { writer: last.writer, counter: last.counter - leaves.length + 1 + i }
      for (const act of endedActs(leaf)) {
        const by = this.#covered.get(act) ?? new Map<PeerKey, number>()
        this.#covered.set(act, by)
        if (!by.has(dot.writer)) by.set(dot.writer, dot.counter)
      }
      if (leaf.kind === 'network') {
        const id = networkIdOf(leaf)
        listIn(this.networks, id).push({ object: objectName.network(id), dot, text: `${leaf.tenant}/${leaf.name}` })
      }
      this.objects.acknowledged(dot, leaf)
      if (leaf.kind === 'tenant') {
        listIn(this.tenants, leaf.name).push({ object: objectName.tenant(leaf.name), dot, text: leaf.name })
      }
    })
  }

  /** True if an acknowledged deletion named the act. @param trusted as of `mustLive` */
  isCovered(object: string, dot: Dot, trusted: Trusted = this.#undoubted): boolean {
    return [...(this.#covered.get(actText(object, dot)) ?? [])].some(([writer, counter]) => counter <= trusted(writer))
  }

  /** True if this peer acknowledged a deletion that named the act. */
  isCoveredBy(writer: PeerKey, object: string, dot: Dot): boolean {
    return this.#covered.get(actText(object, dot))?.has(writer) ?? false
  }

  /**
   * True if no deletion can have named the act: what it made must be there.
   * @param trusted up to which counter what its writer wrote counts. @default nothing does of one in doubt
   */
  mustLive({ object, dot }: Act, trusted: Trusted = this.#undoubted): boolean {
    return !this.#begun.has(actText(object, dot)) && dot.counter <= trusted(dot.writer)
  }
}
