/** Which names stand for which endpoints: an index per network, made anew when the network's endpoints have changed. */
import type { RegistryView } from '../crdt/registry-view.ts'
import type { Clock } from '../lib/clock.ts'
import type { PeerKey } from '../lib/keys.ts'
import { dockerName } from '../model/names.ts'
import type { NetworkId } from '../model/network.ts'

export interface Names {
  /** Networks that this host has endpoints in, with the endpoints' ids. */
  local(): readonly LocalNetwork[]
  /** Another number after each change of this host's endpoints. */
  localVersion(): number
  /** Addresses of a name in a network. `name` in lower case; `NAME.NETWORK` is known too, as in Docker. */
  addresses(network: NetworkId, name: string): Addresses
  /** `NAME.NETWORK` of the endpoint with this address, as Docker answers for its own. */
  pointer(network: NetworkId, ip: number): string | undefined
}

/** Of this host's endpoints, and of the others'. */
export interface Addresses {
  readonly own: readonly number[]
  readonly others: readonly number[]
}

export interface LocalNetwork {
  readonly network: NetworkId
  readonly endpoints: readonly string[]
}

interface Index {
  readonly version: number
  /** Not made anew before this, monotonic ms. */
  readonly until: number
  readonly byName: ReadonlyMap<string, Addresses>
  readonly byAddress: ReadonlyMap<number, string>
}

/** An index costs as much as its network is large; in a network that changes all the time this bounds it to a tenth. */
const restPerBuild = 9

const none: Addresses = { own: [], others: [] }

export function createNames(view: RegistryView, self: PeerKey, clock: Pick<Clock, 'monotonic'>): Names {
  const indexes = new Map<NetworkId, Index>()
  let changes = 0
  let found: readonly LocalNetwork[] = []
  let localVersion = ''

  function indexOf(network: NetworkId): Index {
    const known = indexes.get(network)
    const version = view.endpointsVersion(network)
    const begin = clock.monotonic()
    if (known && (known.version === version || begin < known.until)) return known
    const built = build(view, self, network)
    const end = clock.monotonic()
    const index = { ...built, version, until: end + (end - begin) * restPerBuild }
    indexes.set(network, index)
    return index
  }

  function local(): readonly LocalNetwork[] {
    const version = `${view.ownedVersion(self)} ${view.networksVersion()}`
    if (version === localVersion) return found
    localVersion = version
    const own = new Map<NetworkId, string[]>()
    for (const { network, id } of view.endpointsOf(self)) {
      if (view.network(network)) own.set(network, [...(own.get(network) ?? []), id])
    }
    const before = JSON.stringify(found)
    found = [...own].map(([network, endpoints]) => ({ network, endpoints }))
    if (JSON.stringify(found) !== before) changes++
    for (const id of indexes.keys()) if (!own.has(id)) indexes.delete(id)
    return found
  }

  return {
    local,
    localVersion() {
      local()
      return changes
    },
    addresses(network, name) {
      const { byName } = indexOf(network)
      // Docker on the host where a tenant's network was born calls it by its plain name
      const suffixes = [fullName(view, network), view.network(network)?.name.toLowerCase()].map(each => `.${each}`)
      const suffix = suffixes.find(each => name.endsWith(each)) ?? ''
      return byName.get(name) ?? byName.get(name.slice(0, name.length - suffix.length)) ?? none
    },
    pointer(network, ip) {
      const name = indexOf(network).byAddress.get(ip)
      return name && `${name}.${fullName(view, network)}`
    },
  }
}

function build(view: RegistryView, self: PeerKey, network: NetworkId): Omit<Index, 'version' | 'until'> {
  const byName = new Map<string, { own: number[]; others: number[] }>()
  const byAddress = new Map<number, string>()
  for (const { owner, ip, containerName, aliases } of view.endpoints(network)) {
    if (containerName !== '') byAddress.set(ip, containerName)
    for (const name of new Set([containerName, ...aliases].map(each => each.toLowerCase()))) {
      if (name === '') continue
      const addresses = byName.get(name) ?? { own: [], others: [] }
      addresses[owner === self ? 'own' : 'others'].push(ip)
      byName.set(name, addresses)
    }
  }
  return { byName, byAddress }
}

/** The network as its host's Docker calls it, in lower case. */
function fullName(view: RegistryView, id: NetworkId): string {
  const network = view.network(id)
  return network ? dockerName(network.tenant, network.name).toLowerCase() : ''
}
