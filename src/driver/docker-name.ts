/** Which name a network gets in this host's Docker. */
import type { Network } from '../crdt/registry-view.ts'
import { dockerName } from '../model/names.ts'

/** The name that a network should have in Docker. */
export function wantedName(network: Network): string {
  return dockerName(network.tenant, network.name)
}

/** The name it gets where another network of that Docker holds the wanted one: `web~1a2b3c`, with more digits if need be. */
export function fallbackName(network: Network, isTaken: (name: string) => boolean): string {
  for (const digits of [6, 12]) {
    const name = dockerName(network.tenant, `${network.givenName}~${network.id.slice(0, digits)}`)
    if (!isTaken(name)) return name
  }
  return dockerName(network.tenant, `${network.givenName}~${network.id}`)
}
