/** What writers let go of, and what may go. */
import type { PeerKey } from '../lib/keys.ts'
import type { GroupId } from '../model/group.ts'
import type { CompactUnit, PlacedLeaf } from './compact-unit.ts'
import type { Drops } from './droppable.ts'
import type { CheckpointLeaf } from './leaves.ts'
import type { LeafRecord } from './live-set.ts'
import type { Merge } from './merge.ts'

type Checkpoint = LeafRecord<CheckpointLeaf>

export class CheckpointReadings {
  readonly #merge: Merge

  constructor(merge: Merge) {
    this.#merge = merge
  }

  /** By writer, ascending: another array after each change. */
  get byWriter(): ReadonlyMap<PeerKey, readonly Checkpoint[]> {
    return this.#merge.tables.checkpoints.byWriter
  }

  /** Of a writer, ascending. */
  of(writer: PeerKey): readonly Checkpoint[] {
    return this.#merge.tables.checkpoints.of(writer)
  }

  /** Those that let go of what is needed, ascending by dot. */
  unjust(): Checkpoint[] {
    return this.#merge.tables.checkpoints.unjust()
  }

  /** True if the leaf may be let go of (collector.ts). */
  mayDrop(record: LeafRecord, drops: Drops): boolean {
    return this.#merge.tables.collector.mayDrop(record, drops)
  }

  /** Gives effect to a checkpoint; says whether it had any (collector.ts). */
  collect(checkpoint: Checkpoint, dropped: readonly PlacedLeaf[], judge: boolean): boolean {
    const done = this.#merge.tables.collector.collect(checkpoint, dropped, judge)
    if (done) this.#merge.wentAway()
    return done
  }

  /** True if a checkpoint that lets these leaves of its writer go is just (collector.ts). */
  mayCollect(writer: PeerKey, dropped: readonly PlacedLeaf[]): boolean {
    return this.#merge.tables.collector.mayCollect(writer, dropped)
  }

  /** True if what is left when these leaves go has to be read again (collector.ts). */
  uncovers(writer: PeerKey, dropped: readonly PlacedLeaf[]): boolean {
    return this.#merge.tables.collector.uncovers(writer, dropped)
  }

  /** These leaves are as if they had never been written: what is left of their run came without the checkpoint that says so. */
  letGo(writer: PeerKey, dropped: readonly PlacedLeaf[]): void {
    this.#merge.tables.collector.forget(writer, dropped)
    this.#merge.wentAway()
  }

  /** True if nothing but what a writer may let go of is missing in its unit (collector.ts). */
  mayLose(unit: CompactUnit, missing: readonly PlacedLeaf[]): boolean {
    return this.#merge.tables.collector.mayLose(unit, missing)
  }

  /** Notes whether a checkpoint has its effect; one that cannot have it is shown. */
  note(checkpoint: Checkpoint, just: boolean): void {
    this.#merge.tables.checkpoints.judge(checkpoint, just)
  }

  /** Records of endpoints in the group so far, within one run of the process. */
  startsIn(group: GroupId): number {
    return this.#merge.tables.endpoints.startsIn(group)
  }

  /** Deleted networks, and groups, of which no record is left, as far as this peer has seen them go. */
  collectedNetworks(): ReadonlySet<string> {
    return this.#merge.tables.networks.collected
  }

  /** Of these nothing is left to see them by: this peer saw them go before it was started. */
  remember(networks: Iterable<string>): void {
    for (const id of networks) this.#merge.tables.networks.remember(id)
  }
}
