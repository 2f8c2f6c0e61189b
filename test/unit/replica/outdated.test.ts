import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { type Batch, makeBatch } from '../../../src/crdt/batch.ts'
import { checkpointLeaf, runOf } from '../../../src/crdt/checkpoint.ts'
import { leavesOf, makeUnit } from '../../../src/crdt/compact-unit.ts'
import { decodeLeaf, encodeLeaf } from '../../../src/crdt/leaf-codec.ts'
import { signerOf, verifySignature } from '../../../src/lib/keys.ts'
import { BatchLog } from '../../../src/replica/batch-log.ts'
import { readProof } from '../../../src/replica/outdated-proof.ts'
import { unitOf } from '../../../src/replica/unit.ts'
import type { Disk } from '../../../src/store/disk.ts'
import { createMemoryDisk } from '../../../src/store/memory-disk.ts'
import { eventually } from '../../support/eventually.ts'
import { MemoryHub } from '../../support/memory-mesh.ts'
import { foundPeer, joinPeer, type MemoryPeer, restartPeer } from '../../support/memory-peer.ts'
import { World } from '../crdt/writer.ts'
import { seedAt } from './rig.ts'

async function copyOf(disk: Disk): Promise<Disk> {
  const copy = createMemoryDisk()
  await copy.replace('journal', (await disk.read('journal')) ?? new Uint8Array())
  return copy
}

describe('replica: a founder that was put back to before it let anybody in (R8)', () => {
  let hub: MemoryHub
  let peers: MemoryPeer[]

  beforeEach(() => {
    hub = new MemoryHub()
    peers = []
  })
  afterEach(() => Promise.all(peers.map(peer => peer.stop())))

  const write = (peer: MemoryPeer) => peer.replica.write(() => [{ kind: 'tenant', name: 'late' }])

  /** The founder runs again from how its disk was before host 2 joined. */
  async function putBack(): Promise<{ old: MemoryPeer; member: MemoryPeer }> {
    const founder = await foundPeer(hub, 'host1', seedAt(1))
    const disk = await copyOf(founder.disk)
    const member = await joinPeer(hub, 'host2', founder, seedAt(2))
    peers.push(member)
    await member.replica.waitFor(view => view.members().filter(each => each.settled).length === 2, 5000)
    await founder.stop()
    hub.split([founder.signer.key], [member.signer.key])
    const old = await restartPeer(hub, founder, disk)
    peers.push(old)
    return { old, member }
  }

  it('is cut off, and runs as if it were alone; whom it refuses shows it a record of its own', async () => {
    const { old, member } = await putBack()
    await write(old)
    const refusal = () => old.replica.fenced?.message ?? ''
    assert.equal(refusal(), '')
    hub.heal()
    await eventually(() => assert.notEqual(refusal(), ''))
    assert.match(refusal(), /data directory is older than what other members hold of it/)
    await assert.rejects(write(old), { code: 'forbidden' })
    assert.deepEqual(old.mesh.connected(), [])
    assert.equal(member.replica.fenced, undefined)
    const again = await restartPeer(hub, old)
    peers.push(again)
    assert.ok(again.replica.fenced, 'over a restart too')
  })

  it('is not fenced by what it holds, nor by what another has signed', async () => {
    const founder = await foundPeer(hub, 'host1', seedAt(1))
    const member = await joinPeer(hub, 'host2', founder, seedAt(2))
    peers.push(founder, member)
    await founder.replica.waitFor(view => view.members().filter(each => each.settled).length === 2, 5000)
    await write(member)
    for (const writer of [founder, member]) {
      const counter = writer.replica.vector().get(writer.signer.key)?.[0]?.counter ?? 0
      const bytes = writer.replica.batchAt({ writer: writer.signer.key, counter }) ?? assert.fail()
      await assert.rejects(founder.replica.takeProof(bytes))
    }
    assert.equal(founder.replica.fenced, undefined)
  })
})

describe('replica: what proves that a data directory is not the newest of its key', () => {
  const world = new World(2).settleAll(2)
  world.at(1).write([{ kind: 'tenant', name: 'blue' }])
  const { batches, key: self, signer } = world.at(1)
  const newest = batches.at(-1) ?? assert.fail()
  const log = new BatchLog()
  for (const batch of batches.slice(0, -1)) log.add(unitOf(batch))
  const known = { self, meshId: world.meshId, verify: verifySignature }
  const read = (bytes: Uint8Array) => readProof(bytes, { ...known, log })

  /** The newest batch with something else in it, signed by this key. */
  function like(change: Partial<Pick<Batch, 'meshId' | 'first' | 'previous'>>, by = signer): Uint8Array {
    const { meshId, first, previous, hlc } = newest
    const leaves = [encodeLeaf({ kind: 'tenant', name: 'red' })]
    return makeBatch(by, { meshId, first, previous, hlc, leaves, ...change }).bytes
  }

  it('is a record of its own that it lacks', () => {
    assert.equal(read(newest.bytes), newest.last)
  })

  it('is another one at a counter that it has: two machines wrote (a clone)', () => {
    const { first, previous } = batches.at(-2) ?? assert.fail()
    assert.equal(read(like({ first, previous })), first)
  })

  it('is none that it holds', () => {
    for (const { bytes } of batches.slice(0, -1)) assert.throws(() => read(bytes), /held here/)
  })

  it('is a record that stays for good, where a compacted run has none of it; not what may have gone', () => {
    const run = runOf(batches) ?? assert.fail()
    const left = batches.flatMap(leavesOf).filter(({ bytes }) => decodeLeaf(bytes)?.kind !== 'tenant')
    const compacted = new BatchLog()
    compacted.add(unitOf(makeUnit(run, left, checkpointLeaf(signer, run, left).signature)))
    const readThere = (bytes: Uint8Array) => readProof(bytes, { ...known, log: compacted })
    for (const { bytes } of batches) assert.throws(() => readThere(bytes), /held here/)
    const { first, previous } = batches.at(-2) ?? assert.fail()
    assert.throws(
      () => readThere(like({ first, previous })),
      /held here/,
      'another history may have it, or this one had it',
    )
    const { meshId, hlc } = newest
    const leaves = [
      encodeLeaf({ kind: 'ack', admission: { writer: world.at(2).key, counter: 1 }, known: 'ab'.repeat(32) }),
    ]
    assert.equal(readThere(makeBatch(signer, { meshId, first, previous, hlc, leaves }).bytes), first)
  })

  it('is none of another peer, of another mesh, or that its key has not signed', () => {
    assert.throws(() => read(world.at(2).batches[0]?.bytes ?? assert.fail()), /of another peer/)
    assert.throws(() => read(like({}, signerOf(seedAt(9)))), /of another peer/)
    assert.throws(() => read(like({ meshId: 'ff'.repeat(16) })), /of another mesh/)
    for (const at of [newest.bytes.length - 1, 40, 120]) {
      const forged = newest.bytes.slice()
      forged[at] = (forged[at] ?? 0) ^ 1
      assert.throws(() => read(forged), Error, `byte ${at}`)
    }
  })

  it('is no garbage, and nothing too large', () => {
    for (const bytes of [new Uint8Array(), new Uint8Array([0x83]), new Uint8Array(600 * 1024)]) {
      assert.throws(() => read(bytes))
    }
    for (let length = 0; length < newest.bytes.length; length++) {
      assert.throws(() => read(newest.bytes.slice(0, length)))
    }
  })
})
