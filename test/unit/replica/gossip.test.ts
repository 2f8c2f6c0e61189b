import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import type { Batch } from '../../../src/crdt/batch.ts'
import { encode, type Plain } from '../../../src/lib/cbor.ts'
import { createMemoryDisk } from '../../../src/store/memory-disk.ts'
import { eventually } from '../../support/eventually.ts'
import { noWayBack } from '../../support/memory-mesh.ts'
import { signerAt, World, Writer } from '../crdt/writer.ts'
import { openRig, type Rig } from './rig.ts'

/** Peer 2 of a mesh of three, which has heard nothing yet; the others' batches are in `world`. */
async function listener() {
  const disk = createMemoryDisk()
  const rig = await openRig(disk, 2)
  const world = new World(3).settleAll()
  const others = world.writers.filter(writer => writer.key !== rig.signer.key)
  return { disk, rig, world, others }
}

const bytesOf = (batches: readonly Batch[]): Plain => batches.map(batch => batch.bytes)

/** Plays a broadcast and lets it be taken in: on a memory disk that is a matter of turns. */
async function push(rig: Rig, batches: readonly Batch[]): Promise<void> {
  rig.transport.hear(signerAt(3).key, encode(bytesOf(batches)))
  for (let turn = 0; turn < 20; turn++) await new Promise(resolve => setImmediate(resolve))
}

describe('replica: gossip', () => {
  it('places batches in whatever order and number they come, once they make a chain', async () => {
    const { rig, world, others } = await listener()
    const batches = others.flatMap(writer => writer.batches)
    for (const batch of [...batches, ...batches].reverse()) {
      rig.transport.hear(signerAt(3).key, encode(bytesOf([batch])))
    }
    await eventually(() => rig.replica.view.members().length === 3)
    assert.ok(others.every(writer => rig.replica.view.member(writer.key)))
    const direct = await openRig(createMemoryDisk(), 2)
    await push(direct, batches)
    assert.equal(direct.replica.view.digest(), rig.replica.view.digest())
    assert.equal(world.all.members().length, 3)
  })

  it('has on its disk what it shows', async () => {
    const { disk, rig, others } = await listener()
    await push(
      rig,
      others.flatMap(writer => writer.batches),
    )
    const digest = rig.replica.view.digest()
    disk.crash()
    assert.equal((await openRig(disk, 2)).replica.view.digest(), digest)
  })

  it('stays where it was while something is missing', async () => {
    const { rig, world } = await listener()
    const chain = world.at(1).batches
    const held = () => rig.replica.vector().get(world.at(1).key)?.[0]?.counter
    await push(rig, chain.slice(0, 1))
    assert.equal(held(), chain[0]?.last)
    const digest = rig.replica.view.digest()
    await push(rig, chain.slice(2, 3))
    assert.equal(rig.replica.view.digest(), digest)
    await push(rig, chain.slice(1, 2))
    assert.equal(held(), chain[2]?.last, 'both are placed now')
    await push(rig, chain.slice(0, 3))
    assert.equal(held(), chain[2]?.last, 'known')
  })

  it('ignores what is malformed, forged, of another mesh or by a stranger', async () => {
    const { rig, world, others } = await listener()
    await push(
      rig,
      others.flatMap(writer => writer.batches),
    )
    const digest = rig.replica.view.digest()
    const tenant = { kind: 'tenant' as const, name: 'evil' }
    const stranger = new Writer(signerAt(9), world.meshId)
    const foreign = new Writer(signerAt(1), 'ff'.repeat(16))
    const forger = new Writer({ key: signerAt(3).key, sign: signerAt(9).sign }, world.meshId)
    for (const writer of [stranger, foreign]) writer.write([tenant])
    for (const _ of world.at(3).batches) forger.write([tenant])
    forger.write([tenant])
    const wrong = [stranger, foreign, forger].flatMap(writer => writer.batches)
    for (const message of [
      encode(bytesOf(wrong)),
      encode([1]),
      encode('x'),
      new Uint8Array([0xff]),
      new Uint8Array(),
    ]) {
      rig.transport.hear(signerAt(3).key, message)
    }
    await push(rig, wrong)
    assert.equal(rig.replica.view.digest(), digest)
    world.at(3).write([{ kind: 'tenant', name: 'good' }])
    await push(rig, world.at(3).batches)
    assert.ok(rig.replica.view.hasTenant('good'))
    assert.equal(rig.replica.view.hasTenant('evil'), false)
  })

  it('takes nothing in, and does not fence itself, for batches that the named writer did not sign', async () => {
    const { rig, world, others } = await listener()
    await push(
      rig,
      others.flatMap(writer => writer.batches),
    )
    // next in the chain, and right but for the signature
    world.at(3).write([{ kind: 'tenant', name: 'blue' }])
    world.at(2).write([{ kind: 'tenant', name: 'own' }])
    const [next, own] = [world.at(3), world.at(2)].map(writer => writer.batches.at(-1) as Batch) as [Batch, Batch]
    const forged = [next, own].map(({ header, leaves }) => encode([header, signerAt(9).sign(header), leaves]))
    rig.transport.hear(signerAt(3).key, encode(forged))
    await push(rig, [])
    assert.equal(rig.replica.view.hasTenant('blue'), false)
    await push(rig, [next])
    assert.equal(rig.replica.view.hasTenant('blue'), true)
    await rig.replica.local.set([['still', 'writing']])
  })

  it('keeps both histories of a writer, shows its tips, and fences it (R8)', async () => {
    const { rig, world, others } = await listener()
    await push(
      rig,
      others.flatMap(writer => writer.batches),
    )
    const twin = new Writer(signerAt(3), world.meshId)
    twin.write([{ kind: 'tenant', name: 'twin' }])
    await push(rig, twin.batches)
    assert.equal(rig.replica.view.hasTenant('twin'), true)
    assert.equal(rig.replica.view.isForked(signerAt(3).key), true)
    const last = world.at(3).batches.at(-1)
    assert.deepEqual(rig.replica.vector().get(signerAt(3).key), [
      { counter: last?.last, hash: last?.hash },
      { counter: 1, hash: twin.batches[0]?.hash },
    ])
    const [condition] = rig.replica.view.conditions().filter(({ kind }) => kind === 'writer-forked')
    assert.match(condition?.text ?? '', /^host3 has two histories/)
    assert.match(condition?.remedy ?? '', /skein join TOKEN/)
  })

  it('answers no malformed request of the sync protocol', async () => {
    const { rig } = await listener()
    const ask = rig.transport.handler('/skein/sync/2')
    const bad: Plain[] = [
      5,
      [],
      [9],
      ['x'],
      [0],
      [1],
      [1, 5],
      [1, [256]],
      [2],
      [2, [[1, 2]]],
      [2, [5]],
      [3],
      [3, [1]],
      [4],
      [4, [1]],
    ]
    for (const request of bad)
      await assert.rejects(ask(signerAt(3).key, encode(request), noWayBack), /malformed|unknown/)
    await assert.rejects(ask(signerAt(3).key, new Uint8Array([0xff]), noWayBack))
  })
})
