/** What a member that was removed may ask, of those that know it: why it is let in no more. */
import type { Connection } from '@libp2p/interface'
import type { Clock } from '../lib/clock.ts'
import { ask } from './rpc.ts'

export const removedProtocol = '/skein/removed/1'

/** All that there is to ask. */
export const removedQuestion = new Uint8Array([1])

/** An answer is two small batches that are at hand, ms. */
const limitMs = 2_000

/** Asks on a connection that no ping was answered on. Rejects when the other side does not say. */
export function askRemoved(connection: Connection, clock: Clock, name: string): Promise<Uint8Array> {
  const open = (signal: AbortSignal) => connection.newStream(removedProtocol, { signal })
  return ask(open, removedQuestion, { clock, timeoutMs: limitMs, name })
}
