/** Forgets handles that nothing came of: Docker or this peer was killed during a creation. */
import type { Clock } from '../lib/clock.ts'
import type { LocalFacts } from '../replica/replica.ts'
import type { DockerNetworks } from './docker-networks.ts'
import type { PoolFact, PoolFacts } from './pool-facts.ts'

/** They are kept for this long, ms: Docker tries for 30 s to reach a plugin that is away, and goes on. */
const staleMs = 60_000

export interface PoolSweepDeps {
  local: LocalFacts
  networks: DockerNetworks
  clock: Clock
  families: readonly PoolFacts[]
}

/** `listed`: the ids of Docker's networks. */
export function createPoolSweep({ local, networks, clock, families }: PoolSweepDeps) {
  /** Handle -> since when it stands for nothing, monotonic ms. */
  const since = new Map<string, number>()

  return async (listed: ReadonlySet<string>): Promise<void> => {
    const now = clock.monotonic()
    const isIdle = ({ claim }: PoolFact) =>
      claim === undefined || !(listed.has(claim.dockerId) || networks.poolOf(claim.dockerId) !== undefined)
    const idle = families.flatMap(family =>
      family
        .all()
        .filter(isIdle)
        .map(fact => ({ family, fact })),
    )
    const handles = new Set(idle.map(({ fact }) => fact.handle))
    for (const handle of since.keys()) if (!handles.has(handle)) since.delete(handle)
    for (const handle of handles) if (!since.has(handle)) since.set(handle, now)
    const gone = idle.filter(({ fact }) => now - (since.get(fact.handle) ?? now) >= staleMs)
    if (gone.length > 0) await local.set(gone.map(({ family, fact }) => family.drop(fact)))
  }
}
