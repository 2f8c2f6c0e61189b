/**
 * Keys of which an old copy was put back, or that two machines have (R8). For these I1 cannot hold at every moment; what must
 * hold instead is that a process which a member showed that it is not the newest allocates and writes nothing from then on.
 */
import { openPart } from '../../src/crdt/compact-unit.ts'
import type { RegistryView } from '../../src/crdt/registry-view.ts'
import type { Head, Vector } from '../../src/crdt/vector.ts'
import type { PeerKey } from '../../src/lib/keys.ts'
import type { NetworkId } from '../../src/model/network.ts'
import type { Host } from './host.ts'
import type { Life } from './virtual-clock.ts'
import type { VirtualMesh } from './virtual-mesh.ts'
import type { World } from './world.ts'

/** Of a network: one of its blocks, or one of its addresses. */
export type Place = { readonly index: number } | { readonly ip: number }

export class Copies {
  readonly #world: World
  readonly #keys = new Set<PeerKey>()
  /** Of each process the newest batch of its own that it read at its start or wrote: its hash, which names all before it. */
  readonly #newest = new WeakMap<Life, string>()
  readonly #told = new WeakSet<Life>()
  /** Processes that were told in the event that is just happening. */
  #hearing: Life[] = []

  constructor(world: World) {
    this.#world = world
  }

  get any(): boolean {
    return this.#keys.size > 0
  }

  /** From now on two histories of the key may be written. */
  begin(key: PeerKey): void {
    this.#keys.add(key)
    // all that it holds of its own it wrote; not every write of a replica is told to the simulator (checkpoints)
    for (const { life, peer, signer } of this.#world.hosts) {
      if (signer.key === key && peer) this.newest(life, key, peer.replica.vector())
    }
    // what only the state that was lost had is lost
    this.#world.doubt([key])
  }

  /** The process has read its journal, or has written. */
  newest(life: Life | undefined, self: PeerKey, vector: Vector): void {
    if (life) this.#newest.set(life, vector.get(self)?.[0]?.hash ?? '')
  }

  /**
   * True if these processes of one key wrote the same, byte for byte: then nobody can tell them apart. A copy that wakes beside its
   * original answers the same records at the same hybrid time when that follows a member whose clock is ahead of both.
   */
  areAlike(hosts: readonly Host[]): boolean {
    return new Set(hosts.map(({ life }) => life && this.#newest.get(life))).size <= 1
  }

  has(key: PeerKey): boolean {
    return this.#keys.has(key)
  }

  /** True if a member showed this process that it holds records of the same key which the process lacks. */
  wasTold(life: Life | undefined): boolean {
    return life !== undefined && this.#told.has(life)
  }

  /** An answer of anti-entropy that tells the asker so arrives. */
  tell(life: Life): void {
    this.#hearing.push(life)
  }

  /** To be called after each event. */
  look(): void {
    for (const life of this.#hearing) {
      this.#told.add(life)
      const host = this.#world.hosts.find(other => other.life === life)
      if (!host?.peer || host.peer.replica.fenced) continue
      this.#world.violate('R8', `${host.name} was shown records of its own key that it lacks, and goes on`)
    }
    this.#hearing = []
  }

  /** What the answerer holds of the asker's key now. */
  shownBy(answerer: VirtualMesh, asker: VirtualMesh): readonly Head[] {
    return this.has(asker.self) ? (this.#replicaOf(answerer.life)?.vector().get(asker.self) ?? []) : []
  }

  /** True while the asker can tell that it lacks some of these of its own key. */
  knowsBetter(shown: readonly Head[], asker: VirtualMesh): boolean {
    const own = this.#replicaOf(asker.life)
    const held = own?.vector().get(asker.self) ?? []
    // with several tips it knows by itself
    if (!own || held.length > 1) return false
    return shown.some(({ counter, hash }) => {
      if (counter > (held[0]?.counter ?? 0)) return true
      const bytes = own.batchAt({ writer: asker.self, counter })
      const part = bytes && openPart(bytes)
      // what ends within a run that was compacted cannot be told from what went
      return part !== undefined && part.last === counter && part.hash !== hash
    })
  }

  /**
   * True if two may own the place because of a copy: one of the holders has a copied key, or such a key ever had to do with its custody, as far
   * as anybody knows. That of a removed host goes to its heir by promises (R9): a copied key among those who made them, or among those who were
   * removed with it, may have broken one. What honest hosts gave each other, and inherited by honest removals, is theirs alone.
   */
  excuses(network: NetworkId, place: Place, holders: readonly PeerKey[]): boolean {
    if (!this.any) return false
    if (holders.some(key => this.has(key))) return true
    return this.#world.hosts.some(({ peer }) => peer && this.#isTouched(peer.replica.view, network, place))
  }

  #isTouched(view: RegistryView, network: NetworkId, place: Place): boolean {
    const index = 'index' in place ? place.index : view.blockOf(network, place.ip)
    if (index === undefined) return false
    const order = view.dealOrder(network)
    const steps = [
      ...view.transfers(network, index),
      ...('ip' in place ? view.addressTransfers(network, place.ip) : []),
    ]
    const custodians = [order[index % order.length] ?? '', ...steps.flatMap(({ from, to }) => [from, to])]
    if (custodians.some(key => this.has(key))) return true
    const broken = view
      .removals()
      .filter(({ starter, targets, ackedBy }) =>
        [starter, ...ackedBy, ...targets.map(({ key }) => key)].some(key => this.has(key)),
      )
    return broken.some(({ targets }) => targets.some(({ key }) => custodians.includes(key)))
  }

  #replicaOf(life: Life) {
    return this.#world.hosts.find((host: Host) => host.life === life)?.peer?.replica
  }
}
