/** Which names stand for which endpoints: an index per network, brought up to date when it is asked. */
import type { RegistryView } from '../crdt/registry-view.ts'
import { rightfulFirst } from '../crdt/rightful.ts'
import type { Clock } from '../lib/clock.ts'
import type { PeerKey } from '../lib/keys.ts'
import type { GroupId } from '../model/group.ts'
import { address4, address6 } from '../model/ipv6.ts'
import { dockerName } from '../model/names.ts'
import type { NetworkId } from '../model/network.ts'
import { createGroupNames } from './group-names.ts'
import { type Addresses, both, common, NameIndex } from './name-index.ts'

export interface Names {
  /** Networks that this host has endpoints in, with the endpoints' ids. */
  local(): readonly LocalNetwork[]
  /** Another number after each change of this host's endpoints. */
  localVersion(): number
  /**
   * Addresses of a name in a network: of a container, or of a group, which stands for all its members. `name` in lower case;
   * `NAME.NETWORK` and, of a member, `NAME.GROUP.NETWORK` are known too, as in Docker.
   */
  addresses(network: NetworkId, name: string): Addresses
  /** `NAME.NETWORK`, or `NAME.GROUP.NETWORK`, of the endpoint with this address, as Docker answers for its own; of several its owner's. */
  pointer(network: NetworkId, ip: number): string | undefined
  /** The IPv6 address that goes with it, canonical text; undefined in a network without IPv6. */
  ipv6(network: NetworkId, ip: number): string | undefined
  /** The inverse. */
  ipv4(network: NetworkId, ipv6: string): number | undefined
}

export interface LocalNetwork {
  readonly network: NetworkId
  readonly endpoints: readonly string[]
  /** Those that its endpoints are in; undefined among them for an endpoint in none. */
  readonly groups: readonly (GroupId | undefined)[]
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
  const groups = createGroupNames(view)

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
    for (const endpoint of view.eachEndpoint(network)) index.add(endpoint)
    const end = clock.monotonic()
    indexes.set(network, { index, version, until: end + (end - begin) * restPerBuild })
    return index
  }

  function local(): readonly LocalNetwork[] {
    const version = `${view.ownedVersion(self)} ${view.networksVersion()}`
    if (version === localVersion) return found
    localVersion = version
    const own = new Map<NetworkId, { endpoints: string[]; groups: Set<GroupId | undefined> }>()
    for (const { network, id, group } of view.endpointsOf(self)) {
      if (!view.network(network)) continue
      const held = own.get(network) ?? { endpoints: [], groups: new Set() }
      own.set(network, held)
      held.endpoints.push(id)
      held.groups.add(group)
    }
    const before = JSON.stringify(found)
    found = [...own].map(([network, { endpoints, groups }]) => ({ network, endpoints, groups: [...groups] }))
    if (JSON.stringify(found) !== before) changes++
    for (const id of indexes.keys()) if (!own.has(id)) indexes.delete(id)
    return found
  }

  /** Of everybody who bears the name, or is in a group that does. */
  function bearers(index: NameIndex, network: NetworkId, name: string): Addresses | undefined {
    const members = groups.named(network, name).map(group => index.members(group))
    return [index.addresses(name), ...members].reduce(both)
  }

  /** Of `NAME.GROUP`. */
  function member(index: NameIndex, network: NetworkId, name: string): Addresses | undefined {
    for (let dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1)) {
      const found = groups.named(network, name.slice(dot + 1)).map(group => index.members(group))
      const addresses = common(index.addresses(name.slice(0, dot)), found.reduce(both, undefined))
      if (addresses) return addresses
    }
    return undefined
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
      const bare = name.slice(0, name.length - suffix.length)
      const find = (one: string) => bearers(index, network, one)
      return find(name) ?? find(bare) ?? (suffix === '' ? none : (member(index, network, bare) ?? none))
    },
    pointer(network, ip) {
      // not of the index: whose the address is may change while the endpoints do not
      const found = rightfulFirst(view, network, view.endpointsAt(network, ip)).find(each => each.containerName !== '')
      const group = found?.group === undefined ? undefined : view.objects.everGroup(found.group)
      return found && [found.containerName, ...(group ? [group.bornName] : []), fullName(view, network)].join('.')
    },
    ipv6(network, ip) {
      const record = view.network(network)
      return record && address6(record.spec, ip)
    },
    ipv4(network, ipv6) {
      const record = view.network(network)
      return record && address4(record.spec, ipv6)
    },
  }
}

/** The network as its host's Docker calls it, in lower case. */
function fullName(view: RegistryView, id: NetworkId): string {
  const network = view.network(id)
  return network ? dockerName(network.tenant, network.name).toLowerCase() : ''
}
