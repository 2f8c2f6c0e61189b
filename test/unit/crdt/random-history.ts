/** Random histories of three settled writers, for the laws. Every writer's chain is valid; what it writes need not be. */
import fc from 'fast-check'
import {
  cancelDrainLeaves,
  createNetworkLeaves,
  createTenantLeaves,
  drainNetworkLeaves,
  removeNetworkLeaves,
  removeTenantLeaves,
  renameNetworkLeaves,
} from '../../../src/crdt/acts.ts'
import { giveAddressLeaves } from '../../../src/crdt/addresses.ts'
import type { Batch } from '../../../src/crdt/batch.ts'
import { transferLeaf } from '../../../src/crdt/blocks.ts'
import type { Leaf } from '../../../src/crdt/leaves.ts'
import type { Registry } from '../../../src/crdt/registry.ts'
import { encode } from '../../../src/lib/cbor.ts'
import { checkNetwork } from '../../../src/model/network.ts'
import { objectMakers } from './random-objects.ts'
import { registryOf, World, type Writer } from './writer.ts'

export interface Step {
  writer: number
  kind: number
  pick: number
  /** Whether the writer has seen everything written so far, or only its own records. */
  informed: boolean
  ms: number
}

export const steps = fc.array(
  fc.record(
    {
      writer: fc.integer({ min: 1, max: 3 }),
      kind: fc.nat(99),
      pick: fc.nat(7),
      informed: fc.boolean(),
      ms: fc.integer({ min: 2000, max: 2010 }),
    },
    { noNullPrototype: true },
  ),
  { minLength: 1, maxLength: 14 },
)

const subnets = ['10.1.0.0/29', '10.1.0.0/28', '10.2.0.0/30']
const names = ['web', 'db']
const tenants = ['default', 'blue']
const pickOf = <T>(list: readonly T[], pick: number) => list[pick % list.length] as T

type Maker = (view: Registry, writer: Writer, pick: number, world: World) => readonly (Leaf | Uint8Array)[]

const anyNetwork = (view: Registry, pick: number) => pickOf(view.networks(), pick)?.id ?? 'ab'.repeat(32)

const makers: readonly Maker[] = [
  (view, _, pick) => createTenantLeaves(view, pickOf(tenants, pick)),
  (_view, _, pick) => [{ kind: 'tenant', name: pickOf(tenants, pick) }],
  (view, _, pick) => removeTenantLeaves(view, pickOf(tenants, pick)),
  ...[0, 1, 2].map(
    (): Maker => (view, _, pick) =>
      createNetworkLeaves(view, {
        ...{ tenant: pickOf(tenants, pick), name: pickOf(names, pick >> 1) },
        spec: checkNetwork({ tenant: 'default', name: 'x', subnet: pickOf(subnets, pick) }),
      }),
  ),
  (view, _, pick) => (view.networks().length > 0 ? removeNetworkLeaves(view, anyNetwork(view, pick)) : []),
  ...[0, 1].map(
    (): Maker => (view, _, pick) => {
      const ip = 0x0a010000 + pick
      const at = { network: anyNetwork(view, pick), ip, mac: '02:02:0a:01:00:01', container: '', containerName: 'c' }
      return [{ kind: 'endpoint', id: `e${pick % 3}`, ...at }]
    },
  ),
  ...[0, 1].map(
    (): Maker => (view, _, pick) =>
      view.networks().length > 0 ? renameNetworkLeaves(view, anyNetwork(view, pick), pickOf(names, pick >> 1)) : [],
  ),
  ...[0, 1].map(
    (): Maker => (view, _, pick) =>
      view.networks().length > 0
        ? drainNetworkLeaves(view, anyNetwork(view, pick), anyNetwork(view, (pick >> 1) + 1))
        : [],
  ),
  (view, _, pick) => (view.networks().length > 0 ? cancelDrainLeaves(view, anyNetwork(view, pick)) : []),
  (view, _, pick) => [
    { kind: 'reservation', network: anyNetwork(view, pick >> 1), ip: 0x0a010001 + (pick >> 1), isKept: pick % 2 === 0 },
  ],
  (view, _, pick) => [{ kind: 'network-hold', network: anyNetwork(view, pick >> 1), isHeld: pick % 2 === 0 }],
  (view, _, pick) => [{ kind: 'endpoint-rm', id: `e${pick % 3}`, network: anyNetwork(view, pick) }],
  (view, _, pick) => [{ kind: 'vtep', network: anyNetwork(view, pick), address: '10.0.0.1', vni: 100 + pick }],
  (view, _, pick) => [{ kind: 'free', network: anyNetwork(view, pick), log2: pick - 1 }],
  ...[0, 1].map(
    (): Maker => (view, writer, pick, world) => {
      const network = anyNetwork(view, pick)
      const own = Array.from({ length: view.blockCount(network) }, (_, i) => i).filter(index => {
        const block = view.block(network, index)
        return block?.owner === writer.key && !block.quarantined
      })
      const to = world.at((pick % 3) + 1).key
      return own.length > 0 ? [transferLeaf(view, writer.signer, network, pickOf(own, pick), to, writer.next)] : []
    },
  ),
  (view, _, pick) => [
    {
      ...{ kind: 'network-docker', network: anyNetwork(view, pick), internal: pick % 2 === 0 },
      ...{ labels: [['a', String(pick)]], options: [] },
    },
  ],
  ...[0, 1, 2].map(
    (): Maker => (view, writer, pick, world) => {
      const network = anyNetwork(view, pick)
      const spec = view.network(network)?.spec
      const { first, last } = spec?.subnet ?? { first: 0, last: -1 }
      const own = Array.from({ length: last - first + 1 }, (_, i) => first + i).filter(ip => {
        const register = view.address(network, ip) ?? view.block(network, view.blockOf(network, ip) ?? -1)
        return register?.owner === writer.key && !register.quarantined
      })
      const some = own.slice(pick % 3, (pick % 3) + 1 + (pick % 2))
      return giveAddressLeaves(view, writer.signer, network, some, world.at((pick % 3) + 1).key, writer.next)
    },
  ),
  ...objectMakers,
  (_view, _, pick) => [{ kind: 'peer', name: 'host', addresses: [], vtepAddress: `10.0.0.${pick}`, mtu: 1500 }],
  (_view, _, pick) => [encode(['comet', pick]), encode(['tenant', 'not a name']), new Uint8Array([0xff, pick])],
]

/** The chains of the three writers. An uninformed block owner may have forgotten that it gave the block: a fork. */
export function historyOf(list: readonly Step[]): { world: World; chains: Batch[][] } {
  const world = new World(3).settleAll()
  const base = world.batches
  for (const { writer, kind, pick, informed, ms } of list) {
    const who = world.at(writer)
    const view = informed ? world.all : registryOf(world.meshId, base)
    const leaves = pickOf(makers, kind)(view, who, pick, world)
    if (leaves.length > 0) who.write(leaves, [ms, pick])
  }
  return { world, chains: world.writers.map(item => item.batches) }
}

/** One interleaving of the chains, each in its order, with repetitions of what went before. */
export function interleave(chains: readonly (readonly Batch[])[], choices: readonly number[]): Batch[] {
  const left = chains.map(chain => [...chain])
  const done: Batch[] = []
  for (let turn = 0; left.some(chain => chain.length > 0); turn++) {
    const choice = choices[turn % choices.length] ?? 0
    const open = left.filter(chain => chain.length > 0)
    done.push(pickOf(open, choice).shift() as Batch)
    if (choice % 5 === 0) done.push(pickOf(done, choice))
  }
  return done
}
