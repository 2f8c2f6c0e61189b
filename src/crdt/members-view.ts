/** Members and removals as everybody reads them. Part of `RegistryView`. */
import type { PeerKey } from '../lib/keys.ts'
import type { Hlc } from './hlc.ts'
import type { Assertion, RemovalTarget } from './leaves.ts'
import type { Dot } from './vector.ts'

/** A host's agent. */
export interface Member {
  readonly key: PeerKey
  /** The host's name, as it was admitted under; unique only if the operators made it so. */
  readonly name: string
  /** Settled members are seeds of new networks and own addresses (R4); the others are pending. */
  readonly settled: boolean
  /** The founder has none. */
  readonly admittedBy?: PeerKey
  /** The key that it had before, which signed it in (R8). */
  readonly succeeds?: PeerKey
  /** For a pending member: members whose acknowledgement is still missing for a majority (names to show). */
  readonly waitingFor: readonly PeerKey[]
  /** Where its mesh listens: `ADDR:PORT`. */
  readonly addresses: readonly string[]
  /** Its VTEP address on the underlay, dotted; '' until it has published one. */
  readonly vtepAddress: string
  /** MTU of its underlay interface, bytes; 0 until it has published one. */
  readonly mtu: number
  /** Of its machine (`machineOf`); '' until it has published one. */
  readonly machine: string
}

/** The removal of one or more hosts (R9). */
export interface Removal {
  readonly dot: Dot
  readonly since: Hlc
  readonly starter: PeerKey
  readonly targets: readonly RemovalTarget[]
  /** By the removal itself; see `assertedAt`. */
  readonly assertion: Assertion
  /** Since when the hosts are said to be down, now or later; without it their addresses are nobody's. */
  readonly assertedAt?: Hlc
  readonly outcome: 'undecided' | 'effective' | 'cancelled'
  readonly ackedBy: readonly PeerKey[]
  /** While undecided: a list that settled the peer whose view this is names it (R4). */
  readonly isTold?: true
  /** While undecided: its starter took it back, above what is heeded of that here. It never becomes effective, and binds nobody. */
  readonly isLifted?: true
  /** While undecided: it never becomes effective, since its starter took it back, or was removed before it ended it (moot.ts). */
  readonly isMoot?: true
  /** While undecided: members whose acknowledgement is missing, ascending. Empty, too, while lists have not arrived. */
  readonly waitingFor: readonly PeerKey[]
  /** While undecided: all who stay are more than half of the members, or need not be. */
  readonly isMajority: boolean
  /** It cannot be decided: an acknowledgement rests on what a target declared after what the starter held of it when it started this. */
  readonly isBehind?: true
  /** What the starter may declare it effective with. */
  readonly complete?: { readonly acks: readonly Dot[]; readonly cut: readonly number[] }
  /** The starter's declaration. */
  readonly end?: Dot
  /** While undecided: its starter declared it effective, and what that cites is held and does not make it so. It never becomes effective. */
  readonly isUnproven?: true
  /** Of an effective one: per target, above which counter nothing of it counts. */
  readonly cut?: readonly number[]
}

export interface MembersView {
  member(key: PeerKey): Member | undefined
  /** A member, or one that was removed. */
  everMember(key: PeerKey): Member | undefined
  /** Founder first, then by admission (HLC, key); without those that were removed. */
  members(): Member[]
  /** Who came back in the place of this key (R8): it writes nothing more, and what it owns is quarantined as well. */
  succeededBy(key: PeerKey): PeerKey | undefined
  /** Successions by members, ascending by HLC; `isInEffect` is true of one of each former key. */
  successions(): { former: PeerKey; key: PeerKey; admitter: PeerKey; since: Hlc; isInEffect: boolean }[]
  /**
   * True if records of this member may come to lie above a cut that this peer does not decide with: it is a target of an undecided
   * removal, and this peer was let in meanwhile (R4). False on a peer that counts in the removal: what it has acknowledged stays.
   */
  isDoubtful(key: PeerKey): boolean
  /**
   * Another number whenever members, admissions or invitations may have changed, within one run of the process. Like the
   * other versions it lets whoever looks at each change see at once that nothing of interest did.
   */
  membersVersion(): number
  /** Invitations that this peer issued, with how often they were used. */
  invitations(issuer: PeerKey): { key: PeerKey; expiresMs: number; uses: number; usedBy: readonly PeerKey[] }[]
  /** Admissions in effect, ascending by dot; what an acknowledgement lists. */
  admissions(): {
    key: PeerKey
    dot: Dot
    since: Hlc
    admitter: PeerKey
    ackedBy: readonly { key: PeerKey; dot: Dot; known: string }[]
  }[]
  /**
   * Dots of acknowledgements that prove a majority for this admission, where all that they and it list is in effect here; undefined while there is none. A forked
   * writer may have admitted two newcomers by one dot: `newcomer` says which is meant.
   */
  majorityFor(admission: Dot, newcomer?: PeerKey): Dot[] | undefined
  /** True if what this peer wrote of the admission, all together, lists every removal that is effective. */
  hasListedGone(writer: PeerKey, newcomer: PeerKey, admission: Dot): boolean
  /** True if in something that this peer wrote of the admission it has itself as settled. */
  hasSpokenSettled(writer: PeerKey, newcomer: PeerKey, admission: Dot): boolean
  /** Removals, ascending by dot. */
  removals(): Removal[]
}
