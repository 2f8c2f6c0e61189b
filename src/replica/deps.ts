/** What a replica is built of. */
import type { Verify } from '../crdt/batch.ts'
import type { Clock } from '../lib/clock.ts'
import type { Signer } from '../lib/keys.ts'
import type { Logger } from '../lib/log.ts'
import type { Transport } from '../mesh/transport.ts'
import type { Disk } from '../store/disk.ts'
import type { OpenJournal } from '../store/journal.ts'
import type { BatchLog } from './batch-log.ts'
import type { CollectionPace } from './collection.ts'
import type { RewritingPace } from './journal-rewriter.ts'

export interface ReplicaDeps {
  meshId: string
  signer: Signer
  verify: Verify
  disk: Disk
  /** This machine, as `machineOf` has it: a directory whose records name another was copied. @default not known */
  machine?: string
  /** Outside of the data directory: where the highest own counter is noted (R8). */
  witnessDisk?: Pick<Disk, 'read' | 'replace'>
  openJournal: OpenJournal
  /** How soon what nobody needs goes. @default `usualPace` */
  collection?: CollectionPace
  /** When the journal is rewritten. @default `usualRewriting` */
  rewriting?: RewritingPace
  /** Empty. @default a new one */
  batchLog?: BatchLog
  transport: Transport
  clock: Clock
  /** Uniform in [0, 1). */
  random(): number
  log: Logger
}
