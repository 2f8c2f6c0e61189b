/** The parts under test. A test plants a bug by handing in a faulty one: the simulator has to find it. */
import type { Verify } from '../../src/crdt/batch.ts'
import { createLedger } from '../../src/ipam/core/ledger.ts'
import type { Clock } from '../../src/lib/clock.ts'
import type { Transport } from '../../src/mesh/transport.ts'
import { BatchLog } from '../../src/replica/batch-log.ts'
import { type CollectionPace, usualPace } from '../../src/replica/collection.ts'
import type { RewritingPace } from '../../src/replica/journal-rewriter.ts'
import type { Replica } from '../../src/replica/replica.ts'
import { openJournal } from '../../src/store/append-journal.ts'
import type { OpenJournal } from '../../src/store/journal.ts'

export interface Parts {
  openJournal: OpenJournal
  /** Checks signatures, given what does so right. */
  verifyWith(right: Verify): Verify
  /** What the replica is given for the mesh. */
  transportForReplica(transport: Transport): Transport
  /** What admission, removal, leaving and coming back are given for the replica. */
  replicaForMembers(replica: Replica): Replica
  /** What the address service is given for the replica, and for the clock. */
  replicaForIpam(replica: Replica): Replica
  clockForIpam(clock: Clock): Clock
  newLedger: typeof createLedger
  newBatchLog(): BatchLog
  /** Disks say that they have synced and have not. */
  lyingDisks: boolean
  /** How soon what nobody needs goes. */
  collection: CollectionPace
  /** When a journal is rewritten. */
  rewriting: RewritingPace
}

/** A simulation lasts minutes: what takes an hour otherwise takes seconds in it. */
export const simPace: CollectionPace = {
  ...usualPace,
  periodMs: 2000,
  enough: 8,
  patienceMs: 5000,
  quietMs: 4000,
  kept: { changes: 3, deletions: 1 },
}

/** Journals of a simulation are small, and so is what is dead in them before the first checkpoint. */
export const simRewriting: RewritingPace = { floorBytes: 1024, deadShare: 0.1, restMs: 300 }

export const shippedParts: Parts = {
  openJournal,
  verifyWith: right => right,
  transportForReplica: transport => transport,
  replicaForMembers: replica => replica,
  replicaForIpam: replica => replica,
  clockForIpam: clock => clock,
  newLedger: createLedger,
  newBatchLog: () => new BatchLog(),
  lyingDisks: false,
  collection: simPace,
  rewriting: simRewriting,
}
