/** Containers that come and go on one host, for as long as the soak lasts. Refusals are counted: faults cause them. */
import { setTimeout as delay } from 'node:timers/promises'
import type { LabHost } from '../../lab/index.ts'
import type { Random } from '../sim/random.ts'

export interface Tally {
  started: number
  removed: number
  refused: number
  /** Longest time that `docker run` took to be refused, ms. */
  slowest: number
}

/** Most containers of one host at a time. */
const most = 6
/** Docker itself waits up to 8 s for the plugin; beyond this it hangs, which nothing may. */
export const hangMs = 60_000

const idle = ['sh', '-c', 'trap exit TERM; sleep 86400 & wait']

/** @param gone gets the name of each container that was removed; a name is used once. */
export async function churn(
  host: LabHost,
  networks: readonly string[],
  random: Random,
  gone: Set<string>,
  isOver: () => boolean,
): Promise<Tally> {
  const tally: Tally = { started: 0, removed: 0, refused: 0, slowest: 0 }
  const running: string[] = []
  let count = 0
  const mark = random.below(2 ** 32).toString(36)
  while (!isOver()) {
    if (running.length < most && random.chance(0.6)) {
      const name = `soak-${host.name}-${mark}-${++count}`
      const network = random.pick(networks) ?? 'bridge'
      const begun = performance.now()
      const argv = ['docker', 'run', '-d', '--name', name, '--net', network, 'alpine', ...idle]
      const { code } = await host.exec(argv, { timeoutMs: hangMs })
      if (code === 0) tally.started++
      else tally.refused++
      if (code !== 0) tally.slowest = Math.max(tally.slowest, performance.now() - begun)
      running.push(name) // a refused one is left behind as created, and removed like any other
    } else if (running.length > 0) {
      const name = running.splice(random.below(running.length), 1)[0] as string
      const { code } = await host.exec(['docker', 'rm', '-f', name], { timeoutMs: hangMs })
      if (code === 0) tally.removed++
      else running.push(name)
      if (code === 0) gone.add(name)
    }
    await delay(random.between(50, 600))
  }
  return tally
}
