/** Who may connect: members, and as guests holders of invitations that this peer issued, and members that were removed. */
import type { PeerKey } from '../lib/keys.ts'
import type { Logger } from '../lib/log.ts'
import { type Address, parseAddress } from './address.ts'
import { isPeerKey } from './peer-id.ts'

export interface Members {
  /** Replaces the list; false if it says what was known. */
  set(members: readonly { key: PeerKey; addresses: readonly string[] }[]): boolean
  setInvitations(keys: readonly PeerKey[]): void
  setRemoved(keys: readonly PeerKey[]): void
  has(key: PeerKey): boolean
  isInvited(key: PeerKey): boolean
  /** It was a member. */
  isRemoved(key: PeerKey): boolean
  /** Members other than this peer. */
  keys(): PeerKey[]
  addresses(key: PeerKey): readonly Address[]
  /** For people: where it listens and the head of its key. */
  nameOf(key: PeerKey): string
}

export function createMembers(self: PeerKey, log: Logger): Members {
  let known = new Map<PeerKey, Address[]>()
  let invitations = new Set<PeerKey>()
  let removed = new Set<PeerKey>()
  let digest = ''

  function usable(key: PeerKey, texts: readonly string[]): Address[] {
    return texts.flatMap(text => {
      const address = parseAddress(text)
      if (address && address.port > 0) return [address]
      log.warn({ peer: key, address: text }, 'address of a member is unusable')
      return []
    })
  }

  return {
    set(members) {
      const others = members.filter(({ key }) => key !== self && isPeerKey(key))
      const said = JSON.stringify(others.map(({ key, addresses }) => [key, ...addresses]).sort())
      if (said === digest) return false
      digest = said
      known = new Map(others.map(({ key, addresses }) => [key, usable(key, addresses)]))
      return true
    },
    setInvitations(keys) {
      invitations = new Set(keys)
    },
    setRemoved(keys) {
      removed = new Set(keys)
    },
    has: key => known.has(key),
    isInvited: key => invitations.has(key),
    isRemoved: key => removed.has(key) && !known.has(key),
    keys: () => [...known.keys()],
    addresses: key => known.get(key) ?? [],
    nameOf(key) {
      const [address] = known.get(key) ?? []
      return address ? `peer ${key.slice(0, 8)} at ${address.host}:${address.port}` : `peer ${key.slice(0, 8)}`
    },
  }
}
