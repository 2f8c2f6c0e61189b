/** Connections of holders of invitations, of members that were removed, of strangers: few, short, and good for one protocol alone. */
import type { Connection } from '@libp2p/interface'
import type { Clock, Timer } from '../lib/clock.ts'

export interface GuestLimits {
  /** At once. */
  readonly most: number
  /** A guest has one question; an idle guest is sent away after this, ms. */
  readonly stayMs: number
}

const usual: GuestLimits = { most: 32, stayMs: 20_000 }

export interface Guests {
  add(connection: Connection): void
  stop(): void
}

export function createGuests(clock: Clock, { most, stayMs } = usual): Guests {
  const timers = new Map<Connection, Timer>()
  return {
    add(connection) {
      if (timers.size >= most) return connection.abort(new Error('too many guests at once'))
      const leave = () => connection.abort(new Error('a guest must not stay'))
      timers.set(connection, clock.after(stayMs, leave))
      connection.addEventListener('close', () => {
        timers.get(connection)?.cancel()
        timers.delete(connection)
      })
    },
    stop() {
      for (const timer of timers.values()) timer.cancel()
      timers.clear()
    },
  }
}
