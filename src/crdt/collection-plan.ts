/** Which of its own leaves a writer lets go of now: the runs worth a checkpoint, and what is left of each. */
import type { Signer } from '../lib/keys.ts'
import type { GroupId } from '../model/group.ts'
import type { NetworkId } from '../model/network.ts'
import { checkpointLeaf, recordOf, runOf, runsOf } from './checkpoint.ts'
import { leavesOf, type Part, type PlacedLeaf } from './compact-unit.ts'
import type { Drops } from './droppable.ts'
import { groupIdOf, networkIdOf } from './identity.ts'
import { decodeLeaf } from './leaf-codec.ts'
import type { CheckpointLeaf } from './leaves.ts'
import type { LeafRecord } from './live-set.ts'
import type { Registry } from './registry.ts'
import { type Dot, dotText } from './vector.ts'

export interface CollectionPlan {
  /** To be written as one batch, in this order. */
  readonly leaves: readonly CheckpointLeaf[]
  /** How many leaves go. */
  readonly dropped: number
}

export interface PlanDeps {
  registry: Registry
  signer: Signer
  /** The writer's own chain as it is held, oldest first. */
  parts: readonly Part[]
  /** True if every member is known to have it, and to have had all that was written before (I3). */
  stable(dot: Dot): boolean
  /** True if no container may come back to the network: what only the time can tell. */
  quiet(network: NetworkId): boolean
  /** The same of a group. */
  quietGroup(group: GroupId, network: NetworkId): boolean
  /** Most checkpoints in one plan. */
  limit: number
}

/** A run is worth a checkpoint when at least one leaf in so many of it goes. */
const worthwhile = 16

/** The checkpoints that are worth writing now; none when nothing may go. `all` also takes those that hardly are. */
export function planCollection(deps: PlanDeps, all: boolean): CollectionPlan {
  const { signer } = deps
  const settled = deps.parts.filter(part => deps.stable({ writer: signer.key, counter: part.last }))
  const gone = new Set<string>()
  const leaves: CheckpointLeaf[] = []
  for (const parts of runsOf(settled)) {
    if (leaves.length === deps.limit) break
    const run = runOf(parts)
    const placed = parts.flatMap(leavesOf)
    const going = goingOf(deps, placed, gone)
    // a checkpoint that another has superseded is no reason for one more
    const reasons = placed.filter(leaf => going.has(leaf.counter) && !isCheckpoint(leaf)).length
    if (!run || reasons === 0 || (!all && reasons * worthwhile < placed.length)) continue
    const kept: PlacedLeaf[] = placed.filter(leaf => !going.has(leaf.counter))
    for (const counter of going) gone.add(dotText({ writer: signer.key, counter }))
    leaves.push(checkpointLeaf(signer, run, kept))
  }
  return { leaves, dropped: gone.size }
}

/** Ascending, so that an endpoint's end goes together with its beginning. */
function goingOf(deps: PlanDeps, placed: readonly PlacedLeaf[], gone: ReadonlySet<string>): Set<number> {
  const { registry, stable } = deps
  const writer = deps.signer.key
  const going = new Set<number>()
  const goes = (dot: Dot) => dot.writer === writer && (going.has(dot.counter) || gone.has(dotText(dot)))
  const drops: Drops = { stable, goes, judges: false }
  for (const leaf of placed) {
    const record = recordOf(writer, leaf)
    if (record && registry.checkpoints.mayDrop(record, drops) && isQuiet(deps, record)) going.add(leaf.counter)
  }
  return going
}

function isQuiet({ quiet, quietGroup }: PlanDeps, { leaf }: LeafRecord): boolean {
  if (leaf.kind === 'network') return quiet(networkIdOf(leaf))
  return leaf.kind !== 'group' || quietGroup(groupIdOf(leaf), leaf.network)
}

function isCheckpoint({ bytes }: PlacedLeaf): boolean {
  return decodeLeaf(bytes)?.kind === 'checkpoint'
}
