import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import type { Batch } from '../../../src/crdt/batch.ts'
import { encode, type Plain } from '../../../src/lib/cbor.ts'
import { createMemoryDisk } from '../../../src/store/memory-disk.ts'
import { eventually } from '../../support/eventually.ts'
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

const push = (rig: Rig, batches: readonly Batch[]) =>
  rig.transport.handler('/skein/sync/1')(signerAt(3).key, encode([2, bytesOf(batches)]))

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

  it('says what is missing, and stays where it was', async () => {
    const { rig, world } = await listener()
    const chain = world.at(1).batches
    assert.deepEqual([...(await push(rig, chain.slice(0, 1)))], [...encode([false, 1])])
    const digest = rig.replica.view.digest()
    assert.deepEqual([...(await push(rig, chain.slice(2, 3)))], [...encode([true, 0])])
    assert.equal(rig.replica.view.digest(), digest)
    assert.deepEqual([...(await push(rig, chain.slice(1, 2)))], [...encode([false, 2])], 'both are placed now')
    assert.deepEqual([...(await push(rig, chain.slice(0, 3)))], [...encode([false, 0])], 'known')
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
    await rig.transport.handler('/skein/sync/1')(signerAt(3).key, encode([2, forged]))
    assert.equal(rig.replica.view.hasTenant('blue'), false)
    await push(rig, [next])
    assert.equal(rig.replica.view.hasTenant('blue'), true)
    await rig.replica.write(() => [{ kind: 'tenant', name: 'still-writing' }])
  })

  it('keeps the first of two histories of a writer', async () => {
    const { rig, world, others } = await listener()
    await push(
      rig,
      others.flatMap(writer => writer.batches),
    )
    const twin = new Writer(signerAt(3), world.meshId)
    twin.write([{ kind: 'tenant', name: 'twin' }])
    await push(rig, twin.batches)
    assert.equal(rig.replica.view.hasTenant('twin'), false)
  })

  it('answers no malformed request of the sync protocol', async () => {
    const { rig } = await listener()
    const ask = rig.transport.handler('/skein/sync/1')
    const bad: Plain[] = [5, [], [9], ['x'], [1], [1, 5], [1, [[1, 2]]], [2, 5], [2, [5]], [3], [3, [1]]]
    for (const request of bad) await assert.rejects(ask(signerAt(3).key, encode(request)), /malformed|unknown/)
    await assert.rejects(ask(signerAt(3).key, new Uint8Array([0xff])))
  })
})
