/** Peers of a model mesh: registry, chains and stability, without disk or network; everything happens when the test says so. */
import { planCollection } from '../../../src/crdt/collection-plan.ts'
import { type CompactUnit, openUnit, type Part } from '../../../src/crdt/compact-unit.ts'
import { applyCheckpoints } from '../../../src/crdt/compaction.ts'
import type { Leaf } from '../../../src/crdt/leaves.ts'
import type { HistoryKept } from '../../../src/crdt/policy-collection.ts'
import { Registry } from '../../../src/crdt/registry.ts'
import type { PeerKey } from '../../../src/lib/keys.ts'
import { verifySignature } from '../../../src/lib/keys.ts'
import { Stability } from '../../../src/replica/stability.ts'
import { World, type Writer } from './writer.ts'

const settled = 3

export class ModelPeer {
  readonly registry: Registry
  readonly writer: Writer
  readonly #chains = new Map<PeerKey, Part[]>()
  readonly #stability = new Stability()
  readonly #world: World
  #judges: boolean
  #isTold = false

  /**
   * @param judges false for a newcomer, who does not know yet what a checkpoint rests on
   * @param writes false for who only looks on: nobody's own records are its own
   */
  constructor(
    world: World,
    number: number,
    judges = true,
    kept: HistoryKept = { changes: 3, deletions: 1 },
    writes = true,
  ) {
    this.#world = world
    this.writer = world.at(number)
    this.registry = new Registry(world.meshId, verifySignature, {
      ...(writes ? { self: this.writer.key } : {}),
      history: () => [...this.#chains.values()].flat(),
      kept,
    })
    this.#judges = judges
  }

  static onlooker(world: World, judges: boolean): ModelPeer {
    return new ModelPeer(world, 1, judges, undefined, false)
  }

  chain(writer: PeerKey): Part[] {
    return this.#chains.get(writer) ?? []
  }

  counter(writer: PeerKey): number {
    return this.chain(writer).at(-1)?.last ?? 0
  }

  counters(): Map<PeerKey, number> {
    return new Map([...this.#chains.keys()].map(writer => [writer, this.counter(writer)]))
  }

  write(leaves: readonly (Leaf | Uint8Array)[]): void {
    this.writer.write(leaves)
    this.take(this.writer.batches.at(-1) as Part)
  }

  take(part: Part): void {
    // what was compacted elsewhere begins before what is held here and stands for more
    if (part.first <= this.counter(part.writer) && 'survivors' in part) {
      this.#replace(part)
      this.registry.restart()
    } else {
      this.#chains.set(part.writer, [...this.chain(part.writer), part])
      this.registry.apply(part)
    }
    this.#compact()
  }

  /** Takes at most `count` parts of one writer's chain from another. */
  pull(from: ModelPeer, writer: PeerKey, count = Number.POSITIVE_INFINITY): void {
    const lacking = from.chain(writer).filter(part => part.last > this.counter(writer))
    for (const part of lacking.slice(0, count)) this.take('survivors' in part ? openUnit(part.bytes) : part)
  }

  pullAll(from: ModelPeer): void {
    for (const { key } of this.#world.writers) this.pull(from, key)
  }

  /** A newcomer that holds all that a member showed it: from now on it judges, too. */
  complete(): void {
    this.#judges = true
  }

  /** True if it is a member, as far as it knows. */
  get isIn(): boolean {
    return !this.#isTold && this.registry.member(this.writer.key) !== undefined
  }

  /** Tells another that it was removed, if it was: from then on that does nothing any more. */
  tell(other: ModelPeer): void {
    const { key } = other.writer
    if (this.isIn && this.registry.everMember(key) && !this.registry.member(key)) other.#isTold = true
  }

  /** True if each takes the other for a member: else they do not talk. */
  knows(other: ModelPeer): boolean {
    return other.isIn && this.registry.member(other.writer.key) !== undefined
  }

  sees(other: ModelPeer): void {
    const members = this.registry.members().map(member => member.key)
    this.#stability.advance(members)
    this.#stability.saw(other.writer.key, other.counters())
    this.#stability.saw(this.writer.key, this.counters())
    this.#stability.advance(members)
  }

  /** Writes the checkpoints that may be written; says how many leaves go. */
  collect(stable = (writer: PeerKey, counter: number) => this.#stability.covers(writer, counter)): number {
    const { signer, key } = this.writer
    const undecided = this.registry.removals().some(({ outcome }) => outcome === 'undecided')
    if (undecided || this.registry.members().length < 2) return 0
    const parts = this.chain(key)
    const plan = planCollection(
      {
        ...{ registry: this.registry, signer, parts, limit: 64 },
        stable: dot => stable(dot.writer, dot.counter),
        quiet: id => this.registry.endpoints(id).length === 0 && this.registry.heldBy(id).length === 0,
        quietGroup: (group, id) => !this.registry.endpoints(id).some(endpoint => endpoint.group === group),
      },
      true,
    )
    if (plan.leaves.length > 0) this.write(plan.leaves)
    return plan.dropped
  }

  #compact(): void {
    applyCheckpoints(this.#deps(), this.#chains.keys())
  }

  #deps() {
    const overlapping = (of: PeerKey, first: number, last: number) => [
      this.chain(of)
        .filter(part => part.last >= first && part.first <= last)
        .map(part => ({ first: part.first, last: part.last, compact: 'survivors' in part, open: () => part })),
    ]
    const replace = (unit: CompactUnit) => {
      this.#replace(unit)
      return false
    }
    return { registry: this.registry, overlapping, replace, verify: verifySignature, judges: this.#judges }
  }

  #replace(unit: CompactUnit): void {
    const outside = this.chain(unit.writer).filter(part => part.last < unit.first || part.first > unit.last)
    this.#chains.set(
      unit.writer,
      [...outside, unit].sort((a, b) => a.first - b.first),
    )
  }
}

/** Three settled peers that all hold the founding records; `late`: so many behind them that hold nothing, and may be let in. */
export function peersOf(
  kept?: HistoryKept,
  late = 0,
  nameOf?: (number: number) => string,
): { world: World; peers: ModelPeer[] } {
  const world = new World(settled + late, nameOf).settleAll(settled)
  const base = world.batches
  const peers = world.writers.map((_, i) => new ModelPeer(world, i + 1, i < settled, kept))
  for (const peer of peers.slice(0, settled)) for (const batch of base) peer.take(batch)
  return { world, peers }
}

/** Those that all take for members who were settled at the start and are in: not who was let in by one that was removed, unseen. */
export function meshOf(peers: readonly ModelPeer[]): ModelPeer[] {
  const first = peers.slice(0, settled).filter(peer => peer.isIn)
  return peers.filter(peer => first.every(each => each.knows(peer)))
}

/** Each with each that it talks to; whom it does not is told why. */
function pairs(peers: readonly ModelPeer[], meet: (a: ModelPeer, b: ModelPeer) => void): void {
  for (const a of peers) for (const b of peers) a.tell(b)
  for (const a of peers) for (const b of peers) if (a.knows(b) && b.knows(a)) meet(a, b)
}

/** Everybody takes everything and sees that everybody has, twice. */
export function settle(peers: readonly ModelPeer[]): void {
  for (let round = 0; round < 2; round++) {
    pairs(peers, (a, b) => a.pullAll(b))
    pairs(peers, (a, b) => a.sees(b))
  }
  pairs(peers, (a, b) => a.sees(b))
}

/** Lets go of whatever may go, until nothing does. */
export function collectAll(peers: readonly ModelPeer[]): void {
  for (let round = 0; round < 12; round++) {
    settle(peers)
    if (
      peers
        .filter(peer => peer.isIn)
        .map(peer => peer.collect())
        .every(dropped => dropped === 0)
    )
      return
  }
  settle(peers)
}
