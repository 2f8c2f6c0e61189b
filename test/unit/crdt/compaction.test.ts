import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, it } from 'mocha'
import {
  createNetworkLeaves,
  createTenantLeaves,
  removeNetworkLeaves,
  removeTenantLeaves,
} from '../../../src/crdt/acts.ts'
import { transferLeaf } from '../../../src/crdt/blocks.ts'
import { checkpointLeaf, runOf } from '../../../src/crdt/checkpoint.ts'
import { leavesOf } from '../../../src/crdt/compact-unit.ts'
import type { Leaf } from '../../../src/crdt/leaves.ts'
import type { Registry } from '../../../src/crdt/registry.ts'
import { encode } from '../../../src/lib/cbor.ts'
import { checkNetwork } from '../../../src/model/network.ts'
import { collectAll, ModelPeer, peersOf, settle } from './model-peer.ts'
import { objectMakers } from './random-objects.ts'
import { viewJson } from './view-json.ts'

const spec = (subnet = '10.1.0.0/28') => checkNetwork({ tenant: 'default', name: 'x', subnet })

interface Move {
  kind: number
  peer: number
  other: number
  pick: number
}

const moves = fc.array(
  fc.record(
    { kind: fc.nat(17 + objectMakers.length), peer: fc.nat(2), other: fc.nat(2), pick: fc.nat(5) },
    { noNullPrototype: true },
  ),
  { minLength: 5, maxLength: 60 },
)

/** What a user of the peer does, or what the peer does about it. */
function play(peers: readonly ModelPeer[], { kind, peer, other, pick }: Move): void {
  const [a, b] = [peers[peer], peers[other]] as [ModelPeer, ModelPeer]
  const { registry: view, writer } = a
  const networks = view.networks()
  const network = networks[pick % Math.max(networks.length, 1)]
  const write = (leaves: readonly (Leaf | Uint8Array)[]) => leaves.length > 0 && a.write(leaves)
  const name = pick % 2 ? 'web' : 'db'
  const at = { ip: 0x0a010001 + pick, mac: '02:02:0a:01:00:01', container: '', containerName: '' }
  switch (kind) {
    case 0:
      return void write(createNetworkLeaves(view, { tenant: 'default', name, spec: spec() }))
    case 1:
      return void (network && write(removeNetworkLeaves(view, network.id)))
    case 2:
      return void write(createTenantLeaves(view, 'blue'))
    case 3:
      return void (view.tenantActs('blue').length > 0 && write(removeTenantLeaves(view, 'blue')))
    case 4:
      return void (
        network?.status === 'live' && write([{ kind: 'endpoint', id: `e${pick}`, network: network.id, ...at }])
      )
    case 5: {
      const held = networks.flatMap(({ id }) => view.endpoints(id)).find(item => item.owner === writer.key)
      return void (held && write([{ kind: 'endpoint-rm', id: held.id, network: held.network }]))
    }
    case 6:
      return void (network && write([{ kind: 'vtep', network: network.id, address: '10.0.0.1', vni: 100 + pick }]))
    case 7: {
      const index = network && [0, 1, 2, 3].find(i => view.block(network.id, i)?.owner === writer.key)
      if (network && index !== undefined && !view.block(network.id, index)?.quarantined)
        write([transferLeaf(view, writer.signer, network.id, index, b.writer.key, writer.next)])
      return
    }
    case 8:
      return void write([encode(['comet', pick])])
    case 9:
      return void a.collect()
    case 10:
      return void a.pull(b, b.writer.key, 1 + pick)
    case 11:
      return void a.pullAll(b)
    case 12:
      return void a.sees(b)
    case 14:
      return void (network && write([{ kind: 'reservation', network: network.id, ip: at.ip, isKept: pick % 3 > 0 }]))
    case 15: {
      if (!network) return
      const { id, tenant, bornName, generation } = network
      return void write([{ kind: 'network-rename', id, tenant, name: bornName, generation, newName: `n${pick}` }])
    }
    case 16:
      return void (network && write([{ kind: 'network-drain', id: network.id, into: networks[0]?.id ?? '' }]))
    case 13:
      for (const one of peers) for (const two of peers) one.sees(two)
      return
    case 17:
      settle(peers)
      for (const one of peers) one.collect()
      return
    default:
      return void write(objectMakers[kind - 18]?.(view, writer, pick) ?? [])
  }
}

const shown = (peer: ModelPeer) => viewJson(peer.registry)

describe('crdt: collection', () => {
  it('gives one state to who compacted, who received compact units, and who holds all originals (I2)', function () {
    this.timeout(120_000)
    let collected = 0
    fc.assert(
      fc.property(moves, list => {
        const { world, peers } = peersOf()
        // one learns everything as it was written; one joins in between and asks whom it meets
        const archive = new ModelPeer(world, 1)
        const joining = new ModelPeer(world, 1, false)
        const archived = () => {
          for (const batch of world.batches) if (batch.last > archive.counter(batch.writer)) archive.take(batch)
        }
        for (const move of list) {
          play(peers, move)
          if (move.pick > 2) archived()
          if (move.pick % 2) joining.pull(peers[move.other] as ModelPeer, world.at(move.peer + 1).key, move.pick)
        }
        archived()
        collectAll(peers)
        archived()
        joining.pullAll(peers[0] as ModelPeer)
        const newcomer = new ModelPeer(world, 1, false)
        newcomer.pullAll(peers[1] as ModelPeer)
        const digest = peers[0]?.registry.digest()
        const units = peers.flatMap(peer => peer.chain(peer.writer.key)).filter(part => 'survivors' in part)
        collected += units.length
        for (const [who, peer] of Object.entries({ two: peers[1], three: peers[2], archive, newcomer, joining })) {
          assert.ok(peer)
          assert.equal(peer.registry.digest(), digest, who)
          assert.equal(shown(peer), shown(peers[0] as ModelPeer), who)
          assert.deepEqual(
            peer.registry.conditions().filter(item => item.kind === 'checkpoint-unjust'),
            [],
          )
        }
      }),
      { numRuns: 60 },
    )
    assert.ok(collected > 0, `${collected} units`)
  })

  it('never brings anything back, and never a generation down (I3)', function () {
    this.timeout(120_000)
    fc.assert(
      fc.property(moves, list => {
        const { peers } = peersOf()
        for (const move of list) play(peers, move)
        settle(peers)
        const before = peers.map(shownObjects)
        const generations = () => ['web', 'db'].map(name => peers[0]?.registry.nextGeneration('default', name))
        const sure = generations()
        collectAll(peers)
        assert.deepEqual(peers.map(shownObjects), before)
        assert.deepEqual(generations(), sure)
      }),
      { numRuns: 30 },
    )
  })

  it('leaves of a deleted network one record, which holds its generation (H1, H3)', () => {
    const { peers } = peersOf()
    const [one, two] = peers as [ModelPeer, ModelPeer]
    const size = one.registry.size()
    one.write(createTenantLeaves(one.registry, 'blue'))
    const act = { tenant: 'blue', name: 'web', spec: spec() }
    one.write(createNetworkLeaves(one.registry, act))
    const first = one.registry.networks()[0]?.id ?? ''
    const own = [0, 1, 2, 3].find(i => one.registry.block(first, i)?.owner === one.writer.key) ?? -1
    one.write([transferLeaf(one.registry, one.writer.signer, first, own, two.writer.key, one.writer.next)])
    one.write([{ kind: 'vtep', network: first, address: '10.0.0.1', vni: 100 }])
    settle(peers)
    two.write(removeNetworkLeaves(two.registry, first))
    two.write(removeTenantLeaves(two.registry, 'blue'))
    collectAll(peers)
    // the roster and the deletion with the highest generation stay, and of each writer who let go its last checkpoints
    const checkpoints = peers.flatMap(peer => one.registry.checkpoints.of(peer.writer.key)).length
    assert.equal(one.registry.size() - checkpoints, size + 2)
    assert.ok(one.registry.vnisOf(one.writer.key).size === 0)
    // H1, H3: recreated on both, before and after: another network
    for (const peer of peers) assert.equal(peer.registry.nextGeneration('blue', 'web'), 1)
    one.write(createNetworkLeaves(one.registry, act))
    const second = one.registry.networks()[0]?.id
    assert.notEqual(second, first)
    assert.ok(second && one.registry.block(second, own)?.epoch === 0)
    assert.ok(one.registry.isDeleted(first), 'whoever still has to clear up after it is told')
  })

  it('keeps a deletion until everybody has what was written without knowing it (H13)', () => {
    const { peers } = peersOf()
    const [one, two, three] = peers as [ModelPeer, ModelPeer, ModelPeer]
    one.write([{ kind: 'tenant', name: 'blue' }])
    settle(peers)
    // 1 deletes; 3 had written it again, unseen; 2 has the deletion and not yet that
    three.write([{ kind: 'tenant', name: 'blue' }])
    one.write(removeTenantLeaves(one.registry, 'blue'))
    two.pull(one, one.writer.key)
    three.pull(one, one.writer.key)
    for (const peer of peers) one.sees(peer)
    for (const peer of peers) one.sees(peer)
    assert.equal(one.collect(), 0)
    two.pull(three, three.writer.key)
    one.pull(three, three.writer.key)
    for (const peer of peers) one.sees(peer)
    assert.ok(one.collect() > 0)
    collectAll(peers)
    // the unseen write revives the tenant, everywhere
    for (const peer of peers) assert.deepEqual(peer.registry.tenants(), ['default', 'blue'])
    assert.equal(new Set(peers.map(peer => peer.registry.digest())).size, 1)
  })

  it('does not compact what an unjust checkpoint lets go of, and shows it on all', () => {
    const { peers } = peersOf()
    const [one, two] = peers as [ModelPeer, ModelPeer]
    one.write(createNetworkLeaves(one.registry, { tenant: 'default', name: 'web', spec: spec() }))
    settle(peers)
    const id = two.registry.networks()[0]?.id ?? ''
    const own = [0, 1, 2, 3].find(i => two.registry.block(id, i)?.owner === two.writer.key) ?? -1
    two.write([transferLeaf(two.registry, two.writer.signer, id, own, one.writer.key, two.writer.next)])
    settle(peers)
    // 2 lets go of the record by which it gave the block away
    const parts = two.chain(two.writer.key)
    const run = runOf(parts)
    assert.ok(run)
    const kept = parts.flatMap(leavesOf).slice(0, -1)
    two.write([checkpointLeaf(two.writer.signer, run, kept)])
    settle(peers)
    for (const { registry } of peers) {
      assert.equal(registry.block(id, own)?.owner, one.writer.key)
      assert.equal(registry.conditions().find(item => item.kind === 'checkpoint-unjust')?.objects[0], two.writer.key)
    }
    assert.equal(new Set(peers.map(peer => peer.registry.digest())).size, 1)
  })
})

/** What users see, without what only tells how it is held. */
function shownObjects({ registry }: ModelPeer): string {
  const view: Registry = registry
  const objects = view.networks().map(network => ({
    ...network,
    endpoints: view.endpoints(network.id),
    blocks: Array.from({ length: view.blockCount(network.id) }, (_, i) => view.block(network.id, i)),
  }))
  return JSON.stringify({ objects, tenants: view.tenants(), members: view.members() })
}
