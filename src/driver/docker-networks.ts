/**
 * Which Docker network is which of ours. Docker's ids differ per host and Docker names a network to us only once, at
 * its creation, so the answer is kept among the facts of this host; the reconciler restores it from Docker's labels.
 */
import type { NetworkId } from '../model/network.ts'
import type { LocalFacts } from '../replica/replica.ts'

const prefix = 'docker/net/'

export interface DockerNetworks {
  /** Our id of Docker's network. */
  idOf(dockerId: string): NetworkId | undefined
  /** Docker's ids of ours: mostly one. */
  dockerIdsOf(network: NetworkId): string[]
  /** Docker's ids that are matched. */
  dockerIds(): string[]
  /** Those of ours that were ever matched with one of Docker's. */
  ids(): Set<NetworkId>
  /** Durable when it resolves; idempotent. */
  remember(dockerId: string, network: NetworkId): Promise<void>
  forget(dockerId: string): Promise<void>
}

export function createDockerNetworks(local: LocalFacts): DockerNetworks {
  return {
    idOf: dockerId => local.get(prefix + dockerId),
    dockerIdsOf: network =>
      local
        .entries(prefix)
        .filter(([, value]) => value === network)
        .map(([key]) => key.slice(prefix.length)),
    dockerIds: () => local.entries(prefix).map(([key]) => key.slice(prefix.length)),
    ids: () => new Set(local.entries(prefix).map(([, network]) => network)),
    async remember(dockerId, network) {
      if (local.get(prefix + dockerId) !== network) await local.set([[prefix + dockerId, network]])
    },
    async forget(dockerId) {
      if (local.get(prefix + dockerId) !== undefined) await local.set([[prefix + dockerId, undefined]])
    },
  }
}
