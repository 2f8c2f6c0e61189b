/** Bringing the lab up, or nothing: what fails, or is interrupted, is removed whole. */
import { mkdirSync } from 'node:fs'
import { SkeinError } from '../src/lib/errors.ts'
import { downLab } from './down.ts'
import { createHost, equipHost, makeHost } from './host.ts'
import { makeImage } from './image.ts'
import { createLab, type Lab } from './lab.ts'
import { membersReady } from './members.ts'
import { installMissing } from './packages.ts'
import { dataDir, type HostPlan, labMark, planHost } from './plan.ts'
import { claimState } from './records.ts'
import { keepSwitchPlain, makeOutside, makeSwitch } from './underlay.ts'
import { allSettled } from './wait.ts'

export interface UpOptions {
  /** @default 3 */
  hosts?: number
  /** Start a peer on each host and make them one mesh. @default true */
  peers?: boolean
  /** More to be made, on hosts that have no engine yet, while the engines start. */
  beside?: () => Promise<void>
  /** Gets a line per step. */
  onProgress?: (line: string) => void
  /** Gives up and removes what was made. */
  signal?: AbortSignal
}

/** Settling takes an acknowledgement by a majority per host. */
const membersLimitMs = 30_000

/** Refuses whoever cannot make namespaces, or is in the lab. */
export function checkPrivilege(): void {
  if (process.geteuid?.() !== 0) throw new SkeinError('forbidden', 'the lab makes network namespaces; run it as root')
  if (process.env.SKEIN_LAB === labMark)
    throw new SkeinError('invalid', 'this is a host of the lab; type exit, then try again')
}

/** Brings up the lab and resolves when everything in it is ready. */
export async function upLab(options: UpOptions = {}): Promise<Lab> {
  checkPrivilege()
  const last = planHost(options.hosts ?? 3)
  const plans = Array.from({ length: last.number }, (_, at) => planHost(at + 1))
  await installMissing(options.onProgress ?? (() => {}))
  claimState()
  try {
    await build(plans, options)
    options.signal?.throwIfAborted()
    return createLab()
  } catch (error) {
    await downLab()
    // programs that were running end with Ctrl-C too: their failure is not the cause
    throw options.signal?.aborted ? options.signal.reason : error
  }
}

async function build(plans: readonly HostPlan[], options: UpOptions): Promise<void> {
  const progress = (line: string) => {
    options.signal?.throwIfAborted()
    options.onProgress?.(line)
  }
  progress(`switch, outside, ${plans.length} hosts`)
  mkdirSync(dataDir, { recursive: true })
  await makeSwitch()
  await allSettled([makeImage(), makeOutside(), ...plans.map(makeHost)])
  progress('engines')
  const beside = options.beside ? [options.beside()] : []
  await allSettled([...plans.map(plan => equipHost(plan, options.signal)), ...beside])
  await keepSwitchPlain()
  if (options.peers ?? true) await startPeers(plans, progress, options.signal)
}

async function startPeers(
  plans: readonly HostPlan[],
  progress: (line: string) => void,
  signal?: AbortSignal,
): Promise<void> {
  const [founder, ...others] = plans.map(createHost)
  if (!founder) return
  const stop = signal ? { signal } : {}
  progress(`peer of ${founder.name}`)
  await founder.startPeer(stop)
  if (others.length > 0) progress(`peers of ${others.map(host => host.name).join(', ')}`)
  await allSettled(others.map(async host => host.startPeer({ ...stop, join: await founder.invite() })))
  const names = plans.map(plan => plan.name)
  await membersReady(names, membersLimitMs, signal)
}
