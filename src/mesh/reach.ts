/** Dials one member, and says in the log, once in a while, why it is not reached. */
import type { Libp2p } from '@libp2p/interface'
import { type Clock, withDeadline } from '../lib/clock.ts'
import type { PeerKey } from '../lib/keys.ts'
import type { Logger } from '../lib/log.ts'
import { dialMultiaddr } from './address.ts'
import { dialFailure, wasRefused } from './dial-error.ts'
import type { Members } from './members.ts'
import { dialLimitMs } from './node.ts'
import { createRateLimit } from './rate-limit.ts'

/** A member that stays away is logged once in this time, ms. */
const logIntervalMs = 60_000

export interface Reach {
  /** Rejects when no connection came about. One that did may still be refused: see `refused`. */
  dial(node: Libp2p, peer: PeerKey): Promise<void>
  /** `peer` closed a connection that we dialled, before it answered. */
  refused(peer: PeerKey): void
  /** Forgets refusals. */
  reached(peer: PeerKey): void
}

export function createReach(members: Members, clock: Clock, log: Logger): Reach {
  const mayLog = createRateLimit(clock, logIntervalMs)
  const refusals = new Set<PeerKey>()

  function refused(peer: PeerKey): void {
    // one refusal is no news: a host that was just admitted is not known everywhere yet
    const again = refusals.has(peer)
    refusals.add(peer)
    if (!again || !mayLog(`refused ${peer}`)) return
    const reason =
      'it does not know this peer, or has removed it: see `skein peer ls` there; a removed host joins again with a ' +
      'token of `skein peer invite`'
    log.warn({ peer, host: members.nameOf(peer), reason }, 'member refused us')
  }

  return {
    async dial(node, peer) {
      const addresses = members.addresses(peer).map(address => dialMultiaddr(address, peer))
      if (addresses.length === 0) return
      const controller = new AbortController()
      const late = () => {
        controller.abort()
        return new Error('no answer')
      }
      try {
        const dialled = node.dial(addresses, { signal: controller.signal })
        await withDeadline(clock, dialled, dialLimitMs * addresses.length, late)
      } catch (error) {
        if (wasRefused(error)) refused(peer)
        else if (mayLog(peer))
          log.info({ peer, host: members.nameOf(peer), reason: dialFailure(error) }, 'member not reached')
        throw error
      }
    },
    refused,
    reached: peer => void refusals.delete(peer),
  }
}
