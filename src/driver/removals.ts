/**
 * Networks that were removed from this host's Docker by hand. Docker heeds no refusal and does not tell `docker network
 * rm` from `docker network prune`, but reports a prune when it is over: so a removal that could count is judged once
 * nothing more was removed for a while.
 */
import type { Clock } from '../lib/clock.ts'
import { createLatest } from '../lib/latest.ts'
import type { PoolId } from './pool-id.ts'

/** A prune removes its networks within milliseconds of each other; a bridge takes up to half a second. */
const quietMs = 1_500

/** Docker hides a network before it tells us of its removal, by some ms; what is hidden for longer is lost, ms. */
const lostMs = 500

/** Docker ids of removed networks that are remembered: far more than a list can be late for. */
const maxRemoved = 1_000

/**
 * `rm`: `docker network rm` on the host where it was born. `copy`: of a network that was not born here. `unclear`: Docker's
 * word for a prune may have been missed.
 */
export type Verdict = 'rm' | 'prune' | 'copy' | 'unclear'

export interface Removal {
  readonly pool: PoolId
  readonly dockerId: string
  readonly verdict: Verdict
}

export interface Removals {
  /** Docker removed its network of one of ours, or of a group. `mayDelete`: it was born here. */
  note(dockerId: string, pool: PoolId, mayDelete: boolean): void
  /** True for a Docker network that is gone, though an older list may show it. Docker never uses an id again. */
  wasRemoved(dockerId: string): boolean
  /** A list did not show the network. True once it is clear that Docker will say nothing of it. */
  isLost(dockerId: string, pool: PoolId): boolean
  /** Docker says that it removed some network. */
  removedAny(): void
  /** Docker says that a prune is over. */
  pruned(): void
  /** Whether Docker's events are heard; at first they are not. */
  listening(isOn: boolean): void
  /** The network was created anew in Docker: nothing comes of its removal. */
  cancel(pool: PoolId): void
  /** True while it is unclear what comes of its removal: the network must not be created again. */
  isOpen(pool: PoolId): boolean
  /** Those that can be judged; each is given once. `force`: those open too, as `rm`. */
  judge(force?: (pool: PoolId) => boolean): Removal[]
  /** When the next one can be judged, ms from now; infinite if none is open. */
  dueMs(): number
}

export function createRemovals(clock: Clock): Removals {
  const removed = createLatest(maxRemoved)
  const judged = new Map<PoolId, Removal>()
  /** pool -> Docker's id */
  const open = new Map<PoolId, string>()
  /** Docker's id -> pool, and since when, monotonic ms */
  const missing = new Map<string, { pool: PoolId; sinceMs: number }>()
  let lastMs = 0
  let isListening = false

  function close(verdict: Verdict): void {
    for (const [pool, dockerId] of open) judged.set(pool, { pool, dockerId, verdict })
    open.clear()
  }

  return {
    note(dockerId, pool, mayDelete) {
      lastMs = clock.monotonic()
      removed.add(dockerId)
      missing.delete(dockerId)
      if (mayDelete && isListening) open.set(pool, dockerId)
      else judged.set(pool, { pool, dockerId, verdict: mayDelete ? 'unclear' : 'copy' })
    },
    wasRemoved: dockerId => removed.has(dockerId),
    isLost(dockerId, pool) {
      if (removed.has(dockerId)) return false
      const now = clock.monotonic()
      const { sinceMs } = missing.get(dockerId) ?? { sinceMs: now }
      if (now - sinceMs < lostMs) missing.set(dockerId, { pool, sinceMs })
      else missing.delete(dockerId)
      return now - sinceMs >= lostMs
    },
    removedAny() {
      lastMs = clock.monotonic()
    },
    pruned: () => close('prune'),
    listening(isOn) {
      isListening = isOn
      if (!isOn) close('unclear')
    },
    cancel(pool) {
      open.delete(pool)
      judged.delete(pool)
    },
    isOpen: pool => open.has(pool) || [...missing.values()].some(lost => lost.pool === pool),
    judge(force = () => false) {
      const isQuiet = clock.monotonic() - lastMs >= quietMs
      for (const [pool, dockerId] of open) {
        if (!isQuiet && !force(pool)) continue
        open.delete(pool)
        judged.set(pool, { pool, dockerId, verdict: 'rm' })
      }
      const given = [...judged.values()]
      judged.clear()
      return given
    },
    dueMs() {
      const lost = [...missing.values()].map(({ sinceMs }) => sinceMs + lostMs)
      const due = Math.min(...lost, open.size === 0 ? Number.POSITIVE_INFINITY : lastMs + quietMs)
      return Math.max(0, due - clock.monotonic())
    },
  }
}
