/** What goes wrong, as one table; what is broken is mended later. */
import { clockFaults } from './faults/clocks.ts'
import { copyFaults } from './faults/copies.ts'
import { diskFaults } from './faults/disks.ts'
import type { Fault } from './faults/fault.ts'
import { hostFaults } from './faults/hosts.ts'
import { linkFaults } from './faults/links.ts'
import { dieHost, startHost } from './lifecycle.ts'
import type { Random } from './random.ts'
import { isIll, type World } from './world.ts'

const faults: Readonly<Record<string, Fault>> = {
  ...linkFaults,
  ...hostFaults,
  ...diskFaults,
  ...clockFaults,
  ...copyFaults,
}

export const faultNames: readonly string[] = Object.keys(faults)
/** Probability that a history knows a fault not. */
export const faultAbsence = (name: string): number => faults[name]?.absent ?? 0.35
export const faultWeights = Object.fromEntries(Object.entries(faults).map(([name, { weight }]) => [name, weight]))

/** @param index of the host that it is about, if that has ever started; else of another */
export function breakSomething(world: World, name: string, index: number, random: Random): void {
  const host = world.hosts.find(other => other.index === index) ?? world.hosts[index % world.hosts.length]
  if (!host) return
  faults[name]?.strike({ world, host, random, struck: () => world.count(`fault ${name}`) })
}

/** Everything works again: links, disks, processes. */
export function mendAll(world: World): void {
  world.history.note('everything is mended')
  world.network.links.mendAll()
  for (const host of world.hosts) {
    const wasIll = isIll(host.disk)
    host.disk.mend()
    host.witness.mend()
    host.disk.trap = undefined
    if (wasIll) dieHost(world, host, 'kill')
    if (!host.life) void startHost(world, host)
  }
}
