/** Processes die and hosts lose their power: at any moment, and at each point of a write. */
import { dieHost, startHost, stopHost } from '../lifecycle.ts'
import { instants } from '../virtual-disk.ts'
import { type Death, type Fault, restartLater, type Stroke, strikeDead } from './fault.ts'

/** A trap lies at one of so many operations of the disk to come. */
const trapReach = 12

export const hostFaults: Record<string, Fault> = {
  kill: { weight: 1, strike: stroke => strikeDead(stroke, 'kill') },
  power: { weight: 1, strike: stroke => strikeDead(stroke, 'power') },
  /** At a point of a write to come: before it, in it, after it and before anybody was told. */
  killInWrite: { weight: 2, strike: stroke => inWrite(stroke, () => strikeDead(stroke, 'kill')) },
  powerInWrite: { weight: 2, strike: stroke => inWrite(stroke, () => strikeDead(stroke, 'power')) },
  /** What a killed process left in the page cache is read by the next one, and then the power goes. */
  killThenPower: {
    weight: 1,
    strike(stroke) {
      const { world, host, random } = stroke
      inWrite(stroke, () => {
        if (world.quiet) return
        dieHost(world, host, 'kill')
        world.time.after(random.spread(1, 1000), () => {
          if (!host.life) void startHost(world, host)
          world.time.after(random.spread(1, 2000), () => strikeDead(stroke, 'power'))
        })
      })
    },
  },
  /** A host that dies whenever it has just come up. */
  crashLoop: {
    weight: 0.5,
    strike(stroke) {
      const { world, host, random, struck } = stroke
      const how: Death = random.chance(0.5) ? 'kill' : 'power'
      const again = (left: number) => {
        if (world.quiet || left === 0) return
        if (host.life) {
          struck()
          dieHost(world, host, how)
        }
        void startHost(world, host)
        world.time.after(random.spread(1, 1500), () => again(left - 1))
      }
      again(2 + random.below(6))
    },
  },
  blackout: {
    weight: 0.3,
    strike: stroke => {
      for (const host of stroke.world.hosts) strikeDead({ ...stroke, host }, 'power')
    },
  },
  stop: {
    weight: 1,
    strike(stroke) {
      if (stroke.host.ready) stroke.struck()
      void stopHost(stroke.world, stroke.host).then(() => restartLater(stroke))
    },
  },
}

function inWrite({ world, host, random }: Stroke, spring: () => void): void {
  const { disk, life } = host
  if (!life) return
  disk.trap = {
    operation: disk.operations + 1 + random.below(trapReach),
    instant: random.pick(instants) ?? 'during',
    spring() {
      disk.trap = undefined
      if (!world.quiet) spring()
    },
  }
}
