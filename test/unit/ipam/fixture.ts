/** Peers with the shipped replica and address service in one process, and a clock that a test can push forward. */
import { createNetworkLeaves } from '../../../src/crdt/acts.ts'
import { createIpam, type IpamDeps } from '../../../src/ipam/create.ts'
import type { Ipam } from '../../../src/ipam/ipam.ts'
import { type Clock, systemClock, type Timer } from '../../../src/lib/clock.ts'
import { silentLogger } from '../../../src/lib/log.ts'
import { macOf, parseIp } from '../../../src/model/ip.ts'
import { checkNetwork, type NetworkId } from '../../../src/model/network.ts'
import type { Replica } from '../../../src/replica/replica.ts'
import { eventually } from '../../support/eventually.ts'
import type { MemoryHub } from '../../support/memory-mesh.ts'
import { foundPeer, joinPeer, type MemoryPeer, restartPeer } from '../../support/memory-peer.ts'

/** The system's clock plus what `advance` added; timers that fall due by advancing run at once. */
export class PushedClock implements Clock {
  #pushedMs = 0
  readonly #pending = new Map<object, { dueMs: number; run: () => void }>()

  now(): number {
    return systemClock.now() + this.#pushedMs
  }

  monotonic(): number {
    return systemClock.monotonic() + this.#pushedMs
  }

  after(delayMs: number, callback: () => void): Timer {
    const id = {}
    const run = () => {
      if (!this.#pending.delete(id)) return
      timer.cancel()
      callback()
    }
    const timer = systemClock.after(delayMs, run)
    this.#pending.set(id, { dueMs: this.monotonic() + delayMs, run })
    return {
      cancel: () => {
        this.#pending.delete(id)
        timer.cancel()
      },
    }
  }

  /** Timers that are waiting. */
  get pending(): number {
    return this.#pending.size
  }

  advance(ms: number): void {
    this.#pushedMs += ms
    const due = [...this.#pending.values()].filter(({ dueMs }) => dueMs <= this.monotonic())
    for (const { run } of due.sort((a, b) => a.dueMs - b.dueMs)) run()
  }
}

export interface Host extends MemoryPeer {
  ipam: Ipam
  clock: PushedClock
}

export const ipOf = (text: string): number => parseIp(text) ?? assertNever(text)

function assertNever(text: string): never {
  throw new Error(`${text} is no address`)
}

export interface HostOptions {
  /** Waits on the replica end after this fraction of their limit. @default 1 */
  patience?: number
  /** What the service sends and asks through. @default the peer's mesh */
  transport?: IpamDeps['transport']
}

export function withIpam(peer: MemoryPeer, options: HostOptions = {}): Host {
  const clock = new PushedClock()
  const { mesh, signer } = peer
  const { patience = 1, transport = mesh } = options
  const replica = patience === 1 ? peer.replica : withPatience(peer.replica, patience)
  const ipam = createIpam({ replica, transport, signer, clock, log: silentLogger, random: Math.random })
  ipam.start()
  const stop = async () => {
    await ipam.stop()
    await peer.stop()
  }
  return { ...peer, ipam, clock, stop }
}

function withPatience(replica: Replica, patience: number): Replica {
  return {
    self: replica.self,
    local: replica.local,
    get view() {
      return replica.view
    },
    write: (build, asFounder) => replica.write(build, asFounder),
    onChange: listener => replica.onChange(listener),
    waitFor: (test, limitMs) => replica.waitFor(test, limitMs * patience),
    syncNow: limitMs => replica.syncNow(limitMs),
    whoHas: (dot, limitMs) => replica.whoHas(dot, limitMs),
    syncStatus: () => replica.syncStatus(),
    collectionStatus: () => replica.collectionStatus(),
    wrongSignatures: () => replica.wrongSignatures(),
    contradicted: () => replica.contradicted(),
    differences: () => replica.differences(),
    get unwritten() {
      return replica.unwritten
    },
    get isComplete() {
      return replica.isComplete
    },
    get fenced() {
      return replica.fenced
    },
    get isOffForGood() {
      return replica.isOffForGood
    },
    get maySucceed() {
      return replica.maySucceed
    },
    seal: () => replica.seal(),
    vector: () => replica.vector(),
    batchAt: dot => replica.batchAt(dot),
    written: after => replica.written(after),
    get removedBy() {
      return replica.removedBy
    },
    fence: notice => replica.fence(notice),
    takeProof: bytes => replica.takeProof(bytes),
    onShown: listener => replica.onShown(listener),
    start: () => replica.start(),
    stop: () => replica.stop(),
  }
}

/** What of `peer` survives `kill -9`: its disk. */
export async function restarted(hub: MemoryHub, host: Host): Promise<Host> {
  await host.stop()
  return withIpam(await restartPeer(hub, host))
}

/** `count` settled peers, host1 … hostN. */
export async function meshOf(hub: MemoryHub, count: number): Promise<Host[]> {
  const peers = [await foundPeer(hub, 'host1')]
  while (peers.length < count) {
    peers.push(await joinPeer(hub, `host${peers.length + 1}`, peers[0] as MemoryPeer))
    await allSettled(peers)
  }
  // who is cut off before it has met anybody looks for a member for 3 s first (R8)
  for (const { replica } of peers) await replica.syncNow(1000)
  return peers.map(peer => withIpam(peer))
}

export async function allSettled(peers: readonly MemoryPeer[]): Promise<void> {
  const isDone = (peer: MemoryPeer) => peers.every(other => peer.replica.view.member(other.signer.key)?.settled)
  await Promise.all(peers.map(peer => peer.replica.waitFor(() => isDone(peer), 5000)))
}

/** Creates a network of the default tenant on the first host and waits until all have it. */
export async function createWeb(hosts: readonly Host[], subnet: string, name = 'web'): Promise<NetworkId> {
  const spec = checkNetwork({ tenant: 'default', name, subnet })
  const [first] = hosts
  await first?.replica.write(view => createNetworkLeaves(view, { tenant: 'default', name, spec }))
  const id = first?.replica.view.networkByName('default', name)?.id ?? ''
  await Promise.all(hosts.map(host => host.replica.waitFor(view => view.network(id) !== undefined, 3000)))
  return id
}

/** A container: the endpoint record that Docker's CreateEndpoint makes. */
export async function attach(host: Host, network: NetworkId, ip: number, name = `c${ip}`): Promise<string> {
  const id = `${host.name}-${ip}`
  const leaf = {
    kind: 'endpoint' as const,
    id,
    network,
    ip,
    mac: macOf(ip),
    container: `id-${name}`,
    containerName: name,
  }
  await host.replica.write(() => [leaf])
  return id
}

export async function detach(host: Host, network: NetworkId, id: string): Promise<void> {
  await host.replica.write(() => [{ kind: 'endpoint-rm', id, network }])
}

export const agree = (hosts: readonly MemoryPeer[]) =>
  eventually(() => new Set(hosts.map(host => host.replica.view.digest())).size === 1)

/** Blocks that the host owns by its own view. */
export function ownBlocks(host: MemoryPeer, network: NetworkId): number[] {
  const { view, self } = host.replica
  return Array.from({ length: view.blockCount(network) }, (_, index) => index).filter(
    index => view.block(network, index)?.owner === self,
  )
}

/** Allocates and attaches. */
export async function run(host: Host, network: NetworkId): Promise<number> {
  const ip = await host.ipam.allocate(network)
  await attach(host, network, ip)
  return ip
}

export async function runMany(host: Host, network: NetworkId, count: number): Promise<number[]> {
  const ips: number[] = []
  while (ips.length < count) ips.push(await run(host, network))
  return ips
}
