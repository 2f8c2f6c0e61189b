/**
 * Who asks: a source address on docker_gwbridge -> a container of this host -> its endpoints -> networks. Docker tells which
 * container has which address there; the registry, which endpoints are still alive.
 */
import type { RegistryView } from '../crdt/registry-view.ts'
import { type Clock, withDeadline } from '../lib/clock.ts'
import type { PeerKey } from '../lib/keys.ts'
import type { NetworkId } from '../model/network.ts'
import type { Names } from './names.ts'
import type { DockerIdsOf, DockerPort } from './ports.ts'

export interface Askers {
  /**
   * Networks of the container that has this address; [] for one that is not ours. Docker is asked first, for a second at
   * most, when what is known is older than this host's endpoints, or does not know the address.
   */
  networksOf(address: string): Promise<readonly NetworkId[]>
  /** Asks Docker. False: it did not answer, what was known still holds. */
  refresh(): Promise<boolean>
  /** As Docker said last. */
  known(): Snapshot
}

export interface Snapshot {
  /** `Names.localVersion` before Docker was asked. */
  readonly version: number
  /** Address of docker_gwbridge; '' while Docker has not made it. */
  readonly gateway: string
  /** False while Docker does not tell the container of some endpoint of ours: it is being attached, or is gone. */
  readonly isComplete: boolean
  /** Each address on docker_gwbridge -> ids of our endpoints of that container; [] for containers without any. */
  readonly endpointsOf: ReadonlyMap<string, readonly string[]>
  /** Containers with an endpoint of ours -> whether they are on docker_gwbridge too. */
  readonly containers: ReadonlyMap<string, boolean>
}

export interface AskersDeps {
  view: RegistryView
  self: PeerKey
  names: Names
  docker: DockerPort
  dockerIdsOf: DockerIdsOf
  clock: Clock
  outletsKnown?: ((endpointsOf: Snapshot['endpointsOf']) => void) | undefined
}

/** Docker's name of the bridge over which containers without a gateway of their own reach the outside. */
export const gatewayBridge = 'docker_gwbridge'

/** How long a query waits for Docker, ms: askers wait 4 s for all in all. */
const lookLimitMs = 1_000
/** Docker is asked again for what it did not know after this, ms; after a failure, later. */
const againMs = 100
const againAfterFailureMs = 1_000

/** Docker lists an endpoint under this and its id while it has no container. */
const unattached = 'ep-'

const nothing: Snapshot = { version: -1, gateway: '', isComplete: false, endpointsOf: new Map(), containers: new Map() }

export function createAskers(deps: AskersDeps): Askers {
  const { view, self, names, clock } = deps
  let known = nothing
  let asking: Promise<boolean> | undefined
  /** Not before these, monotonic ms: at all; for what Docker did not know when it was asked last. */
  let notBefore = 0
  let unsureNotBefore = 0

  function refresh(): Promise<boolean> {
    asking ??= look(deps)
      .then(found => {
        known = found
        deps.outletsKnown?.(found.endpointsOf)
        return true
      })
      .catch(() => false) // Docker is away: the reconciler reports it
      .finally(() => {
        asking = undefined
      })
    return asking
  }

  function networksNow(address: string): NetworkId[] {
    const endpoints = known.endpointsOf.get(address) ?? []
    return endpoints.flatMap(id => view.endpoint(self, id)?.network ?? [])
  }

  async function lookOnce(): Promise<void> {
    const isUp = await withDeadline(clock, refresh(), lookLimitMs, () => new Error('Docker is slow')).catch(() => false)
    unsureNotBefore = clock.monotonic() + againMs
    if (!isUp) notBefore = clock.monotonic() + againAfterFailureMs
  }

  return {
    refresh,
    known: () => known,
    async networksOf(address) {
      const isNews = known.version !== names.localVersion()
      const isUnsure = !known.isComplete || !known.endpointsOf.has(address)
      const now = clock.monotonic()
      if (now >= notBefore && (isNews || (isUnsure && now >= unsureNotBefore))) {
        await lookOnce()
        // a look that had begun before the news does not know them
        if (clock.monotonic() >= notBefore && known.version !== names.localVersion()) await lookOnce()
      }
      return networksNow(address)
    },
  }
}

async function look({ names, docker, dockerIdsOf }: AskersDeps): Promise<Snapshot> {
  const version = names.localVersion()
  const local = names.local()
  // the bridge first: a container is put there once it is on ours, so the answers after that show whose it is
  const bridge = await docker.inside(gatewayBridge)
  const dockerIds = local.flatMap(({ network, groups }) => groups.flatMap(group => dockerIdsOf(network, group)))
  const networks = await Promise.all(dockerIds.map(id => docker.inside(id)))
  const ours = new Map<string, string[]>()
  const missing = new Set(local.flatMap(({ endpoints }) => endpoints))
  for (const { container, endpointId } of networks.flatMap(network => network?.endpoints ?? [])) {
    if (container.startsWith(unattached)) continue
    missing.delete(endpointId)
    ours.set(container, [...(ours.get(container) ?? []), endpointId])
  }
  const onBridge = bridge?.endpoints ?? []
  const endpointsOf = new Map(
    onBridge.flatMap(({ container, addresses }) => addresses.map(each => [each, ours.get(container) ?? []] as const)),
  )
  const reachable = new Set(onBridge.map(({ container }) => container))
  const containers = new Map([...ours.keys()].map(container => [container, reachable.has(container)]))
  return { version, gateway: bridge?.gateway ?? '', isComplete: missing.size === 0, endpointsOf, containers }
}
