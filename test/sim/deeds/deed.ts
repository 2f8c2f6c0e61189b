/** Something that people do on a host that serves. */
import type { Host } from '../host.ts'
import type { Peer } from '../peer.ts'
import type { Random } from '../random.ts'
import type { World } from '../world.ts'

export interface Turn {
  readonly world: World
  readonly host: Host
  readonly peer: Peer
  /** Of this deed alone. */
  readonly random: Random
}

export interface Deed {
  /** How often it is done, against the others. */
  readonly weight: number
  /** Probability that a whole history knows it not. */
  readonly absent?: number
  /** Gives false if there was nothing to do, or it was all as wanted. */
  run(turn: Turn): Promise<boolean>
}
