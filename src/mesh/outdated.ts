/**
 * A data directory that was put back to before it let somebody in does not let in those who know it best, and may know nobody else: nobody tells
 * it that it is not the newest of its key (R8). So who is refused by a member shows it a record of its own, which proves itself, whoever brings
 * it; and has shown by it that it knows this peer better than it does itself, so that it is let in, and the rest comes by anti-entropy.
 */
import type { Connection } from '@libp2p/interface'
import type { Clock } from '../lib/clock.ts'
import { ask } from './rpc.ts'

export const outdatedProtocol = '/skein/outdated/1'

/** Says that something has arrived, not what comes of it. */
export const outdatedAnswer = new Uint8Array([1])

/** ms. */
const limitMs = 2_000

/** Connections of strangers at once, and how long each stays, ms. */
export const strangers = { most: 4, stayMs: 5_000 }

/** Shows it on a connection that no ping was answered on. Rejects when the other side does not listen. */
export async function showProof(connection: Connection, proof: Uint8Array, clock: Clock, name: string): Promise<void> {
  const open = (signal: AbortSignal) => connection.newStream(outdatedProtocol, { signal })
  await ask(open, proof, { clock, timeoutMs: limitMs, name })
}
