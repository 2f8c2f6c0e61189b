/** libp2p's connection gater: members may connect and be dialled; guests may connect, and so may strangers, who may prove that this peer is an old copy (outdated.ts). */
import type { ConnectionGater, PeerId } from '@libp2p/interface'
import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/log.ts'
import { remoteAddress } from './address.ts'
import type { Members } from './members.ts'
import { peerKeyOf } from './peer-id.ts'
import { createRateLimit } from './rate-limit.ts'

/** A stranger who knocks on is logged once in this time, ms. */
const logIntervalMs = 60_000

export interface GaterDeps {
  members: Members
  /** False while this peer stops: who reconnects then would only be cut off again. */
  isOpen(): boolean
  clock: Clock
  log: Logger
}

export function createGater({ members, isOpen, clock, log }: GaterDeps): ConnectionGater {
  const mayLog = createRateLimit(clock, logIntervalMs)
  const isMember = (id: PeerId) => {
    const key = peerKeyOf(id)
    return key !== undefined && members.has(key)
  }
  return {
    denyInboundConnection: () => !isOpen(),
    denyDialPeer: id => !isMember(id),
    denyOutboundEncryptedConnection: id => !isMember(id),
    denyInboundEncryptedConnection(id, connection) {
      const key = peerKeyOf(id)
      if (key !== undefined && (members.has(key) || members.isInvited(key) || members.isRemoved(key))) return false
      const address = remoteAddress(connection.remoteAddr)
      const peer = key ?? id.toString()
      // the stranger's address counts, not its key: keys cost nothing
      if (mayLog(address.split(':')[0] ?? '')) {
        const reason = 'it is no member of this mesh, and no invitation issued here and still known has its key'
        log.warn({ peer, address, reason }, 'refused a stranger')
      }
      return key === undefined
    },
  }
}
