/** An engine in memory that calls the plugin as Docker 26 does (docker-driver.md 3.4; seen in test/lab/driver). */
import {
  type DockerApi,
  DockerAway,
  type DockerEndpoint,
  type DockerEvent,
  type DockerNetwork,
  type DockerNetworkRequest,
  DockerRefusal,
  type FailedStart,
} from '../../../src/driver/ports.ts'
import { call, newDockerId } from './fixture.ts'

export interface MemoryDocker extends DockerApi {
  /** The engine answers; when it stops, streams of events break. */
  setUp(isUp: boolean): void
  readonly created: DockerNetworkRequest[]
  /** How often it was pinged. */
  readonly asked: number
  list(): DockerNetwork[]
  byName(name: string): DockerNetwork | undefined
  /** A network of another driver, or one of ours from another life. */
  put(network: Partial<DockerNetwork> & { name: string }): DockerNetwork
  /** `docker network create -d mesh --ipam-driver mesh`; resolves with Docker's id. */
  create(name: string, given?: NewNetwork): Promise<string>
  /** `docker network rm`; `plugin` false: the plugin is down, so its calls are lost. */
  rm(name: string, plugin?: boolean): Promise<void>
  /** `docker network prune`. */
  prune(): Promise<void>
  /** `docker run`; resolves with the container's place. */
  run(network: string, name: string): Promise<DockerEndpoint>
  /** The container stopped while the plugin was down, so its calls are lost, and starts again now. */
  restart(name: string): Promise<DockerEndpoint>
  /** `docker rm -f`; `plugin` false: the plugin is down, so its calls are lost. */
  kill(name: string, plugin?: boolean): Promise<void>
  /** A container with a restart policy ends; it is started once more by `again`. */
  crash(name: string): Promise<void>
  again(name: string): Promise<DockerEndpoint>
  /** `docker stop`. */
  halt(name: string): Promise<void>
  /** A container that no record tells of. */
  putContainer(network: string, name: string, address: string): DockerEndpoint
  /** A stopped container with a restart policy, of the network, whose last start failed with `error`. */
  strand(network: string, name: string, error: string): void
  /** As `strand`, but Docker notes only after the next question that it gives the container up. */
  strandSoon(network: string, name: string, error: string): void
  /** Names of the containers that were started, in order. */
  readonly started: string[]
  /** What each start of a container answers with from now on; undefined: it starts. */
  refuseStarts(reason: string | undefined): void
  /** Shows an endpoint in the network, but no container in the list: it is starting. */
  hide(name: string): void
  /** `docker rename`. */
  rename(from: string, to: string): void
  /** `--network-alias` of the container of that name. */
  alias(name: string, ...aliases: string[]): void
}

export interface NewNetwork {
  subnet?: string
  gateway?: string
  subnet6?: string
  gateway6?: string
  /** `-o tenant=`. */
  tenant?: string
  /** `-o group=`. */
  group?: string
  /** `-o`. */
  options?: Record<string, string>
  /** `--ipam-opt`. */
  ipamOptions?: Record<string, string>
  labels?: Record<string, string>
  internal?: boolean
}

export function createMemoryDocker(plugin: () => string): MemoryDocker {
  let up = true
  let asked = 0
  const networks = new Map<string, DockerNetwork>()
  const places = new Map<string, DockerEndpoint>()
  /** Of stopped containers: where they were. */
  const stopped = new Map<string, DockerEndpoint>()
  const hidden = new Set<string>()
  const aliases = new Map<string, readonly string[]>()
  const created: DockerNetworkRequest[] = []
  const stranded = new Map<string, FailedStart & { networkId: string }>()
  const started: string[] = []
  /** container's name -> the network that it was run on */
  const modes = new Map<string, string>()
  /** Containers between two starts. */
  const restarting = new Set<string>()
  let refusal: string | undefined
  const pools = new Map<string, string>()
  const pools6 = new Map<string, string>()
  const streams = new Set<{ event(event: DockerEvent): void; end(): void }>()
  const say = (action: string, type = 'network') => {
    for (const stream of streams) stream.event({ type, action })
  }
  const check = () => {
    if (!up) throw new DockerAway('connect ECONNREFUSED')
  }
  const tell = async (method: string, body: object): Promise<Record<string, unknown>> => {
    const reply = await call(plugin(), method, body)
    if (reply.status !== 200) throw new DockerRefusal(500, String(reply.body.Err))
    return reply.body
  }
  const byName = (name: string) => [...networks.values()].find(network => network.name === name)
  const need = (name: string) => {
    const network = byName(name)
    if (!network) throw new DockerRefusal(404, `network ${name} not found`)
    return network
  }
  const poolOf = (network: DockerNetwork | undefined) =>
    pools.get(network?.id ?? '') ?? network?.options['skein.id'] ?? ''
  const endpointsOf = (networkId: string) => [...places.values()].filter(place => place.networkId === networkId)

  async function removeNetwork(id: string, withPlugin = true): Promise<boolean> {
    check()
    const network = networks.get(id)
    if (!network) return true
    if (endpointsOf(id).length > 0) return false
    if (network.driver === 'mesh' && withPlugin) {
      const PoolID = poolOf(network)
      await tell('IpamDriver.ReleaseAddress', { PoolID, Address: network.subnet.split('/')[0] })
      await tell('IpamDriver.ReleasePool', { PoolID })
      if (pools6.has(id)) await tell('IpamDriver.ReleasePool', { PoolID: pools6.get(id) })
      await tell('NetworkDriver.DeleteNetwork', { NetworkID: id })
    }
    networks.delete(id)
    say('destroy')
    return true
  }

  async function make(request: Omit<DockerNetworkRequest, 'driver'>): Promise<string> {
    check()
    const { name, labels, options, ipamOptions, internal } = request
    if (byName(name)) throw new DockerRefusal(409, `network with name ${name} already exists`)
    const isDual = request.subnet6 !== ''
    const poolFor = async (wanted: string, chosen: string, V6: boolean) => {
      const made = await tell('IpamDriver.RequestPool', { Pool: wanted, Options: ipamOptions, V6 })
      const { PoolID, Pool, Data } = made as { PoolID: string; Pool: string; Data: Record<string, string> }
      if (chosen === '') return { PoolID, Pool, Gateway: Data['com.docker.network.gateway'] ?? '' }
      const Options = { RequestAddressType: 'com.docker.network.gateway' }
      const answer = await tell('IpamDriver.RequestAddress', { PoolID, Address: chosen, Options })
      return { PoolID, Pool, Gateway: String(answer.Address) }
    }
    const { PoolID, Pool, Gateway } = await poolFor(request.subnet, request.gateway, false)
    const id = newDockerId()
    const ofIpv6 = isDual ? await poolFor(request.subnet6, request.gateway6, true) : undefined
    try {
      await tell('NetworkDriver.CreateNetwork', {
        NetworkID: id,
        Options: { 'com.docker.network.generic': options },
        IPv4Data: [{ AddressSpace: 'skein', Pool, Gateway }],
        IPv6Data: ofIpv6 ? [{ AddressSpace: 'skein', Pool: ofIpv6.Pool, Gateway: ofIpv6.Gateway }] : [],
      })
    } catch (error) {
      await tell('IpamDriver.ReleasePool', { PoolID })
      if (ofIpv6) await tell('IpamDriver.ReleasePool', { PoolID: ofIpv6.PoolID })
      throw error
    }
    pools.set(id, PoolID)
    if (ofIpv6) pools6.set(id, ofIpv6.PoolID)
    // Docker shows a gateway only where it was told one, or no subnet
    const gateway = request.subnet ? request.gateway : (Gateway.split('/')[0] ?? '')
    const { subnet6, gateway6 } = request
    networks.set(id, { id, name, driver: 'mesh', labels, options, subnet: Pool, gateway, subnet6, gateway6, internal })
    say('create')
    return id
  }

  async function run(network: string, name: string, container = newDockerId()): Promise<DockerEndpoint> {
    const { id: networkId } = need(network)
    const PoolID = poolOf(need(network))
    const addressOf = async (PoolID: string) =>
      (await tell('IpamDriver.RequestAddress', { PoolID, Address: '', Options: null })).Address
    const Address = await addressOf(PoolID)
    const pool6 = pools6.get(networkId)
    const AddressIPv6 = pool6 === undefined ? '' : await addressOf(pool6)
    const endpointId = newDockerId()
    const ids = { NetworkID: networkId, EndpointID: endpointId }
    const Interface = { Address, AddressIPv6, MacAddress: '' }
    const made = await tell('NetworkDriver.CreateEndpoint', { ...ids, Interface })
    await tell('NetworkDriver.Join', ids)
    const { MacAddress } = made.Interface as { MacAddress: string }
    const address = String(Address).split('/')[0] ?? ''
    const place = { networkId, endpointId, address, mac: MacAddress, container, containerName: name }
    places.set(name, place)
    say('start', 'container')
    return place
  }

  async function takeDown(name: string, withPlugin: boolean): Promise<void> {
    const place = places.get(name)
    if (!place) throw new DockerRefusal(404, `no container ${name}`)
    if (withPlugin) {
      const ids = { NetworkID: place.networkId, EndpointID: place.endpointId }
      await tell('NetworkDriver.Leave', ids)
      await tell('NetworkDriver.DeleteEndpoint', ids)
      const PoolID = poolOf(networks.get(place.networkId))
      await tell('IpamDriver.ReleaseAddress', { PoolID, Address: place.address })
    }
    places.delete(name)
    say('die', 'container')
  }

  return {
    created,
    get asked() {
      return asked
    },
    byName,
    removeNetwork,
    list: () => [...networks.values()],
    setUp(isUp) {
      up = isUp
      if (!isUp) for (const stream of [...streams]) stream.end()
    },
    put({ name, ...rest }) {
      const shown = { labels: {}, options: {}, subnet: '', gateway: '', subnet6: '', gateway6: '', internal: false }
      const network = { id: newDockerId(), driver: 'bridge', ...shown, ...rest, name }
      networks.set(network.id, network)
      return network
    },
    create(name, { tenant, group, labels = {}, internal = false, ...given } = {}) {
      const { options = {}, ipamOptions = {}, ...addresses } = given
      const ours = { ...(tenant !== undefined && { tenant }), ...(group !== undefined && { group }) }
      const none = { subnet: '', gateway: '', subnet6: '', gateway6: '' }
      const own = { name, labels, options: { ...options, ...ours }, ipamOptions, internal }
      return make({ ...none, ...addresses, ...own })
    },
    async prune() {
      for (const { id, driver } of [...networks.values()]) {
        if (driver === 'mesh' && endpointsOf(id).length === 0) await removeNetwork(id)
      }
      say('prune')
    },
    async rm(name, plugin = true) {
      if (!(await removeNetwork(need(name).id, plugin)))
        throw new DockerRefusal(403, `network ${name} has active endpoints`)
    },
    async run(network, name) {
      const place = await run(network, name)
      modes.set(name, network)
      return place
    },
    async restart(name) {
      const { networkId = '', container } = places.get(name) ?? {}
      return run(networks.get(networkId)?.name ?? '', name, container)
    },
    async kill(name, withPlugin = true) {
      const isIts = (key: string) => key === name || key.startsWith(`${name} `)
      const slept = [...stopped.keys()].filter(isIts)
      for (const key of slept) stopped.delete(key)
      const keys = [...places.keys()].filter(isIts)
      if (keys.length === 0 && slept.length === 0) throw new DockerRefusal(404, `no container ${name}`)
      for (const key of keys) await takeDown(key, withPlugin)
      modes.delete(name)
      restarting.delete(name)
      say('destroy', 'container')
    },
    async halt(name) {
      const place = places.get(name)
      if (place) stopped.set(name, place)
      await takeDown(name, true)
    },
    putContainer(network, name, address) {
      const { id: networkId } = need(network)
      const place = {
        networkId,
        endpointId: newDockerId(),
        address,
        mac: '',
        container: newDockerId(),
        containerName: name,
      }
      places.set(name, place)
      return place
    },
    async crash(name) {
      const place = places.get(name)
      if (!place) throw new DockerRefusal(404, `no container ${name}`)
      stopped.set(name, place)
      restarting.add(name)
      await takeDown(name, true)
    },
    async again(name) {
      const { networkId = '', container } = stopped.get(name) ?? {}
      const network = networks.get(networkId)?.name
      if (network === undefined) throw new DockerRefusal(404, `network ${networkId} not found`)
      const place = await run(network, name, container)
      stopped.delete(name)
      restarting.delete(name)
      return place
    },
    hide: name => hidden.add(name),
    started,
    strand(network, name, error) {
      stranded.set(name, { container: newDockerId(), name, error, networkId: need(network).id, isOver: true })
    },
    strandSoon(network, name, error) {
      stranded.set(name, { container: newDockerId(), name, error, networkId: need(network).id, isOver: false })
    },
    refuseStarts(reason) {
      refusal = reason
    },
    async failedStarts(asked) {
      check()
      const found = [...stranded.values()].filter(failed => asked.some(({ id }) => id === failed.networkId))
      for (const failed of found) stranded.set(failed.name, { ...failed, isOver: true })
      return found
    },
    async startContainer(id) {
      check()
      const found = [...stranded.values()].find(failed => failed.container === id)
      if (!found) throw new DockerRefusal(404, 'no such container')
      if (refusal !== undefined) throw new DockerRefusal(500, refusal)
      stranded.delete(found.name)
      started.push(found.name)
      say('start', 'container')
    },
    async ping() {
      asked++
      check()
    },
    async networks() {
      check()
      return [...networks.values()]
    },
    async createNetwork(request) {
      created.push(request)
      return make(request)
    },
    async endpoints() {
      check()
      return [...places.values()].filter(place => !hidden.has(place.containerName))
    },
    async endpointIds(networkId) {
      check()
      return new Set(endpointsOf(networkId).map(place => place.endpointId))
    },
    async inside(network) {
      check()
      const found = byName(network) ?? networks.get(network)
      const endpoints = found && endpointsOf(found.id)
      return endpoints && { gateway: '', endpoints: endpoints.map(each => ({ ...each, addresses: [] })) }
    },
    async members({ id: networkId }) {
      check()
      const ids = new Set(
        [...places.values(), ...stopped.values()].filter(p => p.networkId === networkId).map(p => p.container),
      )
      return [...ids].map(container => {
        const all = [...places.values(), ...stopped.values()].filter(place => place.container === container)
        const isRunning = [...places.values()].some(place => place.container === container)
        const name = all[0]?.containerName.split(' ')[0] ?? ''
        return {
          ...{ container, name, isRunning: isRunning || restarting.has(name) },
          networks: all.map(place => networks.get(place.networkId)?.name ?? ''),
        }
      })
    },
    async runOn() {
      check()
      const found = new Map<string, string[]>()
      for (const [name, network] of modes) found.set(network, [...(found.get(network) ?? []), name])
      return found
    },
    async connect(networkId, container, given) {
      check()
      const network = networks.get(networkId)
      const name = [...places.values()].find(place => place.container === container)?.containerName
      if (!network) throw new DockerRefusal(404, 'no such network')
      const sleeping = [...stopped.values()].find(place => place.container === container)
      if (name === undefined && sleeping) {
        stopped.set(`${sleeping.containerName} ${network.name}`, { ...sleeping, networkId })
        return
      }
      // one place per container and network: a further one is kept under `name network`
      const place = await run(network.name, `${name} ${network.name}`, container)
      aliases.set(`${name} ${network.name}`, given)
      places.set(`${name} ${network.name}`, { ...place, containerName: name ?? '' })
      say('connect')
    },
    async disconnect(networkId, container) {
      check()
      for (const [key, place] of stopped) {
        if (place.networkId === networkId && place.container === container) stopped.delete(key)
      }
      for (const [key, place] of places) {
        if (place.networkId === networkId && place.container === container) await takeDown(key, true)
      }
      say('disconnect')
    },
    async container(id) {
      check()
      const there = [...places.values()].filter(place => place.container === id)
      if (there.length === 0) return undefined
      const names = there.map(({ endpointId, containerName }) => {
        return [endpointId, [containerName, ...(aliases.get(containerName) ?? []), id.slice(0, 12)]] as const
      })
      const given = there.map(place => {
        return [networks.get(place.networkId)?.name ?? '', aliases.get(place.containerName) ?? []] as const
      })
      return { names: new Map(names), aliases: new Map(given), dns: [], resolvConf: '', sandbox: '' }
    },
    rename(from, to) {
      const place = places.get(from)
      if (!place) throw new DockerRefusal(404, `no container ${from}`)
      places.delete(from)
      places.set(to, { ...place, containerName: to })
      aliases.set(to, aliases.get(from) ?? [])
      say('rename', 'container')
    },
    alias: (name, ...given) => aliases.set(name, given),
    async watch(event, end) {
      check()
      const stream = {
        event,
        end: () => {
          streams.delete(stream)
          end()
        },
      }
      streams.add(stream)
      return { close: () => streams.delete(stream) }
    },
    close() {},
  }
}
