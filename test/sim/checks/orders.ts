/** The records of a peer, taken in again: what comes of it does not depend on the order (I2), as long as that order can be. */
import type { Verify } from '../../../src/crdt/batch.ts'
import type { CompactUnit, Part } from '../../../src/crdt/compact-unit.ts'
import type { Hlc } from '../../../src/crdt/hlc.ts'
import type { HistoryKept } from '../../../src/crdt/policy-collection.ts'
import { Registry } from '../../../src/crdt/registry.ts'
import type { PeerKey } from '../../../src/lib/keys.ts'
import { BatchLog } from '../../../src/replica/batch-log.ts'
import { Compactor } from '../../../src/replica/compactor.ts'
import { partsOf } from '../../../src/replica/log-readings.ts'
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
  const registry = new Registry(meshId, verify, { self, history: () => partsOf(log), kept })
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
 * everywhere; so what came here before a unit comes before it, in any order, and the rest after it. Some come twice. In the end others, who hold the
 * same as is held here, show it: what was too much may fit by then, and of the units another history may have been met first (decision 0018). What
 * was given up here is shown by nobody then, and a newcomer does not meet it: whoever had kept it would have passed it on (decision 0023).
 * @param atRest what is held in the end of these parts
 */
export function reorder(
  setting: Setting,
  { parts, atRest }: { parts: readonly Part[]; atRest: BatchLog },
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
  const known = parts.filter(part => atRest.standing(part) === 'known')
  for (const group of who === 'member' ? betweenUnits(parts) : [known]) {
    for (const part of group) waiting.add(part)
    // what follows on another history of a run that is compacted only here can be placed after the unit
    while (takeUnits() || takeBatches());
  }
  isComplete = true
  const held = [...partsOf(atRest)]
  const units = held.filter(part => 'survivors' in part)
  for (let left = 2 * held.length; left > 0; left--) {
    compactor.look()
    // what was too much before something went into a unit is shown again
    const refused = held.find(part => log.standing(part) === 'next' && registry.mayWrite(part.writer))
    if (refused) compactor.add(refused)
    // of a writer with several histories units are handed over: the checkpoint may stand on one that has no room before its unit is here
    else if (!units.some(unit => log.isForked(unit.writer) && isAdopted(compactor, unit))) break
  }
  return finish()
}

/** Takes the unit if it is good for something here, as members do (src/replica/adoption.ts). */
function isAdopted(compactor: Compactor, given: CompactUnit): boolean {
  const unit = compactor.judged(given)
  return unit !== undefined && compactor.adopt(unit)
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
