/** Waiting for the adoption of a network that was born in this host's Docker. */
import { type Clock, withDeadline } from '../lib/clock.ts'
import { SkeinError } from '../lib/errors.ts'
import type { PoolId } from './pool-id.ts'

/** A container that starts right after its network was created waits for the adoption so long, ms; calls end at 8 s. */
const adoptionLimitMs = 7_000

/** Waiting for something to be looked up anew whenever it may have changed. */
export function createWaiting(clock: Clock) {
  const sleepers = new Set<() => void>()
  return {
    wake() {
      for (const wake of [...sleepers]) wake()
    },
    async until(look: () => PoolId | undefined): Promise<PoolId> {
      let wake = () => {}
      const found = new Promise<PoolId>((resolve, reject) => {
        wake = () => {
          try {
            const id = look()
            if (id !== undefined) resolve(id)
          } catch (error) {
            reject(error)
          }
        }
        sleepers.add(wake)
      })
      try {
        return await withDeadline(clock, found, adoptionLimitMs, () => {
          return new SkeinError(
            'unavailable',
            'Skein has not taken over this Docker network yet: see "skein status" for why, and try again',
          )
        })
      } finally {
        sleepers.delete(wake)
      }
    },
  }
}
