/** Containers that come and go on one host, for as long as the soak lasts. Refusals are kept: faults cause them, and some nothing. */
import { setTimeout as delay } from 'node:timers/promises'
import type { LabHost } from '../../lab/index.ts'
import { idle } from '../lab/support/docker.ts'
import type { Random } from '../sim/random.ts'
import { hangMs, type Refusal, shorten } from './refusals.ts'
import type { Troubles } from './troubles.ts'

export interface Tally {
  started: number
  removed: number
  readonly refusals: Refusal[]
}

/** Most containers of one host at a time. */
const most = 6

export interface ChurnOptions {
  readonly networks: readonly string[]
  readonly random: Random
  readonly troubles: Troubles
  /** Gets the name of each container that was removed; a name is used once. */
  readonly gone: Set<string>
  isOver(): boolean
}

export async function churn(host: LabHost, options: ChurnOptions): Promise<Tally> {
  const { networks, random, troubles, gone, isOver } = options
  const tally: Tally = { started: 0, removed: 0, refusals: [] }
  const running: string[] = []
  let count = 0
  const mark = random.below(2 ** 32).toString(36)

  async function obeyed(deed: Refusal['deed'], ...args: string[]): Promise<boolean> {
    const fromMs = performance.now()
    const { code, stderr } = await host.exec(['docker', deed, ...args], { timeoutMs: hangMs })
    if (code === 0) return true
    const untilMs = performance.now()
    // neither Docker nor Skein has refused anything then
    if (stderr.trim() === '' && troubles.endedCommands(host.name, fromMs, untilMs)) return false
    const inTrouble = troubles.touch(host.name, fromMs, untilMs)
    tally.refusals.push({ host: host.name, deed, text: shorten(stderr), ms: untilMs - fromMs, inTrouble })
    return false
  }

  while (!isOver()) {
    if (running.length < most && random.chance(0.6)) {
      const name = `soak-${host.name}-${mark}-${++count}`
      const network = random.pick(networks) ?? 'bridge'
      if (await obeyed('run', '-d', '--name', name, '--net', network, 'alpine', ...idle)) tally.started++
      running.push(name) // a refused one is left behind as created, and removed like any other
    } else if (running.length > 0) {
      const name = running.splice(random.below(running.length), 1)[0] as string
      if (await obeyed('rm', '-f', name)) {
        tally.removed++
        gone.add(name)
      } else running.push(name)
    }
    await delay(random.between(50, 600))
  }
  return tally
}
