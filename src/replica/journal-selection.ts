/**
 * What of a journal's entries is still needed, as of the moment when this is made. Decided by what the file holds: the log lacks
 * what is durable since a moment, and `local` some facts. First the newest value of each fact (whoever reads knows from the beginning
 * whether this peer is complete, and judges); then every writer where its first entry stood. Of a writer of whom something
 * was compacted all that is held stands there, parents first, so that nothing stands before what it follows on.
 */
import { openPart } from '../crdt/compact-unit.ts'
import { encode } from '../lib/cbor.ts'
import type { PeerKey } from '../lib/keys.ts'
import type { Selection } from '../store/journal.ts'
import type { BatchLog } from './batch-log.ts'
import type { Compactor } from './compactor.ts'
import { unitEntry } from './journal-entries.ts'
import { type JournalledFacts, openFact } from './local-facts.ts'
import { openRestatement } from './restated.ts'
import { unitOf } from './unit.ts'

/** Of a deleted network or group of which nothing else is left: Docker may still have a copy of it here (I5). */
const collectedPrefix = 'replica/collected/'
const endFact = 'replica/rewritten'

export interface SelectionDeps {
  readonly log: Pick<BatchLog, 'compacted'>
  readonly compactor: Pick<Compactor, 'hasExpelled'>
  /** Networks and groups that were deleted and that no record is left of. */
  readonly collected: Iterable<string>
}

export function selectionOf({ log, compactor, collected }: SelectionDeps): Selection {
  const facts = new Map<string, Uint8Array>()
  const compacted = log.compacted()
  const begun = new Set<PeerKey>()
  const gone = [...collected]
  /** Where each writer was put together anew last, as a number of entries. */
  const restated = new Map<PeerKey, number>()
  let [seen, told] = [0, 0]
  return {
    see({ kind, bytes }) {
      seen++
      const again = kind === 'local' ? openRestatement(bytes) : undefined
      if (again) {
        restated.set(again.writer, seen + again.count)
        return
      }
      const fact = kind === 'local' ? openFact(bytes) : undefined
      if (!fact || fact.key === endFact) return
      facts.delete(fact.key)
      if (fact.value !== undefined) facts.set(fact.key, bytes)
    },
    *first() {
      for (const id of gone) facts.set(collectedPrefix + id, encode([collectedPrefix + id, '1']))
      for (const bytes of facts.values()) yield { kind: 'local', bytes }
    },
    *instead(entry) {
      told++
      if (entry.kind === 'local') return
      const part = openPart(entry.bytes)
      const history = compacted.get(part.writer)
      if (history && !begun.has(part.writer)) {
        begun.add(part.writer)
        for (const unit of history.missing([]) ?? []) yield unitEntry(unit)
      }
      // the log holds what was put together then, and what follows
      if (told <= (restated.get(part.writer) ?? 0)) return
      // a unit that came for records that are held may be one that the log does not have yet
      const isHeld = history && ('survivors' in part ? history.isCompactedTo(unitOf(part)) : history.covers(part))
      // what let an expelled writer in is left out, so whoever reads would take it for a member's
      if (!isHeld && !compactor.hasExpelled(part.writer)) yield entry
    },
    last: { kind: 'local', bytes: encode([endFact, '1']) },
  }
}

/** The networks and groups that earlier journals said this of. */
export function collectedBefore(facts: Pick<JournalledFacts, 'entries'>): string[] {
  return facts.entries(collectedPrefix).map(([key]) => key.slice(collectedPrefix.length))
}
