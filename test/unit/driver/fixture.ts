/** A host without kernel and engine: the shipped plugin server, handlers, replica and IPAM; Docker and data path in memory. */
import { rm } from 'node:fs/promises'
import { request as httpRequest } from 'node:http'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createNetworkLeaves, removeNetworkLeaves } from '../../../src/crdt/acts.ts'
import { createDriver, type DockerDriver } from '../../../src/driver/driver.ts'
import { createPluginServer, type PluginServer } from '../../../src/driver/plugin-server.ts'
import type { DatapathPort } from '../../../src/driver/ports.ts'
import { createReconciler, type Reconciler, type ReconcilerOptions } from '../../../src/driver/reconciler.ts'
import { createIpam } from '../../../src/ipam/create.ts'
import type { Ipam } from '../../../src/ipam/ipam.ts'
import { type Clock, systemClock } from '../../../src/lib/clock.ts'
import { silentLogger } from '../../../src/lib/log.ts'
import { parseAddressPool } from '../../../src/model/address-pool.ts'
import { checkNetwork, type NetworkRequest } from '../../../src/model/network.ts'
import type { Replica } from '../../../src/replica/replica.ts'
import { MemoryHub } from '../../support/memory-mesh.ts'
import { foundPeer, type MemoryPeer, restartPeer } from '../../support/memory-peer.ts'
import type { MemoryDocker } from './memory-docker.ts'

export const range = parseAddressPool('10.64.0.0/10')

let sockets = 0
export const newSocketPath = () => join(tmpdir(), `skein-driver-${process.pid}-${++sockets}`, 'mesh.sock')

export interface Reply {
  status: number
  // Docker reads JSON of any shape
  body: Record<string, unknown>
}

/** One call as Docker makes it: POST, no content type, the body perhaps absent. */
export function call(socketPath: string, method: string, body?: unknown): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const text = typeof body === 'string' ? body : body === undefined ? undefined : JSON.stringify(body)
    const headers = text === undefined ? {} : { 'content-length': Buffer.byteLength(text) }
    const sent = httpRequest({ socketPath, method: 'POST', path: `/${method}`, headers, agent: false }, response => {
      const chunks: Buffer[] = []
      response.on('data', chunk => chunks.push(chunk))
      response.on('end', () => {
        try {
          resolve({ status: response.statusCode ?? 0, body: JSON.parse(Buffer.concat(chunks).toString()) })
        } catch (error) {
          reject(error)
        }
      })
    })
    sent.on('error', reject)
    sent.end(text)
  })
}

export interface MemoryDatapath extends DatapathPort {
  readonly networks: Set<string>
  readonly attached: Map<string, string>
  /** Publishes VTEPs through this peer from now on. */
  use(peer: MemoryPeer): void
}

function createMemoryDatapath(): MemoryDatapath {
  let replica: Replica | undefined
  const networks = new Set<string>()
  const attached = new Map<string, string>()
  return {
    networks,
    attached,
    use(peer) {
      replica = peer.replica
    },
    async ensureNetwork(network) {
      networks.add(network)
      const spec = replica?.view.network(network)?.spec
      if (spec?.encap === 'vlan') return spec.pktTag
      const vni = 0x800000 + Number.parseInt(network.slice(0, 5), 16)
      await replica?.write(view =>
        view.vteps(network).some(vtep => vtep.owner === replica?.self)
          ? []
          : [{ kind: 'vtep', network, address: '192.168.2.10', vni }],
      )
      return vni
    },
    async removeNetwork(network) {
      networks.delete(network)
    },
    async attach({ network, endpointId, mac }) {
      attached.set(endpointId, `${network} ${mac}`)
      return { ifName: `c${endpointId.slice(0, 10)}`, mtu: 1450 }
    },
    isLost: () => false,
    locate: async () => {},
    async detach(_network, endpointId) {
      attached.delete(endpointId)
    },
  }
}

/** Ten times as fast, timers and all. */
const fast: Clock = {
  ...systemClock,
  monotonic: () => systemClock.monotonic() * 10,
  after: (delayMs, callback) => systemClock.after(delayMs / 10, callback),
}

/** The shipped reconciler of this host's Docker, ten times as fast. */
export function startReconciler(host: Host, docker: MemoryDocker, options?: ReconcilerOptions): Reconciler {
  const { peer, ipam, datapath, driver } = host
  const deps = { replica: peer.replica, ipam, datapath, docker, clock: fast, log: silentLogger, driverName: 'mesh' }
  const reconciler = createReconciler({ ...deps, ...driver, range }, options)
  reconciler.start()
  return reconciler
}

export interface Host {
  readonly peer: MemoryPeer
  readonly ipam: Ipam
  readonly datapath: MemoryDatapath
  readonly driver: DockerDriver
  readonly socketPath: string
  readonly server: PluginServer
  /** A call that must succeed. */
  ok(method: string, body?: unknown): Promise<Record<string, unknown>>
  /** A call that must be refused with status 500; gives its text. */
  refused(method: string, body?: unknown): Promise<string>
  /** Creates a network as the API does; resolves with its id. */
  create(name: string, subnet: string, tenant?: string, more?: Partial<NetworkRequest>): Promise<string>
  remove(id: string): Promise<void>
  stop(): Promise<void>
}

/** A host of this peer; `datapath` and `socketPath` of the one that it was before. */
export async function hostOf(
  peer: MemoryPeer,
  datapath = createMemoryDatapath(),
  socketPath = newSocketPath(),
): Promise<Host> {
  const { replica } = peer
  datapath.use(peer)
  const clock = systemClock
  const shared = { replica, clock, log: silentLogger }
  const ipam = createIpam({ ...shared, transport: peer.mesh, signer: peer.signer, random: Math.random })
  ipam.start()
  const driver = createDriver({ replica, ipam, datapath, clock, driverName: 'mesh', range })
  const server = createPluginServer({ socketPath, clock, log: silentLogger })
  await server.start()
  server.serve(driver.handlers)
  return {
    peer,
    ipam,
    datapath,
    driver,
    socketPath,
    server,
    async ok(method, body) {
      const reply = await call(socketPath, method, body)
      if (reply.status !== 200) throw new Error(`${method}: ${reply.status} ${JSON.stringify(reply.body)}`)
      return reply.body
    },
    async refused(method, body) {
      const reply = await call(socketPath, method, body)
      if (reply.status !== 500 || reply.body.Err !== reply.body.Error) {
        throw new Error(`${method} was not refused: ${reply.status} ${JSON.stringify(reply.body)}`)
      }
      return String(reply.body.Err)
    },
    async create(name, subnet, tenant = 'default', more = {}) {
      const spec = checkNetwork({ tenant, name, subnet, ...more })
      await replica.write(view => createNetworkLeaves(view, { tenant, name, spec }))
      return replica.view.networkByName(tenant, name)?.id ?? ''
    },
    async remove(id) {
      await replica.write(view => removeNetworkLeaves(view, id))
    },
    async stop() {
      await server.stop()
      await ipam.stop()
      await peer.stop()
      await rm(dirname(socketPath), { recursive: true, force: true })
    },
  }
}

const hub = new MemoryHub()

/** A host that is a mesh of its own. `isRegistered`: its containers have been registered, as the reconciler does first. */
export async function newHost(isRegistered = true, socketPath = newSocketPath()): Promise<Host> {
  const peer = await foundPeer(hub, 'host1')
  const host = await hostOf(peer, undefined, socketPath)
  if (isRegistered) await host.driver.state.noteRegistered()
  return host
}

/** The host again after its peer was stopped: same disk, same kernel. */
export async function restartHost(host: Host): Promise<Host> {
  await host.stop()
  return hostOf(await restartPeer(hub, host.peer), host.datapath, host.socketPath)
}

/** Resolves once `test` holds; fails with `what` after 6 s. */
export async function eventually(what: string, test: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + 6000
  while (!(await test())) {
    if (performance.now() > end) throw new Error(`did not happen: ${what}`)
    await new Promise(resolve => setTimeout(resolve, 5))
  }
}

let ids = 0
/** An id as Docker makes them. */
export const newDockerId = () => (++ids).toString(16).padStart(64, 'a')
