/**
 * A network that was deleted elsewhere while containers of this host are on it stays until they are gone. The last of them may
 * be between two starts, without an endpoint: a record says that it is there, and the start is not refused.
 */
import type { Clock } from '../lib/clock.ts'
import type { NetworkId } from '../model/network.ts'
import type { Replica } from '../replica/replica.ts'
import type { DockerApi, DockerMember, DockerNetwork } from './ports.ts'
import { isOurs } from './revival.ts'

/** `docker restart` stops a container, for up to 10 s of grace, and starts it at once: then it is stopped this long at most, ms. */
const restartMs = 5_000

export interface HoldsDeps {
  replica: Replica
  docker: DockerApi
  clock: Clock
  driverName: string
  /** A network is held from now on: starts may have been refused before. */
  onHeld(): void
}

export interface Holds {
  /** True while containers of this host use the deleted network; the record follows. Throws `DockerAway`. */
  keeps(network: DockerNetwork, id: NetworkId): Promise<boolean>
  /** Gives up deleted networks that this host's Docker does not have. */
  keepOnly(inDocker: ReadonlySet<NetworkId | undefined>): Promise<void>
}

export function createHolds({ replica, docker, clock, driverName, onHeld }: HoldsDeps): Holds {
  const { view, self } = replica
  /** When a container was last seen to run, monotonic ms; of those held since before this process, when it first looked. */
  const seen = new Map<NetworkId, number>()
  const isHeld = (id: NetworkId) => view.heldBy(id).includes(self)

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

  async function release(id: NetworkId): Promise<void> {
    seen.delete(id)
    if (isHeld(id)) await write(id, false)
  }

  return {
    async keeps(network, id) {
      const members = await docker.members(network)
      const nowMs = clock.monotonic()
      if (await isUsed(network, members)) {
        seen.set(id, nowMs)
        if (isHeld(id)) return true
        await write(id, true)
        onHeld()
        return true
      }
      const seenMs = seen.get(id) ?? nowMs
      if (members.length > 0 && isHeld(id) && nowMs - seenMs < restartMs) {
        seen.set(id, seenMs)
        return true
      }
      await release(id)
      return false
    },
    async keepOnly(inDocker) {
      for (const { id, status } of view.networks()) if (status !== 'live' && !inDocker.has(id)) await release(id)
    },
  }
}
