/** Clocks that jump: by moments, by an hour, by a year, either way. */
import type { Fault, Stroke } from './fault.ts'

const hourMs = 3_600_000
const yearMs = 365 * 24 * hourMs

export const clockFaults: Record<string, Fault> = {
  clockDrift: { weight: 0.5, strike: stroke => jump(stroke, stroke.random.spread(10, 60_000)) },
  clockHour: { weight: 0.4, strike: stroke => jump(stroke, hourMs) },
  clockYear: { weight: 0.3, strike: stroke => jump(stroke, yearMs) },
  clockRight: {
    weight: 0.5,
    strike({ world, host, struck }) {
      if (host.skewMs !== 0) struck()
      host.skewMs = 0
      world.history.note(`the clock of ${host.name} is right`)
    },
  },
}

function jump({ world, host, random, struck }: Stroke, byMs: number): void {
  struck()
  host.skewMs += random.chance(0.5) ? byMs : -byMs
  world.history.note(`the clock of ${host.name} jumps to ${Math.round(host.skewMs)} ms off`)
}
