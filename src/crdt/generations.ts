/**
 * Generations of names: what a network that is created now is born with, so that no id is ever used twice (H1–H4). Per
 * tenant and name a register of the highest that was deleted or renamed away; it only goes up, also before the creation
 * arrived, and is never collected.
 *
 * A member could write any generation and so use a name up. That cannot be told from a history of which one knows only
 * the end, so it is believed, and counts up to `maxCounted` only. Above it lie numbers that do not count but differ: a
 * hash of how far every writer has come, which no later moment repeats. Such a name goes on; what is lost is that two
 * sides of a split make the same network of it.
 */
import { fromHex, sha256 } from '../lib/bytes.ts'
import { encode } from '../lib/cbor.ts'
import type { PeerKey } from '../lib/keys.ts'

/** The highest generation that counts; the highest of all is 2^53 - 1. */
export const maxCounted = 2 ** 52

export class Generations {
  /** By `tenant/name`: one more than the highest. */
  readonly #next = new Map<string, number>()

  /** A network that was born as this generation bears the name no longer. */
  raise(tenant: string, name: string, generation: number): void {
    const slot = `${tenant}/${name}`
    const next = Math.min(generation, maxCounted) + 1
    if (next > this.next(tenant, name)) this.#next.set(slot, next)
  }

  /** The next that counts; above `maxCounted` if there is none left. */
  next(tenant: string, name: string): number {
    return this.#next.get(`${tenant}/${name}`) ?? 0
  }
}

/** A number above `maxCounted` that stands for the moment in which each writer has come to its counter. */
export function uncounted(tenant: string, name: string, counters: ReadonlyMap<PeerKey, number>): number {
  const moment = [...counters].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, counter]) => [fromHex(key), counter])
  const hash = sha256(encode(['skein generation 1', tenant, name, moment]))
  const bits = new DataView(hash.buffer, hash.byteOffset)
  return maxCounted + 1 + (bits.getUint32(0) % 2 ** 19) * 2 ** 32 + bits.getUint32(4)
}
