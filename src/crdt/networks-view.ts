/** Tenants and networks as everybody reads them. Part of `RegistryView`. */
import type { PeerKey } from '../lib/keys.ts'
import type { NetworkId, NetworkSpec } from '../model/network.ts'
import type { Hlc } from './hlc.ts'
import type { DockerPair } from './leaves.ts'
import type { Dot } from './vector.ts'

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

/** The latest word on a drain of a network into another. */
export interface Drain {
  /** As it was said: that network may be gone, or be drained itself. */
  readonly into: NetworkId
  readonly by: PeerKey
  readonly since: Hlc
}

export interface NetworksView {
  /** As `membersVersion`, of the list of networks; a network's endpoints have a version of their own. */
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
  /** Acts of creation of a network, or writes of a tenant, that no deletion covers: what a deletion must name. */
  actsOf(network: NetworkId): Dot[]
  tenantActs(name: string): Dot[]
  /** Generation that a network created now under this name is born with (never goes down). */
  nextGeneration(tenant: string, name: string): number
}
