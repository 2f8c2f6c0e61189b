/** Disks that are slow, broken or full. */
import { type Fault, restartLater, strikeDead } from './fault.ts'

/**
 * Longest time that a sync takes on a slow disk, ms. An address is given within 8 s as long as two syncs fit into the
 * second that src/ipam/allocation.ts leaves for them; on slower disks it is the plugin's server that answers in time.
 */
const slowestSyncMs = 400

export const diskFaults: Record<string, Fault> = {
  slowDisk: {
    weight: 1,
    strike({ world, host, random, struck }) {
      const { disk } = host
      struck()
      disk.mood.syncMs = random.spread(5, slowestSyncMs)
      world.history.note(`the disk of ${host.name} is slow: ${Math.round(disk.mood.syncMs)} ms`)
      world.time.after(random.spread(500, 10_000), () => {
        disk.mood.syncMs = 3
      })
    },
  },
  brokenDisk: {
    weight: 0.5,
    strike(stroke) {
      const { world, host, random, struck } = stroke
      struck()
      host.disk.mood.failure = 0.5
      world.history.note(`the disk of ${host.name} fails`)
      world.time.after(random.spread(500, 5000), () => {
        if (world.quiet || host.disk.mood.failure === 0) return
        strikeDead(stroke, random.chance(0.5) ? 'kill' : 'power')
        host.disk.mood.failure = 0
        restartLater(stroke)
      })
    },
  },
  /** The disk of the note outside of the data directory (R8): the note is gone, torn, or an old one; or the disk is full or slow for a while. */
  noteDisk: {
    weight: 1,
    absent: 0.8,
    strike({ world, host, random, struck }) {
      const { witness } = host
      struck()
      const what = random.pick(['lost', 'torn', 'stale', 'full', 'slow'] as const)
      world.history.note(`the note of ${host.name} outside of its data directory: ${what}`)
      const later = (change: () => void) => world.time.after(random.spread(500, 20_000), () => world.quiet || change())
      if (what === 'lost') witness.restore(new Map())
      else if (what === 'torn') {
        witness.restore(new Map([...witness.copy()].map(([name, bytes]) => [name, bytes.subarray(0, 1)])))
      } else if (what === 'stale') {
        const old = witness.copy()
        later(() => witness.restore(old))
      } else {
        if (what === 'full') witness.mood.freeBytes = 0
        else witness.mood.syncMs = 5000
        later(() => witness.mend())
      }
    },
  },
  /** It refuses what does not fit; a restart while it is full, and one when there is room again. */
  fullDisk: {
    weight: 1,
    strike(stroke) {
      const { world, host, random, struck } = stroke
      const { disk } = host
      struck()
      disk.mood.freeBytes = random.below(3000)
      world.history.note(`the disk of ${host.name} has ${disk.mood.freeBytes} bytes left`)
      if (random.chance(0.5)) world.time.after(random.spread(500, 5000), () => strikeDead(stroke, 'kill'))
      world.time.after(random.spread(1000, 15_000), () => {
        if (world.quiet) return
        world.history.note(`the disk of ${host.name} has room again`)
        disk.mood.freeBytes = Number.POSITIVE_INFINITY
        strikeDead(stroke, 'kill')
        restartLater(stroke)
      })
    },
  },
}
