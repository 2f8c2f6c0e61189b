/**
 * The records that peers write: plain objects here, canonical arrays on the wire (docs/reference/records.md). A leaf of an
 * unknown kind, or one that is malformed, is stored and relayed as its bytes and takes no effect; fields that a newer
 * version appends are ignored here and kept by relays.
 */
import type { PeerKey } from '../lib/keys.ts'
import type { GroupId } from '../model/group.ts'
import type { NetworkId, NetworkSpec } from '../model/network.ts'
import type { ObjectLeaf } from './object-leaves.ts'
import type { Dot } from './vector.ts'

/** One custody step: signed by `from`, who was the owner at `epoch - 1`, or is its heir. */
export interface Step {
  readonly epoch: number
  readonly from: PeerKey
  readonly to: PeerKey
  /** Of the leaf by which `from` gave it: a removal's cut tells by it whether the step counts (R9). */
  readonly counter: number
  readonly signature: Uint8Array
}

/** A custody step of a block. */
export interface Transfer extends Step {
  /** Addresses carved out of the block, ascending; a later step only adds. */
  readonly carved: readonly number[]
}

/** An admission as an acknowledgement lists it: the record, not a number (R4). */
export interface ListedAdmission {
  readonly key: PeerKey
  readonly dot: Dot
}

/** Who is to go in a removal. */
export interface RemovalTarget {
  readonly key: PeerKey
  /** Takes over its blocks and carved-out addresses. */
  readonly heir: PeerKey
  /** Last counter of it that the starter holds; 0 for none. */
  readonly counter: number
}

/** What a removal asserts: 0 nothing, 1 that the hosts are down, 2 that also every host is that joined through them unseen. */
export type Assertion = 0 | 1 | 2

/** A label or an option of Docker. */
export type DockerPair = readonly [name: string, value: string]

export type MeshLeaf = { kind: 'mesh'; founder: PeerKey; nonce: Uint8Array; name: string; addresses: readonly string[] }
export type InvitationLeaf = { kind: 'invitation'; invitation: PeerKey; expiresMs: number; uses: number }
export type AdmissionLeaf = {
  kind: 'admission'
  key: PeerKey
  name: string
  addresses: readonly string[]
  /** An invitation of the admitter; or the key of a member that comes back under this one. */
  invitation: PeerKey
  /** By the invitation's key over `admissionProof`; by the member's over `successionProof`. */
  proof: Uint8Array
  /** Hash of the admission list that the admitter knew: its own acknowledgement. */
  known: string
}
export type AckLeaf = { kind: 'ack'; admission: Dot; known: string }
export type SettledLeaf = { kind: 'settled'; admission: Dot; acks: readonly Dot[] }
/** Admissions and removals that an acknowledgement carries; named by its hash. */
export type KnownLeaf = {
  kind: 'known'
  admissions: readonly ListedAdmission[]
  /** Removals, whatever became of them; a record without these, of an older version, is read as []. */
  removals: readonly Dot[]
  /** Ends of those that are effective. */
  ends: readonly Dot[]
  /** Newcomers listed whom the writer did not know to be settled; a record without these lists none. */
  pending: readonly PeerKey[]
}
/** Starts the removal of hosts (R9), and is its writer's acknowledgement. */
export type RemovalLeaf = { kind: 'removal'; targets: readonly RemovalTarget[]; assertion: Assertion; known: string }
/** `counters`: the last one held of each target, in the removal's order. */
export type RemovalAckLeaf = { kind: 'removal-ack'; removal: Dot; counters: readonly number[]; known: string }
/** The starter's declaration, once. `cut`: per target, above which counter nothing of it counts; empty when cancelled. */
export type RemovalEndLeaf = {
  kind: 'removal-end'
  removal: Dot
  effective: boolean
  acks: readonly Dot[]
  cut: readonly number[]
}
/** Asserts later that the targets of a removal are down. */
export type HostDownLeaf = { kind: 'host-down'; removal: Dot }
/** Settled peers at a network's creation, ascending; named by its hash. */
export type RosterLeaf = { kind: 'roster'; keys: readonly PeerKey[] }
export type TenantLeaf = { kind: 'tenant'; name: string }
export type TenantRmLeaf = { kind: 'tenant-rm'; name: string; seen: readonly Dot[] }
export type NetworkLeaf = {
  kind: 'network'
  tenant: string
  name: string
  generation: number
  spec: NetworkSpec
  roster: string
}
export type NetworkRmLeaf = {
  kind: 'network-rm'
  id: NetworkId
  tenant: string
  name: string
  generation: number
  seen: readonly Dot[]
}
/** A network's new name. It carries the birth, so that it raises the generation by itself (H2). */
export type NetworkRenameLeaf = {
  kind: 'network-rename'
  id: NetworkId
  tenant: string
  /** Born under. */
  name: string
  generation: number
  newName: string
}
/** A network whose containers move into another; without `into` they stay after all. */
export type NetworkDrainLeaf = { kind: 'network-drain'; id: NetworkId; into: NetworkId | '' }
/** Whether the writer's Docker still has containers of the network, which is deleted. */
export type NetworkHoldLeaf = { kind: 'network-hold'; network: NetworkId; isHeld: boolean }
/** An address that its owner, the writer, hands out only to who asks for it by name; or, with `isKept` false, to all again. */
export type ReservationLeaf = { kind: 'reservation'; network: NetworkId; ip: number; isKept: boolean }
/** What Docker's copies of a network carry that was born by `docker network create`. */
export type NetworkDockerLeaf = {
  kind: 'network-docker'
  network: NetworkId
  labels: readonly DockerPair[]
  options: readonly DockerPair[]
  internal: boolean
}
export type EndpointLeaf = {
  kind: 'endpoint'
  id: string
  network: NetworkId
  ip: number
  mac: string
  container: string
  containerName: string
  /** Further names of the container in this network; a record without them, of an older version, is read as []. */
  aliases?: readonly string[]
  /** The group that it is in; left out for none. */
  group?: GroupId
}
export type EndpointRmLeaf = { kind: 'endpoint-rm'; id: string; network: NetworkId }
export type VtepLeaf = { kind: 'vtep'; network: NetworkId; address: string; vni: number }
export type PeerLeaf = {
  kind: 'peer'
  name: string
  addresses: readonly string[]
  vtepAddress: string
  mtu: number
  /** Tells machines of one mesh apart (`machineOf`); left out where it is not known. */
  machine?: string
}
export type BlockLeaf = {
  kind: 'block'
  network: NetworkId
  index: number
  removal: number
  transfers: readonly Transfer[]
}
/** The register of an address that was carved out of its block (R6); its root is who carved it out. */
export type AddressLeaf = {
  kind: 'address'
  network: NetworkId
  ip: number
  removal: number
  transfers: readonly Step[]
}
/** The writer lets go of its leaves from `first` to `last` whose bit (counter − first, lowest first) is not set. */
export type CheckpointLeaf = {
  kind: 'checkpoint'
  first: number
  last: number
  bitmap: Uint8Array
  /** Over the header of the compact unit that is left. */
  signature: Uint8Array
}
export type FreeLeaf = { kind: 'free'; network: NetworkId; log2: number }

export type Leaf =
  | MeshLeaf
  | InvitationLeaf
  | AdmissionLeaf
  | AckLeaf
  | SettledLeaf
  | KnownLeaf
  | RemovalLeaf
  | RemovalAckLeaf
  | RemovalEndLeaf
  | HostDownLeaf
  | RosterLeaf
  | TenantLeaf
  | TenantRmLeaf
  | NetworkLeaf
  | NetworkRmLeaf
  | NetworkRenameLeaf
  | NetworkDrainLeaf
  | NetworkDockerLeaf
  | NetworkHoldLeaf
  | EndpointLeaf
  | EndpointRmLeaf
  | VtepLeaf
  | PeerLeaf
  | BlockLeaf
  | AddressLeaf
  | FreeLeaf
  | ReservationLeaf
  | ObjectLeaf
  | CheckpointLeaf

/** Largest encoded leaf, bytes: a roster or list of 1,000 peers fits. */
export const maxLeafBytes = 128 * 1024

/** Most counters that one checkpoint speaks of. */
export const maxRunCounters = 4096

/** Of one endpoint: more than any container has, and few enough for a batch of many endpoints. */
export const maxAliases = 64

/** Hosts of one removal: several die at once, not a whole mesh. */
export const maxTargets = 64
