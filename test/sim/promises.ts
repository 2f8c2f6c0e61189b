/** What users were told is done, and what may have been done: the measure of I3. */
import { groupIdOf, networkIdOf } from '../../src/crdt/identity.ts'
import type { Leaf } from '../../src/crdt/leaves.ts'
import type { Dot } from '../../src/crdt/vector.ts'
import type { PeerKey } from '../../src/lib/keys.ts'
import type { GroupId } from '../../src/model/group.ts'
import type { NetworkId } from '../../src/model/network.ts'
import { actText, endedActs, objectName } from './act-objects.ts'

export interface Act {
  /** As `objectName` has it. */
  readonly object: string
  readonly dot: Dot
  readonly text: string
}

export class Promises {
  /** Per writer, the counter of its last acknowledged leaf. */
  readonly counters = new Map<PeerKey, number>()
  /** Acknowledged acts of creation, per network and per tenant. */
  readonly networks = new Map<NetworkId, Act[]>()
  readonly tenants = new Map<string, Act[]>()
  /** Groups, policies and rules that somebody was told are there. */
  readonly groups = new Set<GroupId>()
  readonly policies = new Map<string, { tenant: string; name: string; ids: Set<string> }>()
  /** Acts that some deletion named, and by whom: whether it was acknowledged or only begun. */
  readonly #begun = new Map<string, Set<PeerKey>>()
  readonly #covered = new Map<string, Set<PeerKey>>()

  /** Hosts that somebody began to remove, or that are gone for good: what nobody had seen of them is lost on purpose (R9). */
  readonly #doubted = new Set<PeerKey>()

  /** Hosts that asked to be taken out: they wait until the others hold all that they wrote. */
  readonly #leavers = new Set<PeerKey>()

  /** A key that was given up for another in its place -> the keys under which its machine, or one with a copy of it, asked to come back (R8). */
  readonly comebacks = new Map<PeerKey, Set<PeerKey>>()

  /** Newcomer -> who admitted it. */
  readonly #admitters = new Map<PeerKey, PeerKey>()

  begun(by: PeerKey, leaves: readonly Leaf[]): void {
    for (const leaf of leaves) if (leaf.kind === 'admission') this.#admitters.set(leaf.key, by)
    for (const act of leaves.flatMap(endedActs)) {
      const writers = this.#begun.get(act) ?? new Set()
      this.#begun.set(act, writers.add(by))
    }
  }

  doubt(writers: readonly PeerKey[]): void {
    for (const writer of writers) this.#doubted.add(writer)
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
    return this.#doubted.has(writer) || (admitter !== undefined && this.isDoubted(admitter))
  }

  /** True of who was let in by one of these, or by somebody who was. */
  cameThrough(newcomer: PeerKey, hosts: ReadonlySet<PeerKey>): boolean {
    const admitter = this.#admitters.get(newcomer)
    return admitter !== undefined && (hosts.has(admitter) || this.cameThrough(admitter, hosts))
  }

  get anyDoubted(): boolean {
    return this.#doubted.size > 0
  }

  /** True if whoever deleted the act may lose that by a removal. */
  mayComeBack(object: string, dot: Dot): boolean {
    return [...(this.#begun.get(actText(object, dot)) ?? [])].some(writer => this.isDoubted(writer))
  }

  acknowledged(last: Dot, leaves: readonly Leaf[]): void {
    this.counters.set(last.writer, Math.max(last.counter, this.counters.get(last.writer) ?? 0))
    for (const act of leaves.flatMap(endedActs)) {
      const by = this.#covered.get(act) ?? new Set()
      this.#covered.set(act, by.add(last.writer))
    }
    leaves.forEach((leaf, i) => {
      const dot = { writer: last.writer, counter: last.counter - leaves.length + 1 + i }
      if (leaf.kind === 'network') {
        const id = networkIdOf(leaf)
        listIn(this.networks, id).push({ object: objectName.network(id), dot, text: `${leaf.tenant}/${leaf.name}` })
      }
      this.#noteObject(leaf)
      if (leaf.kind === 'tenant') {
        listIn(this.tenants, leaf.name).push({ object: objectName.tenant(leaf.name), dot, text: leaf.name })
      }
    })
  }

  #noteObject(leaf: Leaf): void {
    if (leaf.kind === 'group') this.groups.add(groupIdOf(leaf))
    if (leaf.kind !== 'policy' && leaf.kind !== 'rule') return
    const { tenant } = leaf
    const name = leaf.kind === 'policy' ? leaf.name : leaf.policy
    const known = this.policies.get(`${tenant}/${name}`) ?? { tenant, name, ids: new Set() }
    this.policies.set(`${tenant}/${name}`, known)
    if (leaf.kind === 'rule') known.ids.add(leaf.id)
  }

  /** True if an acknowledged deletion named the act. */
  isCovered(object: string, dot: Dot): boolean {
    return [...(this.#covered.get(actText(object, dot)) ?? [])].some(writer => !this.isDoubted(writer))
  }

  /** True if this peer acknowledged a deletion that named the act. */
  isCoveredBy(writer: PeerKey, object: string, dot: Dot): boolean {
    return this.#covered.get(actText(object, dot))?.has(writer) ?? false
  }

  /** True if no deletion can have named the act: what it made must be there. */
  mustLive(act: Act): boolean {
    return !this.#begun.has(actText(act.object, act.dot)) && !this.isDoubted(act.dot.writer)
  }
}

function listIn<K, V>(map: Map<K, V[]>, key: K): V[] {
  const list = map.get(key) ?? []
  map.set(key, list)
  return list
}
