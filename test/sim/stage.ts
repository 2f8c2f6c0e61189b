/** A world for histories that are told step by step: a calm network, and words for what happens. */
import { createNetwork } from '../../src/api/create-network.ts'
import type { ApiDeps } from '../../src/api/deps.ts'
import { createTenantLeaves, removeNetworkLeaves, removeTenantLeaves } from '../../src/crdt/acts.ts'
import type { Network } from '../../src/crdt/registry-view.ts'
import { vectorHash } from '../../src/crdt/vector.ts'
import { toHex } from '../../src/lib/bytes.ts'
import type { PeerKey } from '../../src/lib/keys.ts'
import { allocate } from './addressing.ts'
import { checkAtRest, unrest } from './checks/convergence.ts'
import { containerUp } from './docker.ts'
import type { Host } from './host.ts'
import { startHost } from './lifecycle.ts'
import type { Way } from './links.ts'
import { shippedParts } from './parts.ts'
import type { Peer } from './peer.ts'
import { until } from './until.ts'
import { calm } from './weather.ts'
import { World } from './world.ts'

const tenant = 'default'

export interface Stage {
  world: World
  host(number: number): Host
  peer(number: number): Peer
  /** Starts one more host; it joins through any that it reaches. */
  join(): Promise<Host>
  /** Runs virtual time until the promise has settled, and gives its value. */
  finish<T>(promise: Promise<T>): Promise<T>
  pass(ms: number): Promise<void>
  /** `split([1, 2], [3])`. */
  split(...groups: number[][]): void
  /** Heals, waits until all are equal and settled, and checks what holds at rest. */
  heal(): Promise<void>
  create(number: number, name: string, subnet?: string, ofTenant?: string): Promise<Network>
  remove(number: number, network: Network): Promise<void>
  createTenant(number: number, name: string): Promise<void>
  removeTenant(number: number, name: string): Promise<void>
  /** A container; resolves when it runs or was refused. */
  run(number: number, network: Network, preferred?: number): Promise<void>
  /** An address for nobody; undefined when refused. */
  take(number: number, network: Network): Promise<number | undefined>
}

export function keyOf(stage: Stage, number: number): PeerKey {
  return stage.host(number).signer.key
}

/** Equal where the same records are held. */
export function hashOf(stage: Stage, number: number): string {
  return toHex(vectorHash(stage.peer(number).replica.vector()))
}

/** A mesh of `count` settled hosts. */
export async function setStage(count: number, seed = 1, parts = shippedParts): Promise<Stage> {
  const world = new World({ plan: { seed, weather: { ...calm, noticeMs: 50 } }, parts })
  const stage = stageOf(world)
  for (let i = 0; i < count; i++) await stage.join()
  await stage.heal()
  return stage
}

function stageOf(world: World): Stage {
  const host = (number: number): Host => {
    const found = world.hosts[number - 1]
    if (!found) throw new Error(`there is no host ${number}`)
    return found
  }
  const peer = (number: number): Peer => {
    const running = host(number).peer
    if (!running) throw new Error(`host ${number} is down`)
    return running
  }
  const finish = async <T>(promise: Promise<T>): Promise<T> => {
    let isSettled = false
    const settle = () => {
      isSettled = true
    }
    promise.then(settle, settle)
    await world.run(() => isSettled)
    return promise
  }
  const pass = (ms: number) => finish(world.time.sleep(ms))
  const write = async (number: number, ...args: Parameters<Peer['replica']['write']>) => {
    await finish(peer(number).replica.write(...args))
  }
  return {
    world,
    host,
    peer,
    finish,
    pass,
    async join() {
      const added = world.addHost()
      await finish(startHost(world, added))
      return added
    },
    split(...groups) {
      const sideOf = (number: number) => groups.findIndex(group => group.includes(number))
      const ways = world.hosts.flatMap((a, i) =>
        world.hosts.filter((_, j) => sideOf(i + 1) !== sideOf(j + 1)).map((b): Way => [a.name, b.name]),
      )
      world.network.cut(ways)
    },
    async heal() {
      world.network.links.mendAll()
      await until(world, 30_000, 'I2', () => unrest(world))
      await checkAtRest(world)
    },
    async create(number, name, subnet = '10.1.2.0/24', ofTenant = tenant) {
      const deps = { replica: peer(number).replica } as ApiDeps
      return (await finish(createNetwork(deps, { tenant: ofTenant, name, subnet }))).network
    },
    remove: (number, network) => write(number, view => removeNetworkLeaves(view, network.id)),
    createTenant: (number, name) => write(number, view => createTenantLeaves(view, name)),
    removeTenant: (number, name) => write(number, view => removeTenantLeaves(view, name)),
    async run(number, network, ip) {
      await finish(containerUp(world, host(number), network.id, { ip }))
    },
    async take(number, network) {
      return (await finish(allocate(world, host(number), peer(number), network.id)))?.ip
    },
  }
}
