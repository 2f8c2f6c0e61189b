/** What a host has let go of by a checkpoint that nobody has any more, the others let go of too (I2). */
import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { createNetworkLeaves } from '../../../src/crdt/acts.ts'
import type { Batch } from '../../../src/crdt/batch.ts'
import { transferLeaf } from '../../../src/crdt/blocks.ts'
import { checkpointLeaf, compact, runOf } from '../../../src/crdt/checkpoint.ts'
import { type CompactUnit, leavesOf, makeUnit } from '../../../src/crdt/compact-unit.ts'
import { admissionProof } from '../../../src/crdt/identity.ts'
import { knownLeaf } from '../../../src/crdt/known.ts'
import { decodeLeaf } from '../../../src/crdt/leaf-codec.ts'
import type { CheckpointLeaf, Leaf } from '../../../src/crdt/leaves.ts'
import { contentName } from '../../../src/crdt/registry.ts'
import { type Head, vectorHash } from '../../../src/crdt/vector.ts'
import { toHex } from '../../../src/lib/bytes.ts'
import { encode } from '../../../src/lib/cbor.ts'
import { newSeed, signerOf, verifySignature } from '../../../src/lib/keys.ts'
import { checkNetwork } from '../../../src/model/network.ts'
import { journalName } from '../../../src/replica/create.ts'
import { usualRewriting } from '../../../src/replica/journal-rewriter.ts'
import { ask, syncProtocol } from '../../../src/replica/sync-messages.ts'
import { eventually } from '../../support/eventually.ts'
import { Hand, type HostileMesh, meshWithHostile } from '../../support/hostile-member.ts'
import { MemoryHub, noWayBack } from '../../support/memory-mesh.ts'
import { type MemoryPeer, restartPeer } from '../../support/memory-peer.ts'
import { measure } from './traffic.ts'

const spec = checkNetwork({ tenant: 'default', name: 'web', subnet: '10.1.2.0/24' })

describe('replica: units whose checkpoint is lost', function () {
  this.timeout(60_000)
  let hub: MemoryHub
  let mesh: HostileMesh
  let web = ''
  const at = (n: number) => mesh.honest[n - 1] as MemoryPeer
  const keyOf = (n: number) => at(n).signer.key
  const digests = (peers = mesh.honest) => new Set(peers.map(({ replica }) => replica.view.digest())).size
  const hashOf = ({ replica }: MemoryPeer) => toHex(vectorHash(replica.vector()))

  beforeEach(async () => {
    hub = new MemoryHub()
    mesh = await meshWithHostile(hub)
    await at(1).replica.write(view => createNetworkLeaves(view, { tenant: 'default', name: 'web', spec }))
    await mesh.agree()
    web = at(1).replica.view.networkByName('default', 'web')?.id ?? ''
  })
  afterEach(() => mesh.stop())

  /** Containers that start and end on the host that is removed later. */
  function cycles(count: number): Batch[] {
    return Array.from({ length: count }, (_, i) => [
      mesh.hand.make([
        {
          ...{ kind: 'endpoint', id: `e${i}`, network: web, ip: 0x0a010201 + i, mac: '02:02:0a:01:02:01' },
          ...{ container: '', containerName: `e${i}` },
        },
      ]),
      mesh.hand.make([{ kind: 'endpoint-rm', id: `e${i}`, network: web }]),
    ]).flat()
  }

  /** The checkpoint by which that host lets go of what it wrote of these kinds, and what is left of its run. */
  function letGo(run: readonly Batch[], ...kinds: Leaf['kind'][]): { leaf: CheckpointLeaf; unit: CompactUnit } {
    const kept = run.flatMap(leavesOf).filter(({ bytes }) => !kinds.some(kind => decodeLeaf(bytes)?.kind === kind))
    const leaf = checkpointLeaf(mesh.hand.signer, runOf(run) ?? assert.fail(), kept)
    const result = compact(leaf, run, verifySignature)
    return { leaf, unit: result === 'unsound' ? assert.fail(result) : result.unit }
  }

  /** All have synchronised with all, twice: who was given something may have given it on. */
  async function rest(peers: readonly MemoryPeer[] = mesh.honest): Promise<void> {
    for (const _ of [1, 2]) await Promise.all(peers.map(({ replica }) => replica.syncNow(2000)))
    assert.equal(new Set(peers.map(hashOf)).size, 1, 'equal vectors')
  }

  function headOf(history: readonly Batch[]): Head {
    const end = history.at(-1) ?? assert.fail()
    return { counter: end.last, hash: end.hash }
  }

  /** What a copy writes behind the batch: the first, a container that starts and ends, the others, and the checkpoint that lets the container go. */
  function historyAfter(begun: Batch, name: string, first: readonly Leaf[], ...others: readonly Leaf[][]): Batch[] {
    const run: Batch[] = []
    const add = (leaves: readonly Leaf[]) => run.push(mesh.hand.make(leaves, { after: headOf([begun, ...run]) }))
    const [id, mac] = [`of-${name}`, '02:02:0a:01:02:09']
    add(first)
    add([{ kind: 'endpoint', id, network: web, ip: 0x0a010209, mac, container: '', containerName: id }])
    add([{ kind: 'endpoint-rm', id, network: web }])
    for (const leaves of others) add(leaves)
    add([letGo(run, 'endpoint', 'endpoint-rm').leaf])
    return run
  }

  /** Host 1 has what is left of the run, the others have the run; nobody has the checkpoint. */
  async function divide(run: readonly Batch[], unit: CompactUnit): Promise<void> {
    hub.split([keyOf(1)], [keyOf(2), keyOf(3)])
    mesh.say([unit], [at(1)])
    mesh.say(run, [at(2), at(3)])
    await eventually(() => new Set(mesh.honest.map(hashOf)).size === 1)
    hub.heal()
    await rest()
  }

  async function remove(): Promise<void> {
    await at(2).removal.start([mesh.hand.key], 1)
    await eventually(async () => {
      for (const { replica } of mesh.honest) await replica.syncNow(2000)
      return mesh.honest.every(({ replica }) => replica.view.removals()[0]?.outcome === 'effective')
    })
  }

  async function restart(): Promise<void> {
    for (const [i, peer] of [...mesh.honest.entries()]) {
      await peer.stop()
      mesh.honest[i] = await restartPeer(hub, peer)
    }
  }

  /** Host 1 meets these two histories in one order, the others in the other; what all have come to in the end, and have after a restart. */
  async function agreedAfter(histories: readonly (readonly Batch[])[]): Promise<string> {
    hub.split([keyOf(1)], [keyOf(2), keyOf(3)])
    for (const [i, to] of [[at(1)], [at(2), at(3)]].entries()) {
      for (const history of i === 0 ? histories : [...histories].reverse()) mesh.say(history, to)
    }
    await eventually(() => mesh.honest.every(({ replica }) => replica.vector().get(mesh.hand.key)?.length === 2))
    assert.deepEqual([digests(), digests([at(2), at(3)])], [2, 1])
    hub.heal()
    await rest()
    assert.equal(digests(), 1)
    const digest = at(1).replica.view.digest()
    await restart()
    for (const { replica } of mesh.honest) assert.equal(replica.view.digest(), digest)
    return digest
  }

  /** What a member gives, as if it were an orphaned unit of its own. */
  const give = (to: MemoryPeer, ...units: readonly Uint8Array[]) =>
    to.mesh.handler(syncProtocol)?.(keyOf(1), encode([ask.orphans, new Uint8Array(32), [...units]]), noWayBack) ??
    assert.fail()

  it('are taken by the others in the place of the records, and after restarts too', async () => {
    const run = cycles(3)
    const { unit } = letGo(run, 'endpoint', 'endpoint-rm')
    await divide(run, unit)
    assert.equal(digests(), 1)
    const digest = at(1).replica.view.digest()
    await restart()
    assert.equal(digests(), 1)
    const sizes = () => Promise.all(mesh.honest.map(async ({ disk }) => (await disk.read(journalName))?.length ?? 0))
    const before = await sizes()
    hub.rewriting = { ...usualRewriting, floorBytes: 0, deadShare: 0 }
    await restart()
    await eventually(async () => (await sizes()).slice(1).every((size, i) => size < (before[i + 1] ?? 0)))
    hub.rewriting = usualRewriting
    await restart()
    for (const { replica } of mesh.honest) assert.equal(replica.view.digest(), digest)
  })

  it('are given on by who was given them', async () => {
    const run = cycles(1)
    await divide(run, letGo(run, 'endpoint', 'endpoint-rm').unit)
    hub.split([keyOf(1)], [keyOf(3)])
    await remove()
    await rest()
    assert.equal(digests(), 1)
    assert.deepEqual(at(1).mesh.connected(), [keyOf(2)])
  })

  it('are taken with what else lies in the run, of a writer with two histories (R8)', async () => {
    const run = cycles(2)
    const [first] = run
    const copied = mesh.hand.make([{ kind: 'tenant', name: 'of-a-copy' }], {
      after: { counter: first?.last ?? 0, hash: first?.hash ?? '' },
    })
    hub.split([keyOf(1)], [keyOf(2), keyOf(3)])
    mesh.say([letGo(run, 'endpoint', 'endpoint-rm').unit], [at(1)])
    mesh.say([...run, copied], [at(2), at(3)])
    await eventually(() => [2, 3].every(n => at(n).replica.view.isForked(mesh.hand.key)))
    assert.ok(!at(1).replica.view.isForked(mesh.hand.key))
    hub.heal()
    await remove()
    await rest()
    assert.equal(digests(), 1)
    assert.ok(!at(2).replica.view.hasTenant('of-a-copy'))
    await restart()
    assert.equal(digests(), 1)
  })

  it('go to who lacks what they keep, of a member whose copies each let go of something else (R8), and count after restarts', async () => {
    const begun = [mesh.hand.make([{ kind: 'free', network: web, log2: 3 }]), ...cycles(1)]
    mesh.say(begun)
    await mesh.agree()
    const last = { counter: begun.at(-1)?.last ?? 0, hash: begun.at(-1)?.hash ?? '' }
    const copied = mesh.hand.make([letGo(begun, 'free').leaf], { after: last })
    const named = mesh.hand.make([{ kind: 'tenant', name: 'of-a-copy' }], { after: last })
    const run = [...begun, named]
    const after = { counter: named.last, hash: named.hash }
    const other = mesh.hand.make([letGo(run, 'endpoint', 'endpoint-rm').leaf], { after })
    const further = mesh.hand.make([{ kind: 'tenant', name: 'further' }], {
      after: { counter: copied.last, hash: copied.hash },
    })
    const histories = [
      [copied, further],
      [named, other],
    ]
    const digest = await agreedAfter(histories)
    hub.rewriting = { ...usualRewriting, floorBytes: 0, deadShare: 0 }
    await restart()
    hub.rewriting = usualRewriting
    await restart()
    for (const { replica } of mesh.honest) assert.equal(replica.view.digest(), digest)
  })

  it('go to who holds a unit of the same run of another history (R8), and count after restarts', async () => {
    const begun = mesh.hand.make([{ kind: 'tenant', name: 'common' }])
    mesh.say([begun])
    await mesh.agree()
    const histories = ['a', 'b'].map(name => historyAfter(begun, name, [{ kind: 'tenant', name }]))
    await agreedAfter(histories)
  })

  it('go to who takes in nothing of a newcomer, as what let that one in lies in the run of a copy’s unit (R8)', async () => {
    const begun = mesh.hand.make([{ kind: 'tenant', name: 'common' }])
    mesh.say([begun])
    await mesh.agree()
    const [token, guest] = [signerOf(newSeed()), new Hand(signerOf(newSeed()), mesh.hand.meshId)]
    const list = knownLeaf(at(1).replica.view)
    const proof = token.sign(admissionProof(guest.meshId, guest.key, 'guest'))
    const named = { kind: 'admission', key: guest.key, name: 'guest', addresses: [], known: contentName(list) } as const
    const invitation: Leaf = { kind: 'invitation', invitation: token.key, expiresMs: 5000, uses: 1 }
    const copied = historyAfter(begun, 'a', [{ kind: 'tenant', name: 'a' }])
    // its end lies behind what the original lets go of
    for (const name of ['b', 'c']) copied.push(mesh.hand.make([{ kind: 'tenant', name }], { after: headOf(copied) }))
    const original = historyAfter(begun, 'b', [invitation], [list, { ...named, invitation: token.key, proof }])
    hub.split([keyOf(1)], [keyOf(2), keyOf(3)])
    for (const history of [copied, original]) mesh.say(history, [at(1)])
    for (const history of [original, copied, [guest.make([{ kind: 'tenant', name: 'of-the-guest' }])]])
      mesh.say(history, [at(2), at(3)])
    const lets = (n: number) => at(n).replica.view.member(guest.key) !== undefined
    await eventually(() => mesh.honest.every(({ replica }) => replica.vector().get(mesh.hand.key)?.length === 2))
    await eventually(() => [2, 3].every(n => at(n).replica.view.hasTenant('of-the-guest')))
    assert.ok(!lets(1))
    hub.heal()
    await mesh.agree()
    assert.ok(lets(1))
    const digest = at(1).replica.view.digest()
    await restart()
    for (const { replica } of mesh.honest) assert.equal(replica.view.digest(), digest)
  })

  it('make room for what goes on behind their run, where so many histories were held that it was refused (R8, decision 0023)', async () => {
    const begun = cycles(1)
    // three partings, the last of which keeps one history only, and not the one that goes on
    const copies: Batch[] = []
    const path = [...begun]
    for (const depth of [1, 2, 3]) {
      const after = headOf(path)
      const [low, high] = ['a', 'b']
        .map(name => mesh.hand.make([{ kind: 'tenant', name: `${name}${depth}` }], { after }))
        .sort((a, b) => (a.hash < b.hash ? -1 : 1))
      if (!low || !high) assert.fail()
      copies.push(low)
      path.push(high)
    }
    const run = path.slice(0, -1)
    const { leaf, unit } = letGo(run, 'endpoint', 'endpoint-rm')
    const goesOn = mesh.hand.make([leaf], { after: headOf(path) })
    hub.split([keyOf(1)], [keyOf(2), keyOf(3)])
    mesh.say([...run, ...copies], [at(2), at(3)])
    await eventually(() => [2, 3].every(n => at(n).replica.vector().get(mesh.hand.key)?.length === 3))
    mesh.say([unit, ...path.slice(-1), goesOn], [at(1)])
    await eventually(() => at(1).replica.vector().get(mesh.hand.key)?.[0]?.hash === goesOn.hash)
    hub.heal()
    await rest()
    assert.equal(digests(), 1)
    assert.ok(
      at(2)
        .replica.vector()
        .get(mesh.hand.key)
        ?.some(({ hash }) => hash === goesOn.hash),
    )
    await restart()
    await rest()
    assert.equal(digests(), 1)
  })

  it('cost a member that has them 100 bytes once, and nothing after that', async () => {
    const run = cycles(40)
    await divide(run, letGo(run, 'endpoint', 'endpoint-rm').unit)
    await remove()
    await rest()
    hub.split([keyOf(1)], [keyOf(2)], [keyOf(3)])
    hub.heal()
    const traffic = measure(mesh.honest.map(peer => peer.mesh))
    await rest()
    assert.ok((traffic.kinds.get(ask.orphans) ?? 0) <= 6, 'each asks each once')
    assert.ok(traffic.largest < 60, `${traffic.largest} bytes`)
    const before = traffic.kinds.get(ask.orphans)
    await rest()
    assert.equal(traffic.kinds.get(ask.orphans), before)
  })

  it('are what the checkpoint itself makes, when that comes after all', async () => {
    const run = cycles(2)
    const { unit, leaf } = letGo(run, 'endpoint', 'endpoint-rm')
    await divide(run, unit)
    await remove()
    await rest()
    mesh.say([mesh.hand.make([leaf])], [at(3)])
    await rest()
    assert.equal(digests(), 1)
    assert.deepEqual(at(2).replica.view.conditions(), [])
  })

  describe('change nothing', () => {
    /** That host has given away a block, and invited; containers of it have come and gone. */
    let run: Batch[] = []

    beforeEach(async () => {
      const { view } = at(1).replica
      const index = Array.from({ length: view.blockCount(web) }, (_, i) => i).find(
        i => view.block(web, i)?.owner === mesh.hand.key,
      )
      assert.ok(index !== undefined)
      const { signer } = mesh.hand
      const invitation: Leaf = { kind: 'invitation', invitation: keyOf(3), expiresMs: 5000, uses: 1 }
      run = [
        mesh.hand.make([transferLeaf(view, signer, web, index, keyOf(3), mesh.hand.next)]),
        mesh.hand.make([invitation]),
        ...cycles(2),
      ]
      mesh.say(run)
      await mesh.agree()
    })

    async function isIgnored(...units: readonly Uint8Array[]): Promise<void> {
      const [digest, dot] = [at(2).replica.view.digest(), { writer: mesh.hand.key, counter: run[0]?.first ?? 0 }]
      await give(at(2), ...units)
      assert.equal(at(2).replica.view.digest(), digest)
      assert.deepEqual(at(2).replica.batchAt(dot), run[0]?.bytes)
      await at(2).stop()
      mesh.honest[1] = await restartPeer(hub, at(2))
      assert.equal(at(2).replica.view.digest(), digest)
    }

    it('when their writer did not sign them, they are of another run, or no units', async () => {
      await remove()
      const { unit } = letGo(run, 'endpoint', 'endpoint-rm')
      const forged = makeUnit(unit, unit.survivors, at(1).signer.sign(unit.header))
      const { unit: later } = letGo(cycles(1), 'endpoint', 'endpoint-rm')
      await isIgnored(forged.bytes, later.bytes, new Uint8Array([1, 2, 3]), run[0]?.bytes ?? assert.fail())
    })

    for (const kind of ['block', 'invitation'] as const) {
      it(`when something that is needed would be lost: ${kind}`, async () => {
        await remove()
        await isIgnored(letGo(run, kind, 'endpoint', 'endpoint-rm').unit.bytes, letGo(run, kind).unit.bytes)
      })
    }
  })
})
