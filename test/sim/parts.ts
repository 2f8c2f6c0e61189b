/** The parts under test. A test plants a bug by handing in a faulty one: the simulator has to find it. */
import type { Verify } from '../../src/crdt/batch.ts'
import type { Clock } from '../../src/lib/clock.ts'
import { verifySignature } from '../../src/lib/keys.ts'
import type { Transport } from '../../src/mesh/transport.ts'
import type { Replica } from '../../src/replica/replica.ts'
import { openJournal } from '../../src/store/append-journal.ts'
import type { OpenJournal } from '../../src/store/journal.ts'

export interface Parts {
  openJournal: OpenJournal
  verify: Verify
  /** What the replica is given for the mesh. */
  transportForReplica(transport: Transport): Transport
  /** What admission is given for the replica. */
  replicaForAdmission(replica: Replica): Replica
  /** What the address service is given for the replica, and for the clock. */
  replicaForIpam(replica: Replica): Replica
  clockForIpam(clock: Clock): Clock
  /** Disks say that they have synced and have not. */
  lyingDisks: boolean
}

export const shippedParts: Parts = {
  openJournal,
  verify: verifySignature,
  transportForReplica: transport => transport,
  replicaForAdmission: replica => replica,
  replicaForIpam: replica => replica,
  clockForIpam: clock => clock,
  lyingDisks: false,
}
