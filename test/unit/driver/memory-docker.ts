/** An engine in memory that calls the plugin as Docker 26 does (docker-driver.md 3.4; seen in test/lab/driver). */
import {
  type DockerApi,
  DockerAway,
  type DockerEndpoint,
  type DockerNetwork,
  type DockerNetworkRequest,
  DockerRefusal,
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
  /** `docker network rm`. */
  rm(name: string): Promise<void>
  /** `docker run`; resolves with the container's place. */
  run(network: string, name: string): Promise<DockerEndpoint>
  /** `docker rm -f`; `plugin` false: the plugin is down, so its calls are lost. */
  kill(name: string, plugin?: boolean): Promise<void>
  /** A container that no record tells of. */
  putContainer(network: string, name: string, address: string): DockerEndpoint
  /** Shows an endpoint in the network, but no container in the list: it is starting. */
  hide(name: string): void
}

export function createMemoryDocker(plugin: () => string): MemoryDocker {
  let up = true
  let asked = 0
  const networks = new Map<string, DockerNetwork>()
  const places = new Map<string, DockerEndpoint>()
  const hidden = new Set<string>()
  const created: DockerNetworkRequest[] = []
  const streams = new Set<{ event(): void; end(): void }>()
  const say = () => {
    for (const stream of streams) stream.event()
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
  const endpointsOf = (networkId: string) => [...places.values()].filter(place => place.networkId === networkId)

  async function removeNetwork(id: string): Promise<boolean> {
    check()
    const network = networks.get(id)
    if (!network) return true
    if (endpointsOf(id).length > 0) return false
    if (network.driver === 'mesh') await tell('NetworkDriver.DeleteNetwork', { NetworkID: id })
    networks.delete(id)
    say()
    return true
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
      const network = { id: newDockerId(), driver: 'bridge', labels: {}, options: {}, ...rest, name }
      networks.set(network.id, network)
      return network
    },
    async rm(name) {
      if (!(await removeNetwork(need(name).id))) throw new DockerRefusal(403, `network ${name} has active endpoints`)
    },
    async run(network, name) {
      const { id: networkId, options } = need(network)
      const PoolID = options['skein.id']
      const { Address } = await tell('IpamDriver.RequestAddress', { PoolID, Address: '', Options: null })
      const endpointId = newDockerId()
      const ids = { NetworkID: networkId, EndpointID: endpointId }
      const made = await tell('NetworkDriver.CreateEndpoint', { ...ids, Interface: { Address, MacAddress: '' } })
      await tell('NetworkDriver.Join', ids)
      const { MacAddress } = made.Interface as { MacAddress: string }
      const address = String(Address).split('/')[0] ?? ''
      const place = { networkId, endpointId, address, mac: MacAddress, container: newDockerId(), containerName: name }
      places.set(name, place)
      say()
      return place
    },
    async kill(name, withPlugin = true) {
      const place = places.get(name)
      if (!place) throw new DockerRefusal(404, `no container ${name}`)
      if (withPlugin) {
        const ids = { NetworkID: place.networkId, EndpointID: place.endpointId }
        await tell('NetworkDriver.Leave', ids)
        await tell('NetworkDriver.DeleteEndpoint', ids)
        const PoolID = networks.get(place.networkId)?.options['skein.id']
        await tell('IpamDriver.ReleaseAddress', { PoolID, Address: place.address })
      }
      places.delete(name)
      say()
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
    hide: name => hidden.add(name),
    async ping() {
      asked++
      check()
    },
    async networks() {
      check()
      return [...networks.values()]
    },
    async createNetwork(request) {
      check()
      created.push(request)
      if (byName(request.name)) throw new DockerRefusal(409, `network with name ${request.name} already exists`)
      const pool = await tell('IpamDriver.RequestPool', { Pool: request.subnet, Options: request.ipamOptions })
      const id = newDockerId()
      await tell('NetworkDriver.CreateNetwork', {
        NetworkID: id,
        Options: { 'com.docker.network.generic': request.options },
        IPv4Data: [{ AddressSpace: 'skein', Pool: pool.Pool, Gateway: '10.1.2.0/24' }],
      })
      const { name, driver, labels, options } = request
      networks.set(id, { id, name, driver, labels, options })
      say()
      return id
    },
    async endpoints() {
      check()
      return [...places.values()].filter(place => !hidden.has(place.containerName))
    },
    async endpointIds(networkId) {
      check()
      return new Set(endpointsOf(networkId).map(place => place.endpointId))
    },
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
