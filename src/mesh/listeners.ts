/** Callbacks that are handed in; one that throws does not keep the others from being called. */
import type { Logger } from '../lib/log.ts'

export interface Listeners<Args extends unknown[]> {
  add(listener: (...args: Args) => void): void
  call(...args: Args): void
}

export function createListeners<Args extends unknown[]>(log: Logger): Listeners<Args> {
  const all: ((...args: Args) => void)[] = []
  return {
    add: listener => void all.push(listener),
    call(...args) {
      for (const listener of all) {
        try {
          listener(...args)
        } catch (error) {
          log.error({ err: error }, 'mesh listener failed')
        }
      }
    },
  }
}
