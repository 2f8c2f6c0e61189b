/** R8: a record of this peer's own that it lacks proves that its data directory is not the newest of its key, whoever shows it. */
import type { Verify } from '../crdt/batch.ts'
import { isSignedPart, openPart } from '../crdt/compact-unit.ts'
import type { PeerKey } from '../lib/keys.ts'
import type { BatchLog } from './batch-log.ts'
import { isUnheld } from './other-history.ts'

export interface ProofContext {
  self: PeerKey
  meshId: string
  verify: Verify
  log: Pick<BatchLog, 'mayHold' | 'within'>
}

/** The counter of that record. Throws why it proves nothing; anybody may have made it. */
export function readProof(bytes: Uint8Array, { self, meshId, verify, log }: ProofContext): number {
  const part = openPart(bytes)
  if (part.meshId !== meshId) throw new Error('a batch of another mesh')
  if (part.writer !== self) throw new Error('a batch of another peer')
  if (!isUnheld(part, log)) throw new Error('it is held here')
  if (!isSignedPart(part, verify)) throw new Error('a batch with a wrong signature')
  return part.last
}
