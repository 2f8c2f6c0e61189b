/**
 * From whom batches came that their writer did not sign. They take no effect and leave no record, so it is this host's to say: who was sent
 * none knows nothing of it. Bounded, and forgotten a while after the last.
 */
import type { Clock } from '../lib/clock.ts'
import type { PeerKey } from '../lib/keys.ts'

/** So long after the last one a neighbour is still named, ms. */
const rememberedMs = 10 * 60_000
/** Neighbours, of whom the latest count, and writers of each. */
const maxNeighbours = 16
const maxWriters = 4

export interface WrongSignatures {
  /** Which of its neighbours this peer got them from. */
  readonly from: PeerKey
  /** Whose they were said to be, the first few. */
  readonly writers: readonly PeerKey[]
  readonly count: number
  /** Wall clock, ms. */
  readonly sinceMs: number
}

export interface SignatureWatch {
  wrong(from: PeerKey, writer: PeerKey): void
  /** By neighbour, the one with the latest last. */
  list(): readonly WrongSignatures[]
}

export function createSignatureWatch(clock: Pick<Clock, 'now' | 'monotonic'>): SignatureWatch {
  const seen = new Map<PeerKey, WrongSignatures & { readonly lastMs: number }>()
  const fresh = () => [...seen.values()].filter(({ lastMs }) => clock.monotonic() - lastMs < rememberedMs)

  return {
    wrong(from, writer) {
      const known = fresh().find(each => each.from === from)
      const { writers, count, sinceMs } = known ?? { writers: [], count: 0, sinceMs: clock.now() }
      const all = [...new Set([...writers, writer])].slice(0, maxWriters)
      seen.delete(from)
      seen.set(from, { from, writers: all, count: count + 1, sinceMs, lastMs: clock.monotonic() })
      for (const oldest of seen.keys()) if (seen.size > maxNeighbours) seen.delete(oldest)
    },
    list: () => fresh().map(({ lastMs: _, ...each }) => each),
  }
}
