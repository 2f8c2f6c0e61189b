/** A host without engine and kernel: the shipped replica and resolver; Docker says what the test wants. */
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server } from 'node:net'
import { decode, encode, type Packet, RECURSION_DESIRED } from 'dns-packet'
import { createNetworkLeaves } from '../../../src/crdt/acts.ts'
import { type Askers, createAskers } from '../../../src/dns/askers.ts'
import { createForwarder, type Forwarder } from '../../../src/dns/forwarder.ts'
import { createFrames, frame } from '../../../src/dns/frames.ts'
import { createNames, type Names } from '../../../src/dns/names.ts'
import type { DockerPort } from '../../../src/dns/ports.ts'
import { createResolver, type Resolver } from '../../../src/dns/resolver.ts'
import { systemClock } from '../../../src/lib/clock.ts'
import { formatIp, macOf, parseIp } from '../../../src/model/ip.ts'
import { checkNetwork } from '../../../src/model/network.ts'
import type { Replica } from '../../../src/replica/replica.ts'
import { MemoryHub } from '../../support/memory-mesh.ts'
import { foundPeer, joinPeer } from '../../support/memory-peer.ts'

/** The part of Docker that names ask, in memory: containers by address on docker_gwbridge. */
export interface MemoryEngine extends DockerPort {
  isUp: boolean
  /** Questions so far. */
  asked: number
  /** Puts a container on docker_gwbridge, with endpoints on networks by Docker's id. */
  put(container: string, address: string, endpoints: Readonly<Record<string, string>>): void
  remove(container: string): void
}

export function createEngine(): MemoryEngine {
  const containers = new Map<string, { address: string; endpoints: Readonly<Record<string, string>> }>()
  const engine: MemoryEngine = {
    isUp: true,
    asked: 0,
    put: (container, address, endpoints) => void containers.set(container, { address, endpoints }),
    remove: container => void containers.delete(container),
    async inside(network) {
      engine.asked++
      if (!engine.isUp) throw new Error('Docker is away')
      const all = [...containers]
      if (network === 'docker_gwbridge') {
        const endpoints = all.map(([container, { address }]) => {
          return { container, endpointId: `gw-${container}`, addresses: [address] }
        })
        return { gateway: '127.0.0.1', endpoints }
      }
      const endpoints = all.flatMap(([container, { endpoints }]) => {
        const endpointId = endpoints[network]
        return endpointId === undefined ? [] : [{ container, endpointId, addresses: [] }]
      })
      return { gateway: '', endpoints }
    },
    async container(id) {
      return containers.has(id) ? { dns: [], resolvConf: '' } : undefined
    },
  }
  return engine
}

export interface DnsHost {
  readonly replica: Replica
  readonly engine: MemoryEngine
  readonly names: Names
  readonly askers: Askers
  readonly forwarder: Forwarder
  readonly resolver: Resolver
  network(name: string, subnet: string, tenant?: string, subnet6?: string): Promise<string>
  /** Writes an endpoint as this host (`own`) or as the other one. */
  endpoint(
    owner: 'own' | 'other',
    id: string,
    network: string,
    ip: string,
    name: string,
    aliases?: string[],
  ): Promise<void>
  remove(owner: 'own' | 'other', id: string, network: string): Promise<void>
  stop(): Promise<void>
}

/** Two peers of one mesh; names are asked at the first. `port` is where forwarded questions go. */
export async function newDnsHost(port = 1, limitMs = 300): Promise<DnsHost> {
  const hub = new MemoryHub()
  const first = await foundPeer(hub, 'host1')
  const second = await joinPeer(hub, 'host2', first)
  const { replica } = first
  await second.replica.waitFor(view => view.members().length === 2, 5000)
  const engine = createEngine()
  const { view, self } = replica
  const names = createNames(view, self, systemClock)
  const askers = createAskers({
    view,
    self,
    names,
    docker: engine,
    dockerIdsOf: (id, group) => [`docker-${id}${group ?? ''}`],
    clock: systemClock,
  })
  const forwarder = createForwarder({ clock: systemClock, port, limitMs })
  const writer = (owner: 'own' | 'other') => (owner === 'own' ? replica : second.replica)
  return {
    ...{ replica, engine, names, askers, forwarder },
    resolver: createResolver({ names, askers, forwarder }),
    async network(name, subnet, tenant = 'default', subnet6 = '') {
      const spec = checkNetwork({ tenant, name, subnet, subnet6 })
      await replica.write(() => [{ kind: 'tenant', name: tenant }])
      await replica.write(known => createNetworkLeaves(known, { tenant, name, spec }))
      return replica.view.networkByName(tenant, name)?.id ?? ''
    },
    async endpoint(owner, id, network, ip, containerName, aliases = []) {
      const number = parseIp(ip) ?? 0
      const known = view.endpointsVersion(network)
      const leaf = { kind: 'endpoint' as const, id, network, ip: number, mac: macOf(number), container: id }
      await writer(owner).write(() => [{ ...leaf, containerName, aliases }])
      await replica.waitFor(() => view.endpointsVersion(network) > known, 5000)
    },
    async remove(owner, id, network) {
      const known = view.endpointsVersion(network)
      await writer(owner).write(() => [{ kind: 'endpoint-rm', id, network }])
      await replica.waitFor(() => view.endpointsVersion(network) > known, 5000)
    },
    async stop() {
      forwarder.close()
      await first.stop()
      await second.stop()
    },
  }
}

let id = 0
export function question(name: string, type = 'A', more: Partial<Packet> = {}): Buffer {
  id = (id + 1) % 65_536
  const questions = [{ name, type: type as 'A', class: 'IN' as const }]
  return encode({ type: 'query', id, flags: RECURSION_DESIRED, questions, ...more })
}

export interface Said {
  id: number | undefined
  rcode: string
  isTruncated: boolean
  /** Type and data of each answer. */
  answers: string[]
}

export function said(answer: Buffer | undefined): Said {
  if (!answer) throw new Error('there is no answer')
  const packet = decode(answer)
  const { rcode } = packet as unknown as { rcode: string }
  const answers = (packet.answers ?? []).map(each => `${each.type} ${'data' in each ? String(each.data) : ''}`)
  return { id: packet.id, rcode, isTruncated: ((packet.flags ?? 0) & 0x200) !== 0, answers }
}

/** A name server on loopback, UDP and TCP on one port, that answers as the test says; undefined: not at all. */
export async function newServer(say: (query: Buffer, transport: 'udp' | 'tcp') => Buffer | undefined) {
  const streams: Server = createServer(stream => {
    const frames = createFrames()
    stream.on('error', () => stream.destroy())
    stream.on('data', chunk => {
      for (const query of frames.push(chunk)) {
        const answer = say(query, 'tcp')
        if (answer) stream.write(frame(answer))
        else stream.destroy()
      }
    })
  })
  streams.listen(0, '127.0.0.1')
  await once(streams, 'listening')
  const { port } = streams.address() as AddressInfo
  const datagrams: Socket = createSocket('udp4')
  datagrams.bind(port, '127.0.0.1')
  await once(datagrams, 'listening')
  datagrams.on('message', (query, from) => {
    const answer = say(query, 'udp')
    if (answer) datagrams.send(answer, from.port, from.address)
  })
  return {
    port,
    stop() {
      datagrams.close()
      streams.close()
    },
  }
}

/** One question over TCP; the first answer. */
export async function askTcp(port: number, ...queries: Buffer[]): Promise<Buffer[]> {
  const stream = connect(port, '127.0.0.1')
  const frames = createFrames()
  const answers: Buffer[] = []
  stream.write(Buffer.concat(queries.map(frame)))
  for await (const chunk of stream) {
    answers.push(...frames.push(chunk as Buffer))
    if (answers.length === queries.length) break
  }
  stream.destroy()
  return answers
}

export const addressOf = (n: number) => formatIp(0x0a010200 + n)
