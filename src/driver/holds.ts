/**
 * A network or group that was deleted elsewhere while containers of this host are on it stays until they are gone. The last of
 * them may be between two starts, without an endpoint: its start is not refused. Of a network a record says so to all.
 */
import type { Clock } from '../lib/clock.ts'
import type { NetworkId } from '../model/network.ts'
import type { Replica } from '../replica/replica.ts'
import type { LocalState } from './local-state.ts'
import { networkOfPool, type PoolId } from './pool-id.ts'
import type { DockerApi, DockerMember, DockerNetwork } from './ports.ts'
import { isOurs } from './revival.ts'

/** `docker restart` stops a container, for up to 10 s of grace, and starts it at once: then it is stopped this long at most, ms. */
const restartMs = 5_000

export interface HoldsDeps {
  replica: Replica
  docker: DockerApi
  state: LocalState
  clock: Clock
  driverName: string
  /** A network is held from now on: starts may have been refused before. */
  onHeld(): void
}

export interface Holds {
  /** True while containers of this host use what was deleted; the record follows. Throws `DockerAway`. */
  keeps(network: DockerNetwork, pool: PoolId): Promise<boolean>
  /** Gives up what this host's Docker does not have. */
  keepOnly(inDocker: ReadonlySet<PoolId | undefined>): Promise<void>
}

export function createHolds({ replica, docker, state, clock, driverName, onHeld }: HoldsDeps): Holds {
  const { view, self } = replica
  /** When a container was last seen to run, monotonic ms; of those held since before this process, when it first looked. */
  const seen = new Map<PoolId, number>()
  const isRecorded = (id: NetworkId) => view.heldBy(id).includes(self)
  const isHeld = (pool: PoolId) => state.isHeld(pool) || isRecorded(networkOfPool(pool))

  async function write(network: NetworkId, held: boolean): Promise<void> {
    await replica.write(now =>
      now.heldBy(network).includes(self) === held ? [] : [{ kind: 'network-hold', network, isHeld: held }],
    )
  }

  /** A container that Docker gave up because of us counts too: it is started again (revival.ts). */
  async function isUsed(network: DockerNetwork, members: readonly DockerMember[]): Promise<boolean> {
    if (members.some(({ isRunning }) => isRunning)) return true
    if (members.length === 0) return false
    return (await docker.failedStarts([network])).some(failed => isOurs(failed, driverName))
  }

  return {
    async keeps(network, pool) {
      const members = await docker.members(network)
      const nowMs = clock.monotonic()
      const id = networkOfPool(pool)
      if (await isUsed(network, members)) {
        seen.set(pool, nowMs)
        const isNew = !isHeld(pool)
        state.hold(pool)
        if (view.isDeleted(id) && !isRecorded(id)) await write(id, true)
        if (isNew) onHeld()
        return true
      }
      const seenMs = seen.get(pool) ?? nowMs
      if (members.length > 0 && isHeld(pool) && nowMs - seenMs < restartMs) {
        seen.set(pool, seenMs)
        state.hold(pool)
        return true
      }
      seen.delete(pool)
      state.release(pool)
      return false
    },
    async keepOnly(inDocker) {
      for (const pool of state.held()) {
        if (inDocker.has(pool)) continue
        seen.delete(pool)
        state.release(pool)
      }
      const used = new Set(state.held().map(networkOfPool))
      for (const { id, status } of view.networks()) {
        if (status !== 'live' && isRecorded(id) && !used.has(id)) await write(id, false)
      }
    },
  }
}
