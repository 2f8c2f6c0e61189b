/** Remembers the latest contents, so that each is delivered once though it comes by gossip and straight. */
import { sha256 } from '../lib/bytes.ts'

/** Contents remembered: at a sustained 1000 a second, 8 s, longer than gossip keeps a message (5 heartbeats of 1 s). */
const defaultLimit = 8192

export interface Seen {
  /** True the first time. */
  add(bytes: Uint8Array): boolean
}

export function createSeen(limit = defaultLimit): Seen {
  const known = new Set<string>()
  return {
    add(bytes) {
      const id = Buffer.from(sha256(bytes).subarray(0, 16)).toString('latin1')
      if (known.has(id)) return false
      known.add(id)
      const oldest = known.size > limit ? known.values().next() : undefined
      if (oldest && !oldest.done) known.delete(oldest.value)
      return true
    },
  }
}
