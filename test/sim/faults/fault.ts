/** A kind of fault, and what it is given to strike with. */
import type { Host } from '../host.ts'
import { dieHost, startHost } from '../lifecycle.ts'
import type { Random } from '../random.ts'
import type { World } from '../world.ts'

export interface Stroke {
  readonly world: World
  /** Whom it is about; it may be down. */
  readonly host: Host
  /** Of this stroke alone. */
  readonly random: Random
  /** To be called when it takes effect: a host that is down is not killed. */
  struck(): void
}

export interface Fault {
  /** How often it happens, against the others. */
  readonly weight: number
  /** Probability that a whole history knows it not. @default 0.35 */
  readonly absent?: number
  strike(stroke: Stroke): void
}

/** How a process ends: alone, or with its whole host. */
export type Death = 'kill' | 'power'

/** Ends the process now, unless the mesh is to come to rest, and starts it again later. */
export function strikeDead(stroke: Stroke, how: Death): void {
  const { world, host, struck } = stroke
  if (world.quiet || !host.life) return
  struck()
  dieHost(world, host, how)
  restartLater(stroke)
}

export function restartLater({ world, host, random }: Stroke): void {
  world.time.after(random.spread(20, 20_000), () => {
    if (!host.life) void startHost(world, host)
  })
}
