/**
 * Keys that came back under another (R8): an admission whose invitation is a member's own key. At most one such succession of a
 * key takes effect: a settled one before one that is not, then the first by HLC. One whose newcomer is gone counts for a
 * later one only while that has a living successor itself. Nobody succeeds two keys: both may have recorded one endpoint, and it
 * would be shown twice; the first by the same order counts.
 */
import type { PeerKey } from '../lib/keys.ts'
import { compareHlc } from './hlc.ts'
import type { AdmissionLeaf } from './leaves.ts'
import { compareRecords, type LeafRecord } from './live-set.ts'

export interface Succession {
  readonly record: LeafRecord<AdmissionLeaf>
  readonly isSettled: boolean
}

/** Who succeeds whom. */
export function successionsOf(
  all: readonly Succession[],
  isGone: (key: PeerKey) => boolean,
): ReadonlyMap<PeerKey, PeerKey> {
  const candidates = new Map<PeerKey, PeerKey[]>()
  const formerOf = new Map<PeerKey, PeerKey>()
  for (const { record } of [...all].sort(inOrder)) {
    const { invitation: former, key } = record.leaf
    if ((formerOf.get(key) ?? former) !== former) continue
    formerOf.set(key, former)
    candidates.set(former, [...(candidates.get(former) ?? []), key])
  }
  const lives = (key: PeerKey, seen: readonly PeerKey[]): boolean => {
    if (seen.includes(key)) return false
    return !isGone(key) || (candidates.get(key) ?? []).some(next => lives(next, [...seen, key]))
  }
  const chosen = new Map<PeerKey, PeerKey>()
  for (const [former, keys] of candidates) {
    const key = keys.find(each => lives(each, [former])) ?? keys[0]
    if (key !== undefined) chosen.set(former, key)
  }
  return chosen
}

function inOrder(a: Succession, b: Succession): number {
  const bySettled = Number(b.isSettled) - Number(a.isSettled)
  return bySettled || compareHlc(a.record.hlc, b.record.hlc) || compareRecords(a.record, b.record)
}

/** The keys of one host, as its machine had them one after the other. */
export class Lineage {
  readonly #self: PeerKey | undefined
  readonly #next: ReadonlyMap<PeerKey, PeerKey>
  readonly #earlier = new Map<PeerKey, PeerKey[]>()

  /** @param self whose own records nothing takes from it, also when another succeeds it */
  constructor(self: PeerKey | undefined, next: ReadonlyMap<PeerKey, PeerKey>) {
    this.#self = self
    this.#next = next
    for (const key of [...next.keys()].sort()) {
      const latest = this.later(key).at(-1)
      if (latest !== undefined) this.#earlier.set(latest, [...(this.#earlier.get(latest) ?? []), key])
    }
  }

  get isEmpty(): boolean {
    return this.#next.size === 0
  }

  /** Keys that came after this one, the latest last. */
  later(key: PeerKey): readonly PeerKey[] {
    if (key === this.#self) return none
    let next = this.#next.get(key)
    if (next === undefined) return none
    const found: PeerKey[] = []
    while (next !== undefined && next !== key && !found.includes(next)) {
      found.push(next)
      next = next === this.#self ? undefined : this.#next.get(next)
    }
    return found
  }

  /** Keys whose latest is this one, ascending. */
  earlier(key: PeerKey): readonly PeerKey[] {
    return this.#earlier.get(key) ?? none
  }
}

const none: readonly PeerKey[] = []
