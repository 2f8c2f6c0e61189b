/** A host: its key, its disk, its containers, and the process that runs on it or does not. */
import type { PeerKey, Signer } from '../../src/lib/keys.ts'
import type { GroupId } from '../../src/model/group.ts'
import type { NetworkId } from '../../src/model/network.ts'
import type { Introductions } from '../../src/replica/join.ts'
import type { Holding } from './checks/addresses.ts'
import type { Peer } from './peer.ts'
import type { Random } from './random.ts'
import type { Life } from './virtual-clock.ts'
import type { VirtualDisk } from './virtual-disk.ts'

export interface Container {
  /** Docker's endpoint id. */
  readonly id: string
  readonly network: NetworkId
  /** In which it was run. */
  readonly group?: GroupId
  readonly ip: number
  readonly holding: Holding
}

export interface Host {
  readonly name: string
  /** Its place in the plan; decides its first key. */
  readonly index: number
  signer: Signer
  /** Keys that it gave up when it was removed (src/agent/identity.ts). */
  former: readonly PeerKey[]
  /** Keys that it had and has no more, for whatever reason. */
  readonly abandoned: PeerKey[]
  /** The key under which it has asked to come back in the place of its own (src/agent/coming-back.ts). */
  comingBack: Signer | undefined
  /** It begins the mesh, and has not joined under another key since. */
  isFounder: boolean
  readonly disk: VirtualDisk
  /** Where the note outside of the data directory is (R8). */
  readonly witness: VirtualDisk
  /** Chance of what its people and its Docker do by themselves. */
  readonly random: Random
  /** How far its wall clock is off, ms. */
  skewMs: number
  /** Set once it has been admitted, or has founded the mesh. */
  membership: { meshId: string; introductions: Introductions } | undefined
  /** Containers that run, also while the peer does not. */
  readonly containers: Map<string, Container>
  /** Endpoints that Docker is just creating or removing. */
  readonly busy: Set<string>
  /** The running process, whatever it is doing; undefined while there is none. */
  life: Life | undefined
  /** Its parts, from when the journal has been read. */
  peer: Peer | undefined
  /** It has lost its power and never comes back. */
  gone: boolean
  /** It serves users. */
  ready: boolean
  /** Requests of users that the process is working on. */
  flows: number
}

/** Where the records of the host's present key are, below its data directory (src/agent/identity.ts). */
export function recordsOf({ signer }: Host): string {
  return `records-${signer.key.slice(0, 16)}/`
}

/** Where the host of this name listens: what its records and its tokens say. */
export function addressOf(name: string): string {
  return `${name}:7373`
}
