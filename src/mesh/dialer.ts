/**
 * The reconnect loop. Every member without a connection is dialled again and again, for as long as it is a member:
 * after a split of any length the two sides find each other within about the longest pause.
 */
import type { Clock, Timer } from '../lib/clock.ts'
import type { PeerKey } from '../lib/keys.ts'

/** From the start of one attempt to the start of the next, ms: doubled from the first to the last, halved at random. */
const firstPauseMs = 250
const lastPauseMs = 5_000
/** A pair that learns of each other at one moment should not dial twice: the larger key waits this long, ms. */
const headStartMs = 300

export interface DialerDeps {
  self: PeerKey
  clock: Clock
  /** In [0, 1). */
  random: () => number
  /** True while there is a connection, or one is being tried out. */
  isLinked(peer: PeerKey): boolean
  /** Tries to connect; rejects or resolves, in bounded time. */
  dial(peer: PeerKey): Promise<void>
}

export interface Dialer {
  /** The whole list of members: all that are not connected are dialled afresh. */
  set(peers: readonly PeerKey[]): void
  /** The peer is reachable: the next pause is a short one. */
  connected(peer: PeerKey): void
  /** Its last connection is gone, or one that was tried out failed. */
  lost(peer: PeerKey): void
  stop(): void
}

interface Target {
  attempts: number
  dialling: boolean
  timer: Timer | undefined
}

export function createDialer({ self, clock, random, isLinked, dial }: DialerDeps): Dialer {
  const targets = new Map<PeerKey, Target>()

  function schedule(peer: PeerKey, target: Target, delayMs: number): void {
    target.timer?.cancel()
    target.timer = clock.after(delayMs, () => void attempt(peer, target))
  }

  function pause(target: Target): number {
    return Math.min(lastPauseMs, firstPauseMs * 2 ** Math.min(target.attempts, 10)) * (0.5 + random() / 2)
  }

  async function attempt(peer: PeerKey, target: Target): Promise<void> {
    target.timer = undefined
    if (target.dialling || isLinked(peer)) return
    target.dialling = true
    const pauseMs = pause(target)
    target.attempts++
    const begin = clock.monotonic()
    try {
      await dial(peer)
    } catch {
      // reported by `dial`; tried again below
    }
    target.dialling = false
    if (targets.get(peer) !== target || isLinked(peer)) return
    schedule(peer, target, Math.max(0, pauseMs - (clock.monotonic() - begin)))
  }

  return {
    set(peers) {
      for (const [peer, target] of targets) {
        if (peers.includes(peer)) continue
        target.timer?.cancel()
        targets.delete(peer)
      }
      for (const peer of peers) {
        const target = targets.get(peer) ?? { attempts: 0, dialling: false, timer: undefined }
        targets.set(peer, target)
        target.attempts = 0
        if (!isLinked(peer)) schedule(peer, target, (self > peer ? headStartMs : 0) * (0.5 + random() / 2))
      }
    },
    connected(peer) {
      const target = targets.get(peer)
      if (target) target.attempts = 0
    },
    lost(peer) {
      const target = targets.get(peer)
      if (target && !target.dialling && !isLinked(peer)) schedule(peer, target, pause(target))
    },
    stop() {
      for (const target of targets.values()) target.timer?.cancel()
      targets.clear()
    },
  }
}
