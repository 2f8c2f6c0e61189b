/** Which names stand for which endpoints: an index per network, brought up to date when it is asked. */
import type { RegistryView } from '../crdt/registry-view.ts'
import type { Clock } from '../lib/clock.ts'
import type { PeerKey } from '../lib/keys.ts'
import { dockerName } from '../model/names.ts'
import type { NetworkId } from '../model/network.ts'
import { type Addresses, NameIndex } from './name-index.ts'

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

export interface LocalNetwork {
  readonly network: NetworkId
  readonly endpoints: readonly string[]
}

interface Held {
  readonly index: NameIndex
  version: number
  /** Not made anew before this, monotonic ms. */
  readonly until: number
}

/** A new index costs as much as its network is large; where it changes faster than it is asked this bounds that to a tenth. */
const restPerBuild = 9

const none: Addresses = { own: [], others: [] }

export function createNames(view: RegistryView, self: PeerKey, clock: Pick<Clock, 'monotonic'>): Names {
  const indexes = new Map<NetworkId, Held>()
  let changes = 0
  let found: readonly LocalNetwork[] = []
  let localVersion = ''

  function indexOf(network: NetworkId): NameIndex {
    const known = indexes.get(network)
    const version = view.endpointsVersion(network)
    if (known?.version === version) return known.index
    const changed = known && view.changedAddresses(network, known.version)
    if (known && changed) {
      for (const ip of new Set(changed)) known.index.put(ip, view.endpointsAt(network, ip))
      known.version = version
      return known.index
    }
    const begin = clock.monotonic()
    if (known && begin < known.until) return known.index
    const index = new NameIndex(self)
    for (const endpoint of view.endpoints(network)) index.add(endpoint)
    const end = clock.monotonic()
    indexes.set(network, { index, version, until: end + (end - begin) * restPerBuild })
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
      const index = indexOf(network)
      // Docker on the host where a tenant's network was born calls it by its plain name
      const suffixes = [fullName(view, network), view.network(network)?.name.toLowerCase()].map(each => `.${each}`)
      const suffix = suffixes.find(each => name.endsWith(each)) ?? ''
      return index.addresses(name) ?? index.addresses(name.slice(0, name.length - suffix.length)) ?? none
    },
    pointer(network, ip) {
      const name = indexOf(network).nameOf(ip)
      return name && `${name}.${fullName(view, network)}`
    },
  }
}

/** The network as its host's Docker calls it, in lower case. */
function fullName(view: RegistryView, id: NetworkId): string {
  const network = view.network(id)
  return network ? dockerName(network.tenant, network.name).toLowerCase() : ''
}
