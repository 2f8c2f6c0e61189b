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
import { leavesOf, type Part } from '../../../src/crdt/compact-unit.ts'
import { decodeLeaf } from '../../../src/crdt/leaf-codec.ts'
import type { Registry } from '../../../src/crdt/registry.ts'
import { owedRemovalLeaves } from '../../../src/crdt/removal-duty.ts'
import { startRemovalLeaves } from '../../../src/crdt/removal-start.ts'
import { checkNetwork } from '../../../src/model/network.ts'
import { comeToRest } from './model-duties.ts'
import { collectAll, ModelPeer, meshOf, peersOf, settle } from './model-peer.ts'
import { begin, moves, play } from './random-moves.ts'
import { viewJson } from './view-json.ts'

const spec = (subnet = '10.1.0.0/28') => checkNetwork({ tenant: 'default', name: 'x', subnet })

/** Kinds that a few dozen random histories let go of; policies and rules are kept for what is told of them. */
const usual = ['address', 'block', 'endpoint', 'endpoint-rm', 'free', 'group-edit', 'network', 'network-docker'].concat(
  ['network-drain', 'network-hold', 'network-rename', 'peer', 'reservation', 'tenant', 'tenant-rm', 'vtep'],
)

const shown = (peer: ModelPeer) => viewJson(peer.registry)

describe('crdt: collection', () => {
  it('gives one state to who compacted, who received compact units, and who holds all originals (I2)', function () {
    this.timeout(120_000)
    const collected = new Set<string>()
    fc.assert(
      fc.property(moves, list => {
        const { world, peers } = begin()
        // one learns everything as it was written that reaches members; one joins in between and asks whom it meets
        const archive = ModelPeer.onlooker(world, true)
        const joining = ModelPeer.onlooker(world, false)
        // what only somebody has who is removed then never comes to the others
        const archived = () => {
          for (const batch of world.batches) {
            const isHeld = meshOf(peers).every(peer => peer.counter(batch.writer) >= batch.last)
            if (isHeld && batch.last > archive.counter(batch.writer)) archive.take(batch)
          }
        }
        for (const move of list) {
          play(world, peers, move)
          if (move.pick > 2) archived()
          if (move.pick % 2) joining.pull(peers[move.other] as ModelPeer, world.at(move.peer + 1).key, move.pick)
        }
        comeToRest(peers)
        archived()
        collectAll(peers)
        archived()
        const [first, ...others] = meshOf(peers)
        assert.ok(first)
        joining.pullAll(first)
        const newcomer = ModelPeer.onlooker(world, false)
        newcomer.pullAll(others.at(-1) ?? first)
        const numbered = Object.fromEntries(others.entries())
        for (const { writer, chain } of peers.map(peer => ({
          writer: peer.writer,
          chain: peer.chain(peer.writer.key),
        }))) {
          for (const kind of goneKinds(writer.batches, chain)) collected.add(kind)
        }
        for (const [who, peer] of Object.entries({ ...numbered, archive, newcomer, joining })) {
          assert.equal(peer.registry.digest(), first.registry.digest(), who)
          assert.equal(shown(peer), shown(first), who)
          assert.deepEqual(
            peer.registry.conditions().filter(item => item.kind === 'checkpoint-unjust'),
            [],
          )
        }
      }),
      { numRuns: 60 },
    )
    assert.deepEqual(
      usual.filter(kind => !collected.has(kind)),
      [],
      'some kind was never let go of',
    )
  })

  it('never brings anything back, and never a generation down (I3)', function () {
    this.timeout(120_000)
    fc.assert(
      fc.property(moves, list => {
        const { world, peers } = begin()
        for (const move of list) play(world, peers, move)
        comeToRest(peers)
        const all = meshOf(peers)
        const before = all.map(shownObjects)
        const generations = () =>
          all.map(({ registry }) => ['web', 'db'].map(name => registry.nextGeneration('default', name)))
        const sure = generations()
        collectAll(peers)
        assert.deepEqual(all.map(shownObjects), before)
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
    // whoever took it before it saw another history of 2 says nothing of it: nor does who holds it for unjust, and sees both
    for (const { registry } of peers) {
      registry.noteFork(two.writer.key, [1000, 0])
      assert.deepEqual(
        registry.conditions().map(({ kind }) => kind),
        ['writer-forked'],
      )
    }
  })

  it('shows an unjust checkpoint no more once its writer was removed: nothing is left to do, and what it let go of is kept', () => {
    const { peers } = peersOf()
    const [one, two, three] = peers as [ModelPeer, ModelPeer, ModelPeer]
    one.write(createNetworkLeaves(one.registry, { tenant: 'default', name: 'web', spec: spec() }))
    settle(peers)
    const id = two.registry.networks()[0]?.id ?? ''
    const own = [0, 1, 2, 3].find(i => two.registry.block(id, i)?.owner === two.writer.key) ?? -1
    two.write([transferLeaf(two.registry, two.writer.signer, id, own, one.writer.key, two.writer.next)])
    const parts = two.chain(two.writer.key)
    const run = runOf(parts) ?? assert.fail()
    two.write([checkpointLeaf(two.writer.signer, run, parts.flatMap(leavesOf).slice(0, -1))])
    settle(peers)
    assert.deepEqual(
      one.registry.conditions().map(({ kind }) => kind),
      ['checkpoint-unjust'],
    )
    one.write(startRemovalLeaves(one.registry, one.writer.key, [two.writer.key], 1))
    settle(peers)
    three.write(owedRemovalLeaves(three.registry, three.writer.key))
    settle(peers)
    one.write(owedRemovalLeaves(one.registry, one.writer.key))
    settle(peers)
    for (const { registry } of [one, three]) {
      assert.equal(registry.member(two.writer.key), undefined)
      assert.equal(registry.block(id, own)?.owner, one.writer.key)
      assert.deepEqual(registry.conditions(), [])
    }
  })
})

/** What users see, without what only tells how it is held. */
function shownObjects({ registry }: ModelPeer): string {
  const view: Registry = registry
  const objects = view.networks().map(network => ({
    ...network,
    endpoints: view.endpoints(network.id),
    blocks: Array.from({ length: view.blockCount(network.id) }, (_, i) => view.block(network.id, i)),
    carved: view.carved(network.id).map(ip => view.address(network.id, ip)),
    ...{ reserved: view.reserved(network.id), heldBy: view.heldBy(network.id), drain: view.drain(network.id) },
  }))
  const { objects: of } = view
  return JSON.stringify({
    ...{ objects, tenants: view.tenants(), members: view.members() },
    ...{ groups: of.groups(), policies: of.policies(), profiles: of.profiles(), globals: of.globals() },
    rules: of.policies().map(({ tenant, name }) => of.rules(tenant, name)),
  })
}

/** Of what was written the kinds of what compact units are without. */
function goneKinds(batches: readonly Part[], chain: readonly Part[]): string[] {
  const written = new Map(batches.flatMap(batch => leavesOf(batch).map(({ counter, bytes }) => [counter, bytes])))
  return chain.flatMap(unit => {
    if (!('survivors' in unit)) return []
    const left = new Set(unit.survivors.map(({ counter }) => counter))
    const counters = Array.from({ length: unit.last - unit.first + 1 }, (_, i) => unit.first + i)
    return counters
      .filter(counter => !left.has(counter))
      .map(counter => decodeLeaf(written.get(counter) ?? new Uint8Array())?.kind ?? 'unknown')
  })
}
