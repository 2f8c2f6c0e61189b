/**
 * Who may connect: members, whoever has shown that it knows this peer better than it does itself, and as guests holders of invitations that
 * this peer issued, and members that were removed.
 */
import type { PeerKey } from '../lib/keys.ts'
import type { Logger } from '../lib/log.ts'
import { type Address, parseAddress } from './address.ts'
import { isPeerKey } from './peer-id.ts'

/** Of those who are taken for members by what they have shown, ever: who is one is in the list once their records were read. */
const maxProven = 4

export interface Members {
  /** Replaces the list; false if it says what was known. */
  set(members: readonly { key: PeerKey; addresses: readonly string[] }[]): boolean
  setInvitations(keys: readonly PeerKey[]): void
  setRemoved(keys: readonly PeerKey[]): void
  /** Takes `key` for a member until the list or the removed say more of it: the last four of them. */
  prove(key: PeerKey): void
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
  const proven = new Set<PeerKey>()
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
      for (const key of known.keys()) proven.delete(key)
      return true
    },
    setInvitations(keys) {
      invitations = new Set(keys)
    },
    setRemoved(keys) {
      removed = new Set(keys)
      for (const key of removed) proven.delete(key)
    },
    prove(key) {
      if (removed.has(key) || known.has(key)) return
      proven.delete(key)
      proven.add(key)
      for (const first of [...proven].slice(0, -maxProven)) proven.delete(first)
    },
    has: key => known.has(key) || proven.has(key),
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
