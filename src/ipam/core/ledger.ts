/**
 * What this host did with the addresses of one network: handed out (held) or taken back (freed), in the order in which
 * they were freed. Pure memory; the service journals each step (R7). Times are of the monotonic clock, milliseconds.
 */

/** How long a freed address stays before it may move to another host (R7; gossip.md P6 asks for 30 to 60 s). */
export const coolDownMs = 30_000

export interface Held {
  /** When it was handed out, or when an own endpoint record with it was last seen; process start for loaded ones. */
  sinceMs: number
  /** Docker ran a container with it when it was last asked: it is not taken back for want of an endpoint record. */
  claimed: boolean
  /** Set while its release is being journalled. */
  releasing?: Promise<void>
}

export interface Freed {
  /** Order of the releases, durable. */
  readonly sequence: number
  sinceMs: number
}

export interface Ledger {
  /** Marks as handed out, whatever it was before. */
  hold(ip: number, nowMs: number, claimed: boolean): void
  free(ip: number, nowMs: number, sequence: number): void
  /** As if it had never been used. */
  forget(ip: number): void
  heldEntry(ip: number): Held | undefined
  freedEntry(ip: number): Freed | undefined
  isUsed(ip: number): boolean
  isCooling(ip: number, nowMs: number): boolean
  /** For how long it still cools down, ms; 0 if it does not. */
  coolsInMs(ip: number, nowMs: number): number
  held(): IterableIterator<[number, Held]>
  /** Oldest first. */
  freed(): IterableIterator<[number, Freed]>
}

/** A ledger of one network. `freed` may be in any order; all of it cools down from `nowMs` on, since the clock restarted. */
export function createLedger(
  held: Iterable<number> = [],
  freed: Iterable<readonly [ip: number, sequence: number]> = [],
  nowMs = 0,
): Ledger {
  const heldNow = new Map<number, Held>()
  // in insertion order, which is the order of the sequence numbers
  const freedNow = new Map<number, Freed>()
  for (const ip of held) heldNow.set(ip, { sinceMs: nowMs, claimed: false })
  for (const [ip, sequence] of [...freed].sort((a, b) => a[1] - b[1])) freedNow.set(ip, { sequence, sinceMs: nowMs })
  const forget = (ip: number) => {
    heldNow.delete(ip)
    freedNow.delete(ip)
  }
  const coolsInMs = (ip: number, now: number) => {
    const entry = freedNow.get(ip)
    return entry ? Math.max(0, entry.sinceMs + coolDownMs - now) : 0
  }
  return {
    hold(ip, sinceMs, claimed) {
      forget(ip)
      heldNow.set(ip, { sinceMs, claimed })
    },
    free(ip, sinceMs, sequence) {
      forget(ip)
      freedNow.set(ip, { sequence, sinceMs })
    },
    forget,
    heldEntry: ip => heldNow.get(ip),
    freedEntry: ip => freedNow.get(ip),
    isUsed: ip => heldNow.has(ip) || freedNow.has(ip),
    isCooling: (ip, now) => coolsInMs(ip, now) > 0,
    coolsInMs,
    held: () => heldNow.entries(),
    freed: () => freedNow.entries(),
  }
}
