/** What goes wrong: links and hosts, by chance and in every mixture. What is broken is mended later. */
import type { Host } from './host.ts'
import { dieHost, startHost, stopHost } from './lifecycle.ts'
import type { Weighted } from './random.ts'
import type { World } from './world.ts'

/**
 * Longest time that a sync takes on a slow disk, ms. An address is given within 8 s as long as two syncs fit into the
 * second that src/ipam/allocation.ts leaves for them; on slower disks it is the plugin's server that answers in time.
 */
const slowestSyncMs = 400

type Fault = (world: World) => void

const faults: Record<string, Fault> = {
  split(world) {
    const groups = 2 + world.random.below(2)
    const side = new Map(world.hosts.map(host => [host, world.random.below(groups)]))
    cutBetween(world, (a, b) => side.get(a) !== side.get(b))
    healLater(world)
  },
  cutLinks(world) {
    cutBetween(world, () => world.random.chance(0.4))
    healLater(world)
  },
  kill: world => strike(world, 'kill'),
  power: world => strike(world, 'power'),
  /** What a killed process left in the page cache is read by the next one, and then the power goes. */
  killThenPower(world) {
    const host = world.random.pick(world.readyHosts())
    if (!host) return
    inWrite(world, host, () => {
      dieHost(world, host, 'kill')
      world.time.after(world.random.spread(1, 1000), () => {
        if (!host.life) void startHost(world, host)
        world.time.after(world.random.spread(1, 2000), () => strikeHost(world, host, 'power'))
      })
    })
  },
  blackout(world) {
    for (const host of world.hosts.filter(other => other.life)) strikeHost(world, host, 'power')
  },
  stop(world) {
    const host = world.random.pick(world.readyHosts())
    if (!host) return
    void stopHost(world, host).then(() => restartLater(world, host))
  },
  slowDisk(world) {
    const host = world.random.pick(world.hosts)
    if (!host) return
    host.disk.mood.syncMs = world.random.spread(5, slowestSyncMs)
    world.history.note(`the disk of ${host.name} is slow: ${Math.round(host.disk.mood.syncMs)} ms`)
    world.time.after(world.random.spread(500, 10_000), () => {
      host.disk.mood.syncMs = 3
    })
  },
  brokenDisk(world) {
    const host = world.random.pick(world.readyHosts())
    if (!host) return
    host.disk.mood.failure = 0.5
    world.history.note(`the disk of ${host.name} fails`)
    world.time.after(world.random.spread(500, 5000), () => {
      if (host.disk.mood.failure === 0) return
      dieHost(world, host, world.random.chance(0.5) ? 'kill' : 'power')
      host.disk.mood.failure = 0
      restartLater(world, host)
    })
  },
  clockJump(world) {
    const host = world.random.pick(world.hosts)
    if (!host) return
    host.skewMs = world.random.between(-1, 1) * world.random.spread(10, 3_600_000)
    world.history.note(`the clock of ${host.name} jumps to ${Math.round(host.skewMs)} ms off`)
  },
}

/** How often each fault happens; some never in a simulation. */
export function drawRisks(world: World): Weighted[] {
  const usual: Record<string, number> = { split: 4, cutLinks: 2, kill: 2, power: 2, blackout: 0.3, brokenDisk: 0.5 }
  return Object.keys(faults).map(name => [
    name,
    world.random.chance(0.25) ? 0 : (usual[name] ?? 1) * world.random.spread(0.3, 3),
  ])
}

export function breakSomething(world: World, risks: readonly Weighted[]): void {
  const name = world.random.weighted(risks)
  if (name !== undefined) faults[name]?.(world)
}

/** Everything works again: links, disks, processes. */
export function mendAll(world: World): void {
  world.history.note('everything is mended')
  world.network.heal()
  for (const host of world.hosts) {
    host.disk.mood.syncMs = 3
    if (host.disk.mood.failure > 0) {
      dieHost(world, host, 'kill')
      host.disk.mood.failure = 0
    }
    if (!host.life) void startHost(world, host)
  }
}

function cutBetween(world: World, isCut: (a: Host, b: Host) => boolean): void {
  const cut: string[] = []
  world.hosts.forEach((a, i) => {
    for (const b of world.hosts.slice(i + 1)) {
      if (!isCut(a, b)) continue
      world.network.cut(a.name, b.name)
      cut.push(`${a.name}-${b.name}`)
    }
  })
  world.history.note(`cut: ${cut.join(' ')}`)
}

function healLater(world: World): void {
  world.time.after(world.random.spread(500, 40_000), () => {
    world.history.note('links are whole')
    world.network.heal()
  })
}

function strike(world: World, how: 'kill' | 'power'): void {
  const host = world.random.pick(world.hosts.filter(other => other.life))
  if (!host) return
  if (world.random.chance(0.4)) strikeHost(world, host, how)
  else inWrite(world, host, () => strikeHost(world, host, how))
}

/** While the next write of the host's process is under way. */
function inWrite(world: World, host: Host, action: () => void): void {
  const { life, disk } = host
  disk.onAppend = () => {
    world.time.after(world.random.between(0, disk.mood.syncMs), () => world.quiet || action(), life)
  }
}

function strikeHost(world: World, host: Host, how: 'kill' | 'power'): void {
  if (world.quiet) return
  dieHost(world, host, how)
  restartLater(world, host)
}

function restartLater(world: World, host: Host): void {
  world.time.after(world.random.spread(20, 20_000), () => {
    if (!host.life) void startHost(world, host)
  })
}
