/** What the handlers tell the reconciler within one run of the process, so that neither undoes the other's work. */
import type { Clock } from '../lib/clock.ts'
import { createLatest } from '../lib/latest.ts'
import type { LocalFacts } from '../replica/replica.ts'
import type { PoolId } from './pool-id.ts'

const registeredKey = 'docker/registered'

/** Ids of removed endpoints that are remembered: far more than Docker can have under way. */
const maxRemoved = 10_000

export interface LocalState {
  /** Docker deleted this endpoint: a list that still shows it is older. Docker never uses an id again. */
  noteRemoved(endpointId: string): void
  wasRemoved(endpointId: string): boolean
  /** For how long Docker has shown no trace of this endpoint, ms; 0 on the first report. */
  orphanAgeMs(endpointId: string): number
  /** Forgets all orphans but these. */
  keepOrphans(endpointIds: ReadonlySet<string>): void
  /**
   * Resolves once the containers of this host's Docker have been registered for the first time in the life of this
   * peer's data (R5): before that, Docker may hold addresses that no record tells of.
   */
  registered(): Promise<void>
  noteRegistered(): Promise<void>
  /** Containers of this host's Docker are on it although it was deleted: their starts are not refused. */
  hold(pool: PoolId): void
  release(pool: PoolId): void
  isHeld(pool: PoolId): boolean
  held(): PoolId[]
}

export function createLocalState(local: LocalFacts, clock: Clock): LocalState {
  const removed = createLatest(maxRemoved)
  const orphans = new Map<string, number>()
  const held = new Set<PoolId>()
  let release!: () => void
  const registered = new Promise<void>(resolve => {
    release = resolve
  })
  if (local.get(registeredKey) !== undefined) release()
  return {
    noteRemoved: endpointId => void removed.add(endpointId),
    wasRemoved: endpointId => removed.has(endpointId),
    orphanAgeMs(id) {
      const now = clock.monotonic()
      const since = orphans.get(id)
      if (since === undefined) orphans.set(id, now)
      return now - (since ?? now)
    },
    keepOrphans(ids) {
      for (const id of orphans.keys()) if (!ids.has(id)) orphans.delete(id)
    },
    registered: () => registered,
    async noteRegistered() {
      if (local.get(registeredKey) === undefined) await local.set([[registeredKey, '1']])
      release()
    },
    hold: pool => void held.add(pool),
    release: pool => void held.delete(pool),
    isHeld: pool => held.has(pool),
    held: () => [...held],
  }
}
