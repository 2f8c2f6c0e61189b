/**
 * A data directory that was put back to before it let anybody in knows nobody: it is told by nobody that it is not the newest of its key (R8).
 * So who is refused by a member shows it a record of its own, which proves itself, whoever brings it.
 */
import type { Connection } from '@libp2p/interface'
import type { Clock } from '../lib/clock.ts'
import { ask } from './rpc.ts'

export const outdatedProtocol = '/skein/outdated/1'

/** Says that something has arrived, not what comes of it. */
export const outdatedAnswer = new Uint8Array([1])

/** ms. */
const limitMs = 2_000

/** Of a peer that has no connection with a member: connections of strangers at once, and how long each stays, ms. */
export const strangers = { most: 4, stayMs: 5_000 }

/** Shows it on a connection that no ping was answered on. Rejects when the other side does not listen. */
export async function showProof(connection: Connection, proof: Uint8Array, clock: Clock, name: string): Promise<void> {
  const open = (signal: AbortSignal) => connection.newStream(outdatedProtocol, { signal })
  await ask(open, proof, { clock, timeoutMs: limitMs, name })
}
