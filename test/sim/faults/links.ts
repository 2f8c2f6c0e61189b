/** Faults of the network: who does not hear whom, and for how long. */
import type { Host } from '../host.ts'
import type { Way } from '../links.ts'
import type { World } from '../world.ts'
import type { Fault, Stroke } from './fault.ts'

export const linkFaults: Record<string, Fault> = {
  /** Groups that hear only themselves. */
  split: {
    weight: 4,
    strike(stroke) {
      const { world, random } = stroke
      const groups = 2 + random.below(Math.max(1, Math.min(3, world.hosts.length - 1)))
      const side = new Map(world.hosts.map(host => [host, random.below(groups)]))
      cutFor(
        stroke,
        ways(world, (a, b) => side.get(a) !== side.get(b)),
      )
    },
  },
  /** Some links, and with them no groups: who hears whom is not transitive. */
  cutLinks: {
    weight: 2,
    strike(stroke) {
      const { world, random } = stroke
      const cut = new Set<string>()
      const isCut = (a: Host, b: Host) => cut.has(`${a.name} ${b.name}`) || cut.has(`${b.name} ${a.name}`)
      for (const a of world.hosts) for (const b of world.hosts) if (random.chance(0.2)) cut.add(`${a.name} ${b.name}`)
      cutFor(stroke, ways(world, isCut))
    },
  },
  /** What one host sends, or is sent, is lost; the other way it is heard. */
  oneWay: {
    weight: 2,
    strike(stroke) {
      const { world, host, random } = stroke
      const isDeaf = random.chance(0.5)
      const others = world.hosts.filter(other => other !== host && random.chance(0.7))
      cutFor(
        stroke,
        others.map((other): Way => (isDeaf ? [other.name, host.name] : [host.name, other.name])),
      )
    },
  },
  isolate: {
    weight: 1,
    strike: stroke =>
      cutFor(
        stroke,
        ways(stroke.world, (a, b) => a === stroke.host || b === stroke.host),
      ),
  },
  /** A host's links come and go, once a second and faster. */
  flap: {
    weight: 1,
    strike({ world, host, random, struck }) {
      const halfMs = random.spread(20, 500)
      const endMs = world.time.nowMs + random.spread(1000, 20_000)
      const cut = ways(world, (a, b) => a === host || b === host)
      world.history.note(`the links of ${host.name} flap every ${Math.round(2 * halfMs)} ms`)
      if (cut.length > 0) struck()
      const flap = () => {
        if (world.quiet || world.time.nowMs >= endMs) return
        const mend = world.network.cut(cut)
        world.time.after(halfMs, mend)
        world.time.after(2 * halfMs, flap)
      }
      flap()
    },
  },
}

function ways(world: World, isCut: (a: Host, b: Host) => boolean): Way[] {
  return world.hosts.flatMap(a => world.hosts.filter(b => a !== b && isCut(a, b)).map((b): Way => [a.name, b.name]))
}

function cutFor({ world, random, struck }: Stroke, cut: readonly Way[]): void {
  if (cut.length > 0) struck()
  const mend = world.network.cut(cut)
  const text = cut.map(([from, to]) => `${from}>${to}`).join(' ')
  world.history.note(`cut: ${text}`)
  world.time.after(random.spread(200, 40_000), () => {
    world.history.note(`mended: ${text}`)
    mend()
  })
}
