/**
 * What everybody reads: the replicated state as objects. Every method is a pure function of the records received so
 * far; two peers with the same records give the same answers. `Registry` implements it.
 */
import type { PeerKey } from '../lib/keys.ts'
import type { GroupId } from '../model/group.ts'
import type { NetworkId, NetworkSpec } from '../model/network.ts'
import type { Hlc } from './hlc.ts'
import type { Assertion, DockerPair, RemovalTarget, Step, Transfer } from './leaves.ts'
import type { ObjectsView } from './objects-view.ts'
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

export interface Network {
  readonly id: NetworkId
  readonly tenant: string
  /** The name to show and to give to Docker: `givenName`, or `givenName~1a2b3c` for the later of two. */
  readonly name: string
  /** The name it was created under: part of its id. */
  readonly bornName: string
  /** The name that its last rename gave it, else `bornName`. */
  readonly givenName: string
  /** HLC of the act that gave it that name. */
  readonly named: Hlc
  readonly generation: number
  readonly spec: NetworkSpec
  /** Settled peers at its creation: the seeds of its blocks. */
  readonly roster: readonly PeerKey[]
  /** HLC of the first act of creation. */
  readonly created: Hlc
  /** `draining`: deleted, but an endpoint is left somewhere; takes no new endpoints. */
  readonly status: 'live' | 'draining'
  /** Its containers move into this network, a live one of the tenant that is not drained itself; it takes no new endpoints. */
  readonly into?: NetworkId
  /** Of a network that was born by `docker network create`. */
  readonly docker?: NetworkDocker
}

/** What every host's Docker network of it carries. */
export interface NetworkDocker {
  /** Where it was born, or was created again last. */
  readonly host: PeerKey
  readonly labels: readonly DockerPair[]
  readonly options: readonly DockerPair[]
  readonly internal: boolean
}

export interface Endpoint {
  /** Docker's endpoint id. */
  readonly id: string
  readonly network: NetworkId
  readonly owner: PeerKey
  readonly ip: number
  readonly mac: string
  /** Container id and name when known, else ''. */
  readonly container: string
  readonly containerName: string
  /** Further names that the container answers to in this network: network aliases, short id, host name. */
  readonly aliases: readonly string[]
  /** The group that it is in; absent for none. */
  readonly group?: GroupId
  /** The owner's former key, whose record it is: the owner has written none of its own yet (R8). */
  readonly recordedBy?: PeerKey
  /** Of a forked owner's: underlay address of the one of its machines that has it (R8). */
  readonly at?: string
}

/** Where a member receives a network's frames. */
export interface Vtep {
  readonly network: NetworkId
  readonly owner: PeerKey
  /** Underlay address, dotted. */
  readonly address: string
  /** The VNI on which this member receives. */
  readonly vni: number
  /** As of an endpoint. */
  readonly recordedBy?: PeerKey
}

/** The register of one block as it takes effect. Without a valid transfer it is its genesis: epoch 0. */
export interface Block {
  readonly index: number
  readonly owner: PeerKey
  readonly epoch: number
  readonly removal: number
  /** Addresses carved out of it. */
  readonly carved: readonly number[]
  /**
   * Given twice, its owner has two histories, or was removed and is not known to be down: nobody may use it. Else this peer
   * may not, yet.
   */
  readonly quarantined: boolean
  /** Whose it was when a removal made it its owner's (R9); absent if the genesis or a transfer gave it to its owner. */
  readonly inheritedFrom?: PeerKey
}

/** The register of an address that was carved out of its block (R6): whoever owns the block, this one's owner counts. */
export interface CarvedAddress {
  readonly ip: number
  /** Until it is given away, who carved it out: epoch 0. */
  readonly owner: PeerKey
  readonly epoch: number
  readonly removal: number
  /** As of a block: given or carved out twice, among others. */
  readonly quarantined: boolean
  /** As of a block. */
  readonly inheritedFrom?: PeerKey
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
  /** While undecided: members whose acknowledgement is missing, ascending. Empty, too, while lists have not arrived. */
  readonly waitingFor: readonly PeerKey[]
  /** While undecided: all who stay are more than half of the members, or need not be. */
  readonly isMajority: boolean
  /** What the starter may declare it effective with. */
  readonly complete?: { readonly acks: readonly Dot[]; readonly cut: readonly number[] }
  /** The starter's declaration. */
  readonly end?: Dot
  /** Of an effective one: per target, above which counter nothing of it counts. */
  readonly cut?: readonly number[]
}

/** A standing problem, the same on all peers. */
export interface Condition {
  readonly kind: string
  /** Ids of what it is about: networks, names of tenants, keys of members, addresses, blocks. */
  readonly objects: readonly string[]
  /** HLC of its cause. */
  readonly since: Hlc
  /** The cause, one line. */
  readonly text: string
  readonly remedy: string
  /** Commands of the remedy, each of which resolves it as it stands. */
  readonly commands?: readonly string[]
}

/** The latest word on a drain of a network into another. */
export interface Drain {
  /** As it was said: that network may be gone, or be drained itself. */
  readonly into: NetworkId
  readonly by: PeerKey
  readonly since: Hlc
}

export interface RegistryView {
  readonly meshId: string
  /** Groups, policies, rules, profiles, settings. */
  readonly objects: ObjectsView
  member(key: PeerKey): Member | undefined
  /** A member, or one that was removed. */
  everMember(key: PeerKey): Member | undefined
  /** Founder first, then by admission (HLC, key); without those that were removed. */
  members(): Member[]
  /** True if two histories of this writer are known (R8): what it owns is quarantined, and nobody gives it anything. */
  isForked(key: PeerKey): boolean
  /** Who came back in the place of this key (R8): it writes nothing more, and what it owns is quarantined as well. */
  succeededBy(key: PeerKey): PeerKey | undefined
  /** Forked or succeeded: it gets no addresses, and nobody uses its. */
  isFenced(key: PeerKey): boolean
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
  /** The same of networks; a network's endpoints have a version of their own. */
  networksVersion(): number
  /** Sorted by name, `default` first. */
  tenants(): string[]
  hasTenant(name: string): boolean
  /** Live and draining networks, sorted by (tenant, name, id); of one tenant, or all. */
  networks(tenant?: string): Network[]
  network(id: NetworkId): Network | undefined
  /** The live network that bears the name. */
  networkByName(tenant: string, name: string): Network | undefined
  /** True if deletions cover every act of the network that is known: the evidence that I5 asks for. */
  isDeleted(id: NetworkId): boolean
  /** Whether it is to be drained, also if that takes no effect, or the network is gone. */
  drain(id: NetworkId): Drain | undefined
  /** HLC of the network's latest deletion; undefined if there is none. */
  deletedSince(id: NetworkId): Hlc | undefined
  /** Members whose Docker still has containers of the network, which is deleted; ascending. */
  heldBy(id: NetworkId): PeerKey[]
  /** Sorted by (ip, owner, id). */
  endpoints(network: NetworkId): Endpoint[]
  /** Those of `endpoints` that have this address. */
  endpointsAt(network: NetworkId, ip: number): Endpoint[]
  endpoint(owner: PeerKey, id: string): Endpoint | undefined
  /** Another number after each change of the network's endpoints, within one run of the process. */
  endpointsVersion(network: NetworkId): number
  /** Addresses whose endpoints changed after `since`, a version of them; undefined if there were too many: all may have. */
  changedAddresses(network: NetworkId, since: number): readonly number[] | undefined
  /** One owner's in all networks, sorted by (network, ip, id). */
  endpointsOf(owner: PeerKey): Endpoint[]
  /** Another number whenever one of them came, went or moved. */
  ownedVersion(owner: PeerKey): number
  /** Live endpoints that hold an address of the network (R5). */
  holders(network: NetworkId, ip: number): Endpoint[]
  /** True if some endpoint record, live or deleted, ever held the address. */
  wasEndpoint(network: NetworkId, ip: number): boolean
  /** Sorted by owner; one each, but of a forked owner one of each address that its histories end with, sorted by it. */
  vteps(network: NetworkId): Vtep[]
  /** As `endpointsVersion`, of the network's VTEPs; `vnisVersion` of all networks' VNIs. */
  vtepsVersion(network: NetworkId): number
  vnisVersion(): number
  /** Every VNI this owner ever received a network on, with the network: never to be used for another (I4). */
  vnisOf(owner: PeerKey): Map<number, NetworkId>
  /** Number of blocks of a network; 0 if the network is unknown. */
  blockCount(network: NetworkId): number
  /** Addresses in a block: first and last, inclusive, before exclusions. */
  blockRange(network: NetworkId, index: number): { first: number; last: number }
  block(network: NetworkId, index: number): Block | undefined
  /** Index of the block that holds the address; undefined when none does. */
  blockOf(network: NetworkId, ip: number): number | undefined
  /** The custody chain behind `block`; empty at genesis. */
  transfers(network: NetworkId, index: number): readonly Transfer[]
  /** Its register, if the address was carved out of its block; otherwise the block's counts. */
  address(network: NetworkId, ip: number): CarvedAddress | undefined
  /** The custody chain behind `address`; empty while its carver has it. */
  addressTransfers(network: NetworkId, ip: number): readonly Step[]
  /** Addresses that were carved out of their blocks, ascending. */
  carved(network: NetworkId): number[]
  /** Who keeps the address for who asks for it by name: its owner, and only while it is that. */
  reservedBy(network: NetworkId, ip: number): PeerKey | undefined
  /** Addresses with a reservation in effect, ascending. */
  reserved(network: NetworkId): number[]
  /** Blocks that some custody chain is about, in effect or not, ascending; all others are as the genesis dealt them. */
  touchedBlocks(network: NetworkId): readonly number[]
  /** Block i was dealt to entry i mod n at the genesis; empty if the network is unknown. */
  dealOrder(network: NetworkId): readonly PeerKey[]
  /** Who has what this owner had: itself, or the heir of one that is gone; and whether nobody here may use it (R9). */
  successor(owner: PeerKey): { owner: PeerKey; quarantined: boolean }
  /** Floor of the base-2 logarithm of the free addresses that an owner published, -1 for none free; undefined if unpublished. */
  freeHint(network: NetworkId, owner: PeerKey): number | undefined
  conditions(): Condition[]
  /** HLC of the member's newest record; undefined if none is held. */
  lastWrite(writer: PeerKey): Hlc | undefined
  /** Addresses of a network that live endpoints of several owners hold, ascending. */
  duplicates(network: NetworkId): number[]
  /** Acts of creation of a network, or writes of a tenant, that no deletion covers: what a deletion must name. */
  actsOf(network: NetworkId): Dot[]
  tenantActs(name: string): Dot[]
  /** Generation that a network created now under this name is born with (never goes down). */
  nextGeneration(tenant: string, name: string): number
  /** True if a roster or list of this hash is held. */
  hasContent(hash: string): boolean
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
  /** Removals, ascending by dot. */
  removals(): Removal[]
  /** Last counter that is held of a writer, whatever takes effect; 0 for none. */
  held(writer: PeerKey): number
  /**
   * Dots of acknowledgements that prove a strict majority for this admission; undefined while there is none. A forked
   * writer may have admitted two newcomers by one dot: `newcomer` says which is meant.
   */
  majorityFor(admission: Dot, newcomer?: PeerKey): Dot[] | undefined
  /** Number of live records, for `status`. */
  size(): number
  /** SHA-256 over the live records, hex: equal on peers that received the same set. */
  digest(): string
}
