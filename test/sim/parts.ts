/** The parts under test. A test plants a bug by handing in a faulty one: the simulator has to find it. */
import type { Verify } from '../../src/crdt/batch.ts'
import { verifySignature } from '../../src/lib/keys.ts'
import type { Replica } from '../../src/replica/replica.ts'
import { openJournal } from '../../src/store/append-journal.ts'
import type { OpenJournal } from '../../src/store/journal.ts'

export interface Parts {
  openJournal: OpenJournal
  verify: Verify
  /** What the address service is given for the replica. */
  replicaForIpam(replica: Replica): Replica
  /** Disks say that they have synced and have not. */
  lyingDisks: boolean
}

export const shippedParts: Parts = {
  openJournal,
  verify: verifySignature,
  replicaForIpam: replica => replica,
  lyingDisks: false,
}

/** The same answers; each signature is computed once, though several peers check it. */
export function rememberingVerify(verify: Verify): Verify {
  const known = new Map<string, { bytes: Uint8Array; holds: boolean }>()
  return (key, bytes, signature) => {
    const name = `${key} ${Buffer.from(signature).toString('latin1')}`
    const found = known.get(name)
    if (found && Buffer.compare(found.bytes, bytes) === 0) return found.holds
    const holds = verify(key, bytes, signature)
    known.set(name, { bytes: bytes.slice(), holds })
    return holds
  }
}
