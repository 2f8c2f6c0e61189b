import assert from 'node:assert/strict'
import { beforeEach, describe, it } from 'mocha'
import { createNetworkLeaves } from '../../../src/crdt/acts.ts'
import { checkpointLeaf, runOf } from '../../../src/crdt/checkpoint.ts'
import { leavesOf } from '../../../src/crdt/compact-unit.ts'
import { knownLeaf } from '../../../src/crdt/known.ts'
import { decodeLeaf } from '../../../src/crdt/leaf-codec.ts'
import type { Leaf } from '../../../src/crdt/leaves.ts'
import { contentName } from '../../../src/crdt/registry.ts'
import { Inheritance } from '../../../src/ipam/core/inheritance.ts'
import { coolDownMs, createLedger } from '../../../src/ipam/core/ledger.ts'
import { macOf } from '../../../src/model/ip.ts'
import { checkNetwork } from '../../../src/model/network.ts'
import { comeToRest } from '../crdt/model-duties.ts'
import { type ModelPeer, peersOf, settle } from '../crdt/model-peer.ts'
import type { World } from '../crdt/writer.ts'

describe('ipam: since when an heir waits (R7)', () => {
  let world: World
  let [one, two]: ModelPeer[] = []
  let heir: Inheritance
  let web: string
  /** Addresses that the third had. */
  let inherited: number[]
  let others: number[]

  /** The third is removed, its heir is the second, which sees that at 0. */
  beforeEach(() => {
    const mesh = peersOf(undefined, 1)
    world = mesh.world
    const [a, b, c] = mesh.peers as [ModelPeer, ModelPeer, ModelPeer]
    ;[one, two] = [a, b]
    const spec = checkNetwork({ tenant: 'default', name: 'web', subnet: '10.1.2.0/24' })
    a.write(createNetworkLeaves(a.registry, { tenant: 'default', name: 'web', spec }))
    settle([a, b, c])
    web = a.registry.networks()[0]?.id ?? ''
    const known = knownLeaf(a.registry)
    const target = { key: c.writer.key, heir: b.writer.key, counter: a.registry.held(c.writer.key) }
    a.write([known, { kind: 'removal', targets: [target], assertion: 1, known: contentName(known) }])
    comeToRest([a, b])
    assert.equal(b.registry.removals()[0]?.outcome, 'effective')
    heir = new Inheritance(b.writer.key)
    heir.follow(b.registry, 0)
    const { first, last } = spec.subnet
    const all = Array.from({ length: last - first + 1 }, (_, i) => first + i)
    inherited = all.filter(ip => {
      return b.registry.block(web, b.registry.blockOf(web, ip) ?? -1)?.inheritedFrom === c.writer.key
    })
    others = all.filter(ip => !inherited.includes(ip))
    assert.ok(inherited.length > 4 && others.length > 4)
  })

  const peer = (which: ModelPeer | undefined) => which ?? assert.fail()
  const up = (id: string, ip: number): Leaf => {
    return { kind: 'endpoint', id, network: web, ip, mac: macOf(ip), container: '', containerName: id }
  }
  const down = (id: string): Leaf => ({ kind: 'endpoint-rm', id, network: web })
  const waitOf = (ip: number | undefined, nowMs: number) => {
    const { registry } = peer(two)
    heir.follow(registry, nowMs)
    return heir.coolsInMs(registry, web, createLedger(), ip ?? 0, nowMs)
  }
  /** What the first holds arrives as it is there by now: a run of it that was compacted, where something was let go of. */
  const arrive = () => peer(two).pullAll(peer(one))

  const isOfChurn = (leaf: Leaf | undefined) =>
    (leaf?.kind === 'endpoint' || leaf?.kind === 'endpoint-rm') && leaf.id.startsWith('c')
  /** Containers of the first come and go, and their records with them; then more is written that the heir has not got. */
  function churn(...late: Leaf[][]): void {
    const [a, b] = [peer(one), peer(two)]
    for (const [i, ip] of others.slice(0, 4).entries())
      for (const leaf of [up(`c${i}`, ip), down(`c${i}`)]) a.write([leaf])
    settle([a, b])
    const before = b.counter(a.writer.key)
    for (const leaves of late) a.write(leaves)
    const parts = a.chain(a.writer.key)
    const run = runOf(parts) ?? assert.fail()
    const placed = parts.flatMap(leavesOf)
    const kept = placed.filter(({ counter, bytes }) => counter > before || !isOfChurn(decodeLeaf(bytes)))
    assert.ok(kept.length < placed.length)
    a.write([checkpointLeaf(a.writer.signer, run, kept)])
    arrive()
    assert.ok(b.counter(a.writer.key) > before)
    assert.ok(b.chain(a.writer.key).some(part => 'survivors' in part && part.first <= before && part.last > before))
  }

  it('it does not begin again when records are let go of', () => {
    const [ip] = inherited
    assert.equal(waitOf(ip, 0), coolDownMs)
    for (let s = 5; s < 30; s += 5) {
      churn([up(`late${s}`, inherited.at(-1) ?? 0)])
      assert.equal(waitOf(ip, s * 1000), coolDownMs - s * 1000)
    }
    assert.equal(waitOf(ip, coolDownMs), 0)
  })

  it('but it does for an address that an endpoint came and went at meanwhile, whose records came with what was let go of', () => {
    const [ip, used, stays] = inherited
    churn([up('a', used ?? 0)], [down('a')], [up('b', stays ?? 0)])
    assert.equal(waitOf(used, 20_000), coolDownMs)
    assert.equal(waitOf(stays, 20_000), coolDownMs)
    assert.equal(waitOf(ip, 20_000), 10_000)
    churn([down('b')])
    assert.equal(waitOf(stays, 40_000), coolDownMs)
    assert.equal(waitOf(used, 40_000), 10_000)
    assert.equal(waitOf(ip, 40_000), 0)
  })

  it('nor does it when hosts are let in', () => {
    const [ip] = inherited
    assert.equal(waitOf(ip, 0), coolDownMs)
    const [a] = [peer(one)]
    const before = a.writer.batches.length
    world.admit(1, 4, a.registry)
    for (const batch of a.writer.batches.slice(before)) a.take(batch)
    arrive()
    assert.notEqual(peer(two).registry.member(world.at(4).key), undefined)
    assert.equal(waitOf(ip, 20_000), 10_000)
  })

  it('it begins again when another host is removed: what is shown is another then, and that is not known address by address', () => {
    const [ip] = inherited
    const [a, b] = [peer(one), peer(two)]
    const known = knownLeaf(b.registry)
    const target = { key: a.writer.key, heir: b.writer.key, counter: b.registry.held(a.writer.key) }
    assert.equal(waitOf(ip, 0), coolDownMs)
    b.write([known, { kind: 'removal', targets: [target], assertion: 2, known: contentName(known) }])
    comeToRest([b])
    assert.equal(b.registry.removals()[1]?.outcome, 'effective')
    assert.equal(waitOf(ip, 20_000), coolDownMs)
  })
})
