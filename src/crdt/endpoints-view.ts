/** Endpoints and VTEPs as everybody reads them. Part of `RegistryView`. */
import type { PeerKey } from '../lib/keys.ts'
import type { GroupId } from '../model/group.ts'
import type { NetworkId } from '../model/network.ts'

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

export interface EndpointsView {
  /** Sorted by (ip, owner, id). */
  endpoints(network: NetworkId): Endpoint[]
  /** The same, made one after the other: who needs none of them for long leaves no memory behind that waits for a collection. */
  eachEndpoint(network: NetworkId): Iterable<Endpoint>
  /** True once an endpoint of the network was in a group. */
  everGrouped(network: NetworkId): boolean
  /** Those of `endpoints` that have this address. */
  endpointsAt(network: NetworkId, ip: number): Endpoint[]
  endpoint(owner: PeerKey, id: string): Endpoint | undefined
  /** Another number after each change of the network's endpoints, within one run of the process. */
  endpointsVersion(network: NetworkId): number
  /**
   * Addresses whose endpoints changed after `since`, a version of them; also where the state was made anew from what is left of its records.
   * Undefined if there were too many, or other endpoints may be shown by what is no record of them (a host is gone, a fork): all may have.
   */
  changedAddresses(network: NetworkId, since: number): readonly number[] | undefined
  /** One owner's in all networks, sorted by (network, ip, id). */
  endpointsOf(owner: PeerKey): Endpoint[]
  /** Another number whenever one of them came, went or moved. */
  ownedVersion(owner: PeerKey): number
  /** Live endpoints that hold an address of the network (R5). */
  holders(network: NetworkId, ip: number): Endpoint[]
  /** True if some endpoint record, live or deleted, ever held the address. */
  wasEndpoint(network: NetworkId, ip: number): boolean
  /** Addresses of a network that live endpoints of several owners hold, ascending. */
  duplicates(network: NetworkId): number[]
  /** Sorted by owner; one each, but of a forked owner one of each address that its histories end with, sorted by it. */
  vteps(network: NetworkId): Vtep[]
  /** As `endpointsVersion`, of the network's VTEPs; `vnisVersion` of all networks' VNIs. */
  vtepsVersion(network: NetworkId): number
  vnisVersion(): number
  /** Every VNI this owner ever received a network on, with the network: never to be used for another (I4). */
  vnisOf(owner: PeerKey): Map<number, NetworkId>
  /** Floor of the base-2 logarithm of the free addresses that an owner published, -1 for none free; undefined if unpublished. */
  freeHint(network: NetworkId, owner: PeerKey): number | undefined
}
