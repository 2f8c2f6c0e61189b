/** Random moves of peers of a model mesh: what users do there, and what peers do about it, with members that come and go. */
import fc from 'fast-check'
import {
  createNetworkLeaves,
  createTenantLeaves,
  removeNetworkLeaves,
  removeTenantLeaves,
} from '../../../src/crdt/acts.ts'
import { giveAddressLeaves } from '../../../src/crdt/addresses.ts'
import { transferLeaf } from '../../../src/crdt/blocks.ts'
import { knownLeaf } from '../../../src/crdt/known.ts'
import type { Assertion, Leaf } from '../../../src/crdt/leaves.ts'
import type { Network } from '../../../src/crdt/registry-view.ts'
import { startRemovalLeaves } from '../../../src/crdt/removal-start.ts'
import { encode } from '../../../src/lib/cbor.ts'
import { SkeinError } from '../../../src/lib/errors.ts'
import { checkNetwork } from '../../../src/model/network.ts'
import { owedLeaves } from './model-duties.ts'
import { type ModelPeer, peersOf, settle } from './model-peer.ts'
import { objectMakers } from './random-objects.ts'
import { signerAt, type World } from './writer.ts'

/** How many may be let in, behind three that are settled. */
const lateComers = 1
const peerCount = 3 + lateComers

interface Scene {
  readonly world: World
  readonly peers: readonly ModelPeer[]
  /** Who moves, and another. */
  readonly a: ModelPeer
  readonly b: ModelPeer
  readonly pick: number
  /** A network that `a` knows of. */
  readonly network: Network | undefined
}

/** What `a` writes; what else happens it does itself. */
type Make = (scene: Scene) => readonly (Leaf | Uint8Array)[] | undefined

const spec = checkNetwork({ tenant: 'default', name: 'x', subnet: '10.1.0.0/28' })
const at = (pick: number) => ({ ip: 0x0a010001 + pick, mac: '02:02:0a:01:00:01', container: '', containerName: '' })

const create: Make = ({ a, pick }) =>
  createNetworkLeaves(a.registry, { tenant: 'default', name: pick % 2 ? 'web' : 'db', spec })

const start: Make = ({ network, pick }) =>
  network?.status === 'live' ? [{ kind: 'endpoint', id: `e${pick}`, network: network.id, ...at(pick) }] : []

const ofUsers: readonly Make[] = [
  create,
  start,
  ({ a, network }) => network && removeNetworkLeaves(a.registry, network.id),
  ({ a }) => createTenantLeaves(a.registry, 'blue'),
  ({ a }) => (a.registry.tenantActs('blue').length > 0 ? removeTenantLeaves(a.registry, 'blue') : []),
  ({ a: { registry, writer } }) => {
    const all = registry.networks().flatMap(({ id }) => registry.endpoints(id))
    const held = all.find(item => item.owner === writer.key)
    return held && [{ kind: 'endpoint-rm', id: held.id, network: held.network }]
  },
  ({ network, pick }) => network && [{ kind: 'vtep', network: network.id, address: '10.0.0.1', vni: 100 + pick }],
  ({ network, pick }) =>
    network && [{ kind: 'reservation', network: network.id, ip: at(pick).ip, isKept: pick % 3 > 0 }],
  ({ network, pick }) => {
    if (!network) return undefined
    const { id, tenant, bornName, generation } = network
    return [{ kind: 'network-rename', id, tenant, name: bornName, generation, newName: `n${pick}` }]
  },
  ({ a, network }) => network && [{ kind: 'network-drain', id: network.id, into: a.registry.networks()[0]?.id ?? '' }],
  ({ network, pick }) => network && [{ kind: 'network-hold', network: network.id, isHeld: pick % 2 > 0 }],
  ({ network, pick }) => network && [{ kind: 'free', network: network.id, log2: pick - 1 }],
  ({ network, pick }) =>
    network && [{ kind: 'network-docker', network: network.id, labels: [], options: [], internal: pick % 2 > 0 }],
  ({ a, pick }) => {
    const { key } = a.writer
    const [name, addresses] = [key.slice(0, 4), [`10.0.0.${1 + pick}:7373`]]
    return [{ kind: 'peer', name, addresses, vtepAddress: '', mtu: 0, machine: '' }]
  },
  ({ pick }) => [encode(['comet', pick])],
]

const ofCustody: readonly Make[] = [
  ({ a: { registry, writer }, b, network }) => {
    const index = network && [0, 1, 2, 3].find(i => registry.block(network.id, i)?.owner === writer.key)
    if (!network || index === undefined || registry.block(network.id, index)?.quarantined) return undefined
    return [transferLeaf(registry, writer.signer, network.id, index, b.writer.key, writer.next)]
  },
  // out of a block, or on from who has it
  ...[0, 1].map(
    (): Make =>
      ({ a: { registry, writer }, b, network, pick }) => {
        if (!network) return undefined
        const own = Array.from({ length: 14 }, (_, i) => 0x0a010001 + i).filter(ip => {
          const block = registry.block(network.id, registry.blockOf(network.id, ip) ?? -1)
          const register = registry.address(network.id, ip) ?? block
          return register?.owner === writer.key && !register.quarantined
        })
        const some = own.slice(pick % 3, (pick % 3) + 1)
        return giveAddressLeaves(registry, writer.signer, network.id, some, b.writer.key, writer.next)
      },
  ),
]

const ofMembers: readonly Make[] = [
  ({ world, peers, a }) => {
    const newcomer = peers.at(-1)
    if (!newcomer || a.registry.everMember(newcomer.writer.key)) return undefined
    const invitation = signerAt(100 + a.writer.next)
    const known = knownLeaf(a.registry)
    const admission = world.admission(newcomer.writer.key, 'late', invitation, known)
    a.write([{ kind: 'invitation', invitation: invitation.key, expiresMs: 5000, uses: 1 }, known, admission])
    newcomer.pullAll(a)
    newcomer.complete()
    return undefined
  },
  ...[0, 1, 2, 3].map(
    (): Make =>
      ({ a }) =>
        owedLeaves(a),
  ),
  ({ a, b, pick }) => {
    return a === b ? undefined : startRemovalLeaves(a.registry, a.writer.key, [b.writer.key], (pick % 2) as Assertion)
  },
]

const meeting =
  (meet: (scene: Scene) => void): Make =>
  scene => {
    if (scene.a.knows(scene.b) && scene.b.knows(scene.a)) meet(scene)
    return undefined
  }

const ofPeers: readonly Make[] = [
  ({ a }) => {
    a.collect()
    return undefined
  },
  meeting(({ a, b, pick }) => a.pull(b, b.writer.key, 1 + pick)),
  meeting(({ a, b }) => a.pullAll(b)),
  meeting(({ a, b }) => a.sees(b)),
  ({ peers }) => {
    for (const one of peers) for (const two of peers) if (one.knows(two) && two.knows(one)) one.sees(two)
    return undefined
  },
  ({ peers }) => {
    settle(peers)
    for (const one of peers) if (one.isIn) one.collect()
    return undefined
  },
]

const ofObjects = objectMakers.map(
  (make): Make =>
    ({ a, pick }) =>
      make(a.registry, a.writer, pick),
)

/** How often a history has one of each. */
const families = [
  { weight: 4, makes: ofUsers },
  { weight: 3, makes: ofCustody },
  { weight: 2, makes: ofMembers },
  { weight: 4, makes: ofPeers },
  { weight: 2, makes: ofObjects },
]
const makes = families.flatMap(family => family.makes)

export interface Move {
  readonly kind: number
  readonly peer: number
  readonly other: number
  readonly pick: number
}

const kinds = families.map((family, i) => {
  const min = families.slice(0, i).flatMap(before => before.makes).length
  return { weight: family.weight, arbitrary: fc.integer({ min, max: min + family.makes.length - 1 }) }
})

export const moves = fc.array(
  fc.record<Move>(
    {
      ...{ kind: fc.oneof(...kinds), pick: fc.nat(5) },
      ...{ peer: fc.nat(peerCount - 1), other: fc.nat(peerCount - 1) },
    },
    { noNullPrototype: true },
  ),
  { minLength: 10, maxLength: 60, size: 'max' },
)

/** A mesh in which a network is used and another is not. */
export function begin(): { world: World; peers: ModelPeer[] } {
  const begun = peersOf(undefined, lateComers)
  const { world, peers } = begun
  const run = (kind: Make, pick: number) => {
    for (const peer of [0, 1]) play(world, peers, { kind: makes.indexOf(kind), peer, other: 1, pick })
    settle(peers)
  }
  for (const pick of [0, 1]) run(create, pick)
  run(start, 0)
  return begun
}

/** Who is no member, or knows that it is none any more, does nothing. */
export function play(world: World, peers: readonly ModelPeer[], { kind, peer, other, pick }: Move): void {
  const [a, b] = [peers[peer], peers[other]] as [ModelPeer, ModelPeer]
  if (!a.isIn) return
  const networks = a.registry.networks()
  const network = networks[pick % Math.max(networks.length, 1)]
  const leaves = unlessRefused(() => makes[kind]?.({ world, peers, a, b, pick, network })) ?? []
  if (leaves.length > 0) a.write(leaves)
}

/** What a user is refused is part of the history, too. */
function unlessRefused<T>(make: () => T): T | undefined {
  try {
    return make()
  } catch (error) {
    if (error instanceof SkeinError) return undefined
    throw error
  }
}
