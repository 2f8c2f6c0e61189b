import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { createNetworkLeaves } from '../../../src/crdt/acts.ts'
import type { Batch } from '../../../src/crdt/batch.ts'
import { transferLeaf } from '../../../src/crdt/blocks.ts'
import type { Leaf } from '../../../src/crdt/leaves.ts'
import { maxTips } from '../../../src/crdt/vector.ts'
import { encode } from '../../../src/lib/cbor.ts'
import { newSeed, signerOf } from '../../../src/lib/keys.ts'
import { checkNetwork } from '../../../src/model/network.ts'
import { journalName } from '../../../src/replica/create.ts'
import type { Disk } from '../../../src/store/disk.ts'
import { createMemoryDisk } from '../../../src/store/memory-disk.ts'
import { eventually } from '../../support/eventually.ts'
import { type HostileMesh, meshWithHostile, sameVectors } from '../../support/hostile-member.ts'
import { MemoryHub } from '../../support/memory-mesh.ts'
import { joinPeer, type MemoryPeer, restartPeer } from '../../support/memory-peer.ts'
import { tenant } from './rig.ts'

async function cloneOf(disk: Disk): Promise<Disk> {
  const copy = createMemoryDisk()
  await copy.replace(journalName, (await disk.read(journalName)) ?? new Uint8Array())
  return copy
}

const spec = checkNetwork({ tenant: 'default', name: 'web', subnet: '10.1.2.0/24' })

describe('replica: two histories of one key', () => {
  const hub = new MemoryHub()
  let mesh: HostileMesh
  let web = ''
  const at = (n: number) => mesh.honest[n - 1] as MemoryPeer
  const kinds = (peer: MemoryPeer) => peer.replica.view.conditions().map(condition => condition.kind)
  const forked = (peer: MemoryPeer) =>
    peer.replica.view.conditions().find(condition => condition.kind === 'writer-forked')

  beforeEach(async () => {
    mesh = await meshWithHostile(hub)
    await at(1).replica.write(view => createNetworkLeaves(view, { tenant: 'default', name: 'web', spec }))
    await mesh.agree()
    web = at(1).replica.view.networkByName('default', 'web')?.id ?? ''
  })
  afterEach(() => mesh.stop())

  const endpoint = (id: string, ip: number): Leaf => {
    const mac = '02:02:0a:01:02:01'
    return { kind: 'endpoint', id, network: web, ip, mac, container: '', containerName: id }
  }

  it('a child shown to each peer, in a split: all hold all of them, fence it, and name what it handed out', async () => {
    const { view } = at(1).replica
    const index = Array.from({ length: view.blockCount(web) }, (_, i) => i).find(
      i => view.block(web, i)?.owner === mesh.hand.key,
    ) as number
    const after = mesh.hand.head
    const children = mesh.honest.map((peer, i) => [
      mesh.hand.make(
        [
          endpoint(`c${i}`, 0x0a010201 + i),
          transferLeaf(view, mesh.hand.signer, web, index, peer.signer.key, (after?.counter ?? 0) + 2),
        ],
        { after },
      ),
    ])
    hub.split(...mesh.honest.map(peer => [peer.signer.key]))
    mesh.honest.forEach((peer, i) => {
      mesh.say(children[i] ?? [], [peer])
    })
    for (const peer of mesh.honest) {
      await peer.replica.waitFor(now => now.block(web, index)?.owner === peer.signer.key, 5000)
      assert.deepEqual(kinds(peer), [])
    }
    hub.heal()
    await mesh.agree()
    for (const peer of mesh.honest) {
      assert.equal(peer.replica.vector().get(mesh.hand.key)?.length, 3)
      assert.equal(peer.replica.view.block(web, index)?.quarantined, true)
      assert.deepEqual(kinds(peer).sort(), ['block-forked', 'writer-forked'])
      assert.match(forked(peer)?.text ?? '', /^host4 has two histories: .*10\.1\.2\.1 \(c0\).*c1.*c2/)
    }
  })

  it('more histories than are kept are one condition, and nothing else stops', async () => {
    const after = mesh.hand.head
    const make = (n: number) => mesh.hand.make([tenant(`t${n}`)], { after })
    const batches = Array.from({ length: 16 }, (_, i) => make(i))
    mesh.say(batches)
    await mesh.agree()
    mesh.say([make(16), make(17)])
    await at(2).replica.write(() => [tenant('later')])
    await mesh.agree()
    for (const peer of mesh.honest) {
      assert.equal(peer.replica.vector().get(mesh.hand.key)?.length, 16)
      assert.deepEqual(kinds(peer), ['writer-forked'])
      assert.ok(peer.replica.view.hasTenant('later'))
    }
  })

  it('far more histories than are kept, other ones shown to each peer in a split: all keep the same of them', async () => {
    const after = mesh.hand.head
    const follow = (first: Batch, name: string) =>
      mesh.hand.make([tenant(name)], { after: { counter: first.last, hash: first.hash } })
    const shown = mesh.honest.map((_, peer) =>
      Array.from({ length: 14 }, (_, i) => {
        const first = mesh.hand.make([endpoint(`p${peer}c${i}`, 0x0a010201 + 20 * peer + i)], { after })
        return [first, ...Array.from({ length: 1 + (i % 6) }, (_, n) => follow(first, `p${peer}t${i}n${n}`))]
      }),
    )
    hub.split(...mesh.honest.map(peer => [peer.signer.key]))
    for (const [i, peer] of mesh.honest.entries()) {
      for (const batches of shown[i] ?? []) mesh.say(batches, [peer])
      await peer.replica.write(() => [tenant(`honest${i}`)])
    }
    await eventually(() => {
      for (const peer of mesh.honest) assert.ok((peer.replica.vector().get(mesh.hand.key)?.length ?? 0) > 16)
    })
    hub.heal()
    await mesh.agree()
    const tips = at(1).replica.vector().get(mesh.hand.key) ?? []
    assert.ok(tips.length > 16 && tips.length <= maxTips, `${tips.length} tips`)
    const kept = at(1).replica.view.endpoints(web).length
    assert.equal(kept, 16, 'what follows on one batch in the sixteen lowest hashes')
    for (const peer of mesh.honest) {
      assert.deepEqual(kinds(peer), ['writer-forked'])
      for (const i of [0, 1, 2]) assert.ok(peer.replica.view.hasTenant(`honest${i}`))
    }
    await at(2).stop()
    mesh.honest.splice(1, 1, await restartPeer(hub, at(2)))
    await mesh.agree()
  })

  it('a newcomer that was shown one of them before anything else comes to its end, and shows it to the others', async () => {
    const after = mesh.hand.head
    const [lowest, ...others] = Array.from({ length: 17 }, (_, i) =>
      mesh.hand.make([tenant(`child-${i}`)], { after }),
    ).sort((a, b) => (a.hash < b.hash ? -1 : 1))
    if (!lowest) assert.fail()
    mesh.say(others)
    await mesh.agree()
    const seed = newSeed()
    hub.split(
      mesh.honest.map(({ signer }) => signer.key),
      [signerOf(seed).key],
    )
    const newcomer = await joinPeer(hub, 'host5', at(1), seed)
    try {
      newcomer.mesh.hear(mesh.hand.key, encode([lowest.bytes]))
      hub.heal()
      await eventually(() => newcomer.replica.isComplete)
      await sameVectors([...mesh.honest, newcomer])
      assert.ok(
        at(1)
          .replica.vector()
          .get(mesh.hand.key)
          ?.some(({ hash }) => hash === lowest.hash),
      )
    } finally {
      await newcomer.stop()
    }
  })

  it('another history from the very beginning, long after', async () => {
    const beginning = { counter: 0, hash: '0'.repeat(64) }
    mesh.say([mesh.hand.make([tenant('anew')], { after: beginning, hlc: [1, 0] })], [at(3)])
    await mesh.agree()
    for (const peer of mesh.honest) {
      assert.deepEqual(kinds(peer), ['writer-forked'])
      assert.equal(peer.replica.view.members().length, 4)
    }
  })

  it('a cloned identity: two machines with one key are found out, write no more, and receive on', async () => {
    const original = at(3)
    // the copy of its disk meets the mesh while the original is away, and writes
    await original.stop()
    const copy = await restartPeer(hub, { ...original, disk: await cloneOf(original.disk) })
    await copy.replica.write(() => [tenant('by-the-copy')])
    await sameVectors([at(1), at(2), copy])
    await copy.stop()
    const back = await restartPeer(hub, original)
    mesh.honest.splice(2, 1, back)
    await mesh.agree()
    await assert.rejects(
      back.replica.write(() => [tenant('by-the-original')]),
      { code: 'forbidden' },
    )
    await at(1).replica.write(() => [tenant('later')])
    await mesh.agree()
    assert.ok(back.replica.view.hasTenant('later') && !back.replica.view.hasTenant('by-the-original'))
  })

  it('a clone that wrote in a split, as its original did: both are fenced', async () => {
    const original = at(3)
    await original.stop()
    const disk = await cloneOf(original.disk)
    hub.split([at(1).signer.key], [at(2).signer.key, original.signer.key])
    const one = await restartPeer(hub, original)
    await one.replica.write(() => [tenant('one')])
    await sameVectors([at(2), one])
    await one.stop()
    hub.split([at(2).signer.key], [at(1).signer.key, original.signer.key])
    hub.heal()
    hub.split([at(2).signer.key], [at(1).signer.key, original.signer.key])
    const two = await restartPeer(hub, { ...original, disk })
    await two.replica.write(() => [tenant('two')])
    await sameVectors([at(1), two])
    hub.heal()
    mesh.honest.splice(2, 1, two)
    await mesh.agree()
    for (const peer of mesh.honest) assert.match(forked(peer)?.text ?? '', /^host3 has two histories/)
    await assert.rejects(
      two.replica.write(() => [tenant('more')]),
      { code: 'forbidden' },
    )
  })
})
