/** The records of a peer, taken in again: what comes of it does not depend on the order (I2), as long as that order can be. */
import type { Verify } from '../../../src/crdt/batch.ts'
import { openPart, type Part } from '../../../src/crdt/compact-unit.ts'
import type { Hlc } from '../../../src/crdt/hlc.ts'
import type { HistoryKept } from '../../../src/crdt/policy-collection.ts'
import { Registry } from '../../../src/crdt/registry.ts'
import type { PeerKey } from '../../../src/lib/keys.ts'
import { BatchLog } from '../../../src/replica/batch-log.ts'
import { Compactor } from '../../../src/replica/compactor.ts'
import { unitOf } from '../../../src/replica/unit.ts'
import type { Random } from '../random.ts'

export interface Setting {
  readonly meshId: string
  readonly self: PeerKey
  readonly verify: Verify
  readonly kept: HistoryKept
  /** Its data directory is an old copy. */
  readonly isOutdated: boolean
}

/** What a peer has in its memory, with nothing in it yet. */
export function emptyPeer({ meshId, self, verify, kept, isOutdated }: Setting, isComplete = () => true) {
  const log = new BatchLog()
  const forks = new Map<PeerKey, Hlc>()
  log.onFork((writer, since) => (since ? forks.set(writer, since) : forks.delete(writer)))
  const history = () =>
    log.writers().flatMap(writer => [...(log.missing(writer, []) ?? [])].map(unit => openPart(unit.bytes)))
  const registry = new Registry(meshId, verify, { self, history, kept })
  const compactor = new Compactor({ self, registry, log, verify, isComplete, isOutdated: () => isOutdated })
  const finish = () => {
    compactor.look()
    for (const [writer, since] of forks) registry.noteFork(writer, since)
    return registry
  }
  return { log, registry, compactor, finish }
}

/**
 * As another peer may have got the same. A newcomer takes whatever comes, and judges nothing before it has all: here what was compacted elsewhere
 * first. A member has what the writer of a unit had when that was made, which may have let go of a deletion because a checkpoint of another was
 * everywhere; so what came here before a unit comes before it, in any order, and the rest after it. Some come twice. In the end others hand over the
 * units that were made here, of which it may have met another history's first (decision 0018).
 */
export function reorder(
  setting: Setting,
  { parts, made }: { parts: readonly Part[]; made: readonly Part[] },
  who: 'newcomer' | 'member',
  random: Pick<Random, 'chance' | 'shuffle'>,
): Registry {
  let isComplete = who === 'member'
  const { log, registry, compactor, finish } = emptyPeer(setting, () => isComplete)
  const waiting = new Set<Part>()
  const takeUnits = () => {
    const units = [...waiting].filter(part => isUnit(part) && log.standing(part) !== 'gap')
    for (const unit of units) compactor.add(unit)
    for (const unit of units) waiting.delete(unit)
    return units.length > 0
  }
  const takeBatches = () => {
    const taken: Part[] = []
    let isStale = false
    for (const part of waiting) {
      const standing = log.standing(part)
      if (standing === 'gap') continue
      waiting.delete(part)
      if (log.isCompacted(part)) continue
      taken.push(part)
      if (standing !== 'known' && log.add(unitOf(part)).length > 0) isStale = true
    }
    const disorder = [...taken, ...taken.filter(() => random.chance(0.2))]
    for (const part of random.shuffle(disorder)) registry.apply(part)
    // of too many histories some were given up (decision 0023)
    if (isStale) registry.restart()
    compactor.look(false)
    return taken.length > 0
  }
  for (const group of who === 'member' ? betweenUnits(parts) : [parts]) {
    for (const part of group) waiting.add(part)
    // what follows on another history of a run that is compacted only here can be placed after the unit
    while (takeUnits() || takeBatches());
  }
  isComplete = true
  const shown = [...made, ...parts]
  for (let left = shown.length; left > 0; left--) {
    compactor.look()
    // what was too much before something went into a unit is shown again by others
    const refused = shown.find(part => log.standing(part) === 'next' && registry.mayWrite(part.writer))
    if (!refused) break
    compactor.add(refused)
  }
  return finish()
}

/** Each unit by itself, and what came between. */
function betweenUnits(parts: readonly Part[]): Part[][] {
  const groups: Part[][] = [[]]
  for (const part of parts) {
    if (isUnit(part)) groups.push([part], [])
    else groups.at(-1)?.push(part)
  }
  return groups
}

function isUnit(part: Part): boolean {
  return 'survivors' in part
}
