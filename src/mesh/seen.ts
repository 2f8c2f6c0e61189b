/** Remembers the latest contents, so that each is delivered once though it comes by gossip and straight. */
import { sha256 } from '../lib/bytes.ts'
import { createLatest } from '../lib/latest.ts'

/** Contents remembered: at a sustained 1000 a second, 8 s, longer than gossip keeps a message (5 heartbeats of 1 s). */
const defaultLimit = 8192

export interface Seen {
  /** True the first time. */
  add(bytes: Uint8Array): boolean
}

export function createSeen(limit = defaultLimit): Seen {
  const known = createLatest(limit)
  return { add: bytes => known.add(Buffer.from(sha256(bytes).subarray(0, 16)).toString('latin1')) }
}
