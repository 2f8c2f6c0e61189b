/** Builds the replicated registry of a peer from its journal. */
import { damagedSuffix, openOrSalvage } from '../store/salvage.ts'
import type { ReplicaDeps } from './deps.ts'
import { JournalledReplica } from './journalled-replica.ts'
import type { Replica } from './replica.ts'

/** Name of the journal on the peer's disk. */
export const journalName = 'journal'

/** Opens the journal, replays it and connects it with the transport. With a damaged one, or an old copy, it is fenced. */
export async function createReplica(deps: ReplicaDeps): Promise<Replica> {
  const { journal, entries, damaged } = await openOrSalvage(deps.openJournal, deps.disk, journalName)
  const replica = new JournalledReplica(deps, journal)
  for (const entry of entries) replica.replay(entry.kind, entry.bytes)
  if (damaged !== undefined) deps.log.error({ err: damaged }, `journal kept as ${journalName}${damagedSuffix}`)
  await replica.judge(damaged !== undefined)
  return replica
}
