/**
 * Docker gives a container up for good when it should restart while our plugin is away, restart policy or not (tried:
 * docker-driver.md 3.5). So after each gap, that is whenever the connection to Docker is new, such containers are started.
 */
import type { Clock } from '../lib/clock.ts'
import { errorText } from '../lib/errors.ts'
import type { Logger } from '../lib/log.ts'
import type { LocalConditions } from './local-conditions.ts'
import { type DockerApi, DockerAway, type DockerNetwork, type FailedStart } from './ports.ts'

/** As many at once: each start makes several calls to us, answered within 8 s also on a busy host. */
const startsAtOnce = 4

/** Between attempts at one that fails, ms: each may be an event, and so the cause of the next pass. */
const retryMs = 10_000

/** Docker gives a container up within this after its start failed, ms: it has only to note that. */
const givingUpMs = 250

export interface RevivalDeps {
  docker: DockerApi
  clock: Clock
  log: Logger
  driverName: string
  /** A pass is wanted within so many ms. */
  wake(delayMs: number): void
}

export interface Revival {
  /** There may have been a gap. */
  due(): void
  /** Starts what there is to start among the containers of these networks, without waiting for it; reports what failed. */
  kick(networks: readonly DockerNetwork[], conditions: LocalConditions): void
  /** Resolves when no start is under way. */
  idle(): Promise<void>
}

export function createRevival({ docker, clock, log, driverName, wake }: RevivalDeps): Revival {
  /** When to look for such containers, monotonic ms; undefined: not before the next gap. */
  let dueAt: number | undefined
  let running: Promise<void> | undefined
  let failures: readonly { name: string; text: string }[] = []

  function again(delayMs: number): void {
    dueAt = Math.min(dueAt ?? Number.POSITIVE_INFINITY, clock.monotonic() + delayMs)
    wake(delayMs)
  }

  async function reviveAll(networks: readonly DockerNetwork[]): Promise<void> {
    dueAt = undefined
    try {
      const ours = (await docker.failedStarts(networks)).filter(start => isOurs(start, driverName))
      if (ours.some(({ isOver }) => !isOver)) again(givingUpMs)
      failures = await revive(ours.filter(({ isOver }) => isOver))
      // for as long as the policy asks for it, as Docker does with one that crashes
      if (failures.length > 0) again(retryMs)
    } catch (error) {
      again(retryMs)
      if (!(error instanceof DockerAway)) log.error({ err: error }, 'containers to restart are not known')
    }
  }

  async function revive(stopped: readonly FailedStart[]) {
    const left = [...stopped]
    const failed: { name: string; text: string }[] = []
    const work = async () => {
      for (let next = left.pop(); next; next = left.pop()) {
        try {
          await docker.startContainer(next.container)
          log.info({ container: next.name, reason: next.error }, 'started a container that Docker could not restart')
        } catch (error) {
          failed.push({ name: next.name, text: errorText(error) })
        }
      }
    }
    await Promise.all(Array.from({ length: startsAtOnce }, work))
    return failed
  }

  return {
    due() {
      dueAt = clock.monotonic()
    },
    kick(networks, conditions) {
      for (const { name, text } of failures) {
        const remedy = `Skein tries again by itself; stop that with "docker update --restart=no ${name}"`
        conditions.report(`container ${name}`, `container ${name} should be restarted, but: ${text}`, remedy)
      }
      if (dueAt === undefined || running || networks.length === 0) return
      const earlyMs = dueAt - clock.monotonic()
      if (earlyMs > 0) return wake(earlyMs)
      running = reviveAll(networks).finally(() => {
        running = undefined
      })
    },
    idle: async () => running,
  }
}

/** True if Docker did not find the plugin, could not talk to it, or was refused by it. */
export function isOurs({ error }: FailedStart, driverName: string): boolean {
  const signs = [`plugin "${driverName}"`, `/${driverName}.sock`, 'NetworkDriver.', 'IpamDriver.']
  return signs.some(sign => error.includes(sign))
}
