/** Issue 4: what a hostile member says of its own records makes nobody diverge, also who joins and has nothing to judge it by. */
import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { createNetworkLeaves } from '../../../src/crdt/acts.ts'
import type { Batch } from '../../../src/crdt/batch.ts'
import { transferLeaf } from '../../../src/crdt/blocks.ts'
import { checkpointLeaf, runOf } from '../../../src/crdt/checkpoint.ts'
import {
  type CompactUnit,
  leavesOf,
  makeUnit,
  type Part,
  type PlacedLeaf,
  unitHeader,
} from '../../../src/crdt/compact-unit.ts'
import { decodeLeaf, encodeLeaf } from '../../../src/crdt/leaf-codec.ts'
import type { Leaf } from '../../../src/crdt/leaves.ts'
import { sha256Hex } from '../../../src/lib/bytes.ts'
import { encode } from '../../../src/lib/cbor.ts'
import { checkNetwork } from '../../../src/model/network.ts'
import { usualRewriting } from '../../../src/replica/journal-rewriter.ts'
import { ask, syncProtocol } from '../../../src/replica/sync-messages.ts'
import { eventually } from '../../support/eventually.ts'
import { type HostileMesh, meshWithHostile, sameVectors } from '../../support/hostile-member.ts'
import { MemoryHub, noWayBack } from '../../support/memory-mesh.ts'
import { joinPeer, type MemoryPeer, restartPeer } from '../../support/memory-peer.ts'

const spec = checkNetwork({ tenant: 'default', name: 'web', subnet: '10.1.2.0/24' })

describe('replica: lies about one’s own records', function () {
  this.timeout(60_000)
  let hub: MemoryHub
  let mesh: HostileMesh
  let web = ''
  /** It gave a block to host 3, and containers came and went. */
  let run: Batch[] = []
  let block = 0
  const at = (n: number) => mesh.honest[n - 1] as MemoryPeer
  const ownerAt = (peer: MemoryPeer) => peer.replica.view.block(web, block)?.owner

  beforeEach(async () => {
    hub = new MemoryHub()
    mesh = await meshWithHostile(hub)
    await at(1).replica.write(view => createNetworkLeaves(view, { tenant: 'default', name: 'web', spec }))
    await mesh.agree()
    const { view } = at(1).replica
    web = view.networkByName('default', 'web')?.id ?? ''
    const all = Array.from({ length: view.blockCount(web) }, (_, i) => i)
    block = all.find(i => view.block(web, i)?.owner === mesh.hand.key) ?? assert.fail()
    run = [
      mesh.hand.make([transferLeaf(view, mesh.hand.signer, web, block, at(3).signer.key, mesh.hand.next)]),
      ...[1, 2, 3].flatMap(i => [mesh.hand.make([endpoint(i)]), mesh.hand.make([ended(i)])]),
    ]
  })
  afterEach(() => mesh.stop())

  const endpoint = (i: number): Leaf => {
    const [id, mac] = [`e${i}`, '02:02:0a:01:02:01']
    return { kind: 'endpoint', id, network: web, ip: 0x0a010200 + i, mac, container: '', containerName: id }
  }
  const ended = (i: number): Leaf => ({ kind: 'endpoint-rm', id: `e${i}`, network: web })
  const isKind = (leaf: PlacedLeaf, kind: Leaf['kind']) => decodeLeaf(leaf.bytes)?.kind === kind

  /** What the host signs as what is left of its run. */
  function said(of: (leaves: PlacedLeaf[]) => PlacedLeaf[], batches: readonly Batch[] = run): CompactUnit {
    const place = runOf(batches) ?? assert.fail()
    const left = of(batches.flatMap(leavesOf))
    return makeUnit(place, left, mesh.hand.signer.sign(unitHeader(place, left)))
  }

  const withoutBlock = (leaves: PlacedLeaf[]) => leaves.filter(leaf => !isKind(leaf, 'block'))
  const another = (leaves: PlacedLeaf[]) =>
    leaves.map((leaf, i) => {
      const bytes = encodeLeaf({ kind: 'tenant', name: 'another' })
      return i === 1 ? { ...leaf, bytes, hash: sha256Hex(bytes) } : leaf
    })

  /** A fifth host joins, and hears this before it is complete. */
  async function join(...parts: Part[]): Promise<MemoryPeer> {
    const peer = await joinPeer(hub, 'host5', at(1))
    // of the writer, as if it had come by another newcomer
    peer.mesh.hear(at(2).signer.key, encode(parts.map(({ bytes }) => bytes)))
    mesh.honest.push(peer)
    await peer.replica.waitFor(() => peer.replica.isComplete, 5000)
    return peer
  }

  async function restartAll(): Promise<void> {
    for (const [i, peer] of [...mesh.honest.entries()]) {
      await peer.stop()
      mesh.honest[i] = await restartPeer(hub, peer)
    }
  }

  /** What others hold is shown behind a synchronisation. */
  async function settled(): Promise<void> {
    await eventually(async () => {
      await Promise.all(mesh.honest.map(({ replica }) => replica.syncNow(1000)))
      return new Set(mesh.honest.map(({ replica }) => replica.view.digest())).size === 1
    })
    await sameVectors(mesh.honest)
  }

  /** Nobody holds anything else, before and after restarts, and with journals that were written anew. */
  async function agree(): Promise<void> {
    await settled()
    const digest = at(1).replica.view.digest()
    await restartAll()
    hub.rewriting = { ...usualRewriting, floorBytes: 0, deadShare: 0 }
    await restartAll()
    await settled()
    hub.rewriting = usualRewriting
    await restartAll()
    for (const { replica } of mesh.honest) assert.equal(replica.view.digest(), digest)
    for (const peer of mesh.honest) assert.equal(ownerAt(peer), at(3).signer.key)
  }

  /** One host is told something else than the others, in a split; then they meet. */
  async function tell(to: MemoryPeer, parts: readonly Part[], others: readonly Part[] = run): Promise<void> {
    const rest = mesh.honest.filter(peer => peer !== to)
    hub.split(
      [to.signer.key],
      rest.map(({ signer }) => signer.key),
    )
    mesh.say(others, rest)
    mesh.say(parts, [to])
    await Promise.all(mesh.honest.map(({ replica }) => replica.syncNow(1000)))
    assert.notEqual(to.replica.view.digest(), rest[0]?.replica.view.digest())
    hub.heal()
  }

  for (const [what, lie] of [
    ['a block that it gave away', withoutBlock],
    ['a record that it never wrote', another],
  ] as const) {
    it(`of ${what}, to a member: what it wrote counts, and that member says so`, async () => {
      await tell(at(2), [said(lie)])
      await agreed(at(2))
    })
  }

  async function agreed(peer: MemoryPeer): Promise<void> {
    await settled()
    assert.deepEqual(
      peer.replica.contradicted().map(({ writer }) => writer),
      [mesh.hand.key],
    )
    assert.ok(!peer.replica.view.hasTenant('another'))
    await agree()
  }

  it('to all but one: that one’s records count', async () => {
    await tell(at(1), run, [said(withoutBlock)])
    await agree()
  })

  it('of a record that it never wrote, to a newcomer, by whom it joins by', async () => {
    hub.split([at(1).signer.key], [at(2).signer.key, at(3).signer.key])
    mesh.say(run, [at(2), at(3)])
    mesh.say([said(another)], [at(1)])
    const peer = await join()
    assert.ok(peer.replica.view.hasTenant('another'))
    hub.heal()
    await agreed(peer)
  })

  it('of a block that it gave away, by a checkpoint too, to a newcomer: most of the others hold it for unjust', async () => {
    const left = withoutBlock(run.flatMap(leavesOf))
    const checkpoint = mesh.hand.make([checkpointLeaf(mesh.hand.signer, runOf(run) ?? assert.fail(), left)])
    mesh.say([...run, checkpoint])
    await mesh.agree()
    assert.deepEqual(
      at(1)
        .replica.view.conditions()
        .map(({ kind }) => kind),
      ['checkpoint-unjust'],
    )
    const peer = await join(said(withoutBlock))
    await agree()
    assert.equal(ownerAt(peer), at(3).signer.key)
  })

  it('that no records speak against: all take the same of two', async () => {
    const head = run.at(-1) ?? assert.fail()
    const place = { ...(runOf(run) ?? assert.fail()), hash: sha256Hex(head.bytes) }
    const lies = [1, 2].map(i => {
      const leaf = run.flatMap(leavesOf)[0] ?? assert.fail()
      const bytes = encodeLeaf({ kind: 'tenant', name: `t${i}` })
      const left = [leaf, { ...leaf, counter: leaf.counter + 1, bytes, hash: sha256Hex(bytes) }]
      return makeUnit(place, left, mesh.hand.signer.sign(unitHeader(place, left)))
    })
    await tell(at(2), lies.slice(0, 1), lies.slice(1))
    await agree()
  })

  it('that what ended an endpoint is let go of, and not the endpoint: it is back, on all, also without a restart', async () => {
    mesh.say(run)
    await mesh.agree()
    const left = run.flatMap(leavesOf).filter(leaf => !isKind(leaf, 'endpoint-rm'))
    mesh.say([mesh.hand.make([checkpointLeaf(mesh.hand.signer, runOf(run) ?? assert.fail(), left)])])
    await mesh.agree()
    assert.equal(at(1).replica.view.endpoints(web).length, 3)
    await agree()
  })

  it('by another member, with records that were let go of: a newcomer keeps what the others have', async () => {
    const left = run.flatMap(leavesOf).filter(leaf => isKind(leaf, 'block'))
    const checkpoint = mesh.hand.make([checkpointLeaf(mesh.hand.signer, runOf(run) ?? assert.fail(), left)])
    mesh.say([...run, checkpoint])
    await mesh.agree()
    const peer = await joinPeer(hub, 'host5', at(1))
    mesh.honest.push(peer)
    await sameVectors(mesh.honest)
    const digest = peer.replica.view.digest()
    const [start, end] = [run[0] ?? assert.fail(), checkpoint]
    // what ends with another's signature, as the batch behind the run, may not make the run look shorter
    const stolen = makeUnit({ ...start, last: end.last, hash: end.hash }, [], end.signature)
    for (const shown of [run, run.slice(-1), run.slice(2), [start, stolen], [stolen]]) {
      const given = [ask.orphans, new Uint8Array(32), shown.map(({ bytes }) => bytes)]
      await peer.mesh.handler(syncProtocol)?.(at(2).signer.key, encode(given), noWayBack)
      assert.deepEqual(peer.replica.vector(), at(1).replica.vector())
    }
    assert.equal(peer.replica.view.digest(), digest)
    await agree()
  })
})
