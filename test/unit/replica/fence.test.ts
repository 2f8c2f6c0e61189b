import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'mocha'
import { signerOf, verifySignature } from '../../../src/lib/keys.ts'
import { silentLogger } from '../../../src/lib/log.ts'
import { createReplica } from '../../../src/replica/create.ts'
import { type RewritingPace, usualRewriting } from '../../../src/replica/journal-rewriter.ts'
import { openJournal } from '../../../src/store/append-journal.ts'
import { createMemoryDisk, type MemoryDisk } from '../../../src/store/memory-disk.ts'
import { PushedClock } from '../ipam/fixture.ts'
import { deafTransport, foundRig, openRig, seedAt, tenant } from './rig.ts'

const rejoin = /skein join TOKEN/

/** Peer 1, with its note on a disk of its own. */
async function open(
  disk: MemoryDisk,
  witnessDisk: MemoryDisk,
  clock = new PushedClock(),
  rewriting: RewritingPace = usualRewriting,
) {
  const signer = signerOf(seedAt(1))
  const { meshId } = await openRig(createMemoryDisk())
  const replica = await createReplica({
    ...{ meshId, signer, disk, witnessDisk, openJournal, rewriting, clock, transport: deafTransport(signer.key) },
    ...{ verify: verifySignature, random: Math.random, log: silentLogger },
  })
  stops.push(() => replica.stop())
  return { replica, clock }
}

const stops: (() => Promise<void>)[] = []

/** The disk as it is now. */
async function copyOf(disk: MemoryDisk): Promise<MemoryDisk> {
  const copy = createMemoryDisk()
  await copy.replace('journal', (await disk.read('journal')) ?? new Uint8Array())
  return copy
}

const write = (peer: Awaited<ReturnType<typeof open>>, name: string) => peer.replica.write(() => [tenant(name)])

describe('replica: what is noted outside the data directory (R8)', () => {
  afterEach(async () => {
    for (const stop of stops.splice(0)) await stop().catch(() => undefined)
  })

  async function founded() {
    const [disk, witness] = [createMemoryDisk(), createMemoryDisk()]
    await (await foundRig(disk)).replica.stop()
    return { disk, witness }
  }

  it('shows an old copy without meeting anybody, and again after a restart', async () => {
    const { disk, witness } = await founded()
    const old = await copyOf(disk)
    const peer = await open(disk, witness)
    await write(peer, 'a')
    await peer.replica.stop()
    const restored = await open(old, witness)
    assert.match(restored.replica.fenced?.message ?? '', /older than what was noted outside of it \(2 records\)/)
    await assert.rejects(write(restored, 'b'), rejoin)
    await restored.replica.stop()
    await assert.rejects(write(await open(old, createMemoryDisk()), 'b'), rejoin)
  })

  it('is written a second after the records, and exactly at a stop', async () => {
    const { disk, witness } = await founded()
    const old = await copyOf(disk)
    const peer = await open(disk, witness)
    await write(peer, 'a')
    assert.equal((await open(await copyOf(old), witness)).replica.fenced, undefined, 'within the second')
    peer.clock.advance(1000)
    await new Promise(resolve => setImmediate(resolve))
    assert.ok((await open(await copyOf(old), witness)).replica.fenced)
  })

  it('takes no rewritten journal for an old copy, and an old copy for none, rewritten or not', async () => {
    const { disk, witness } = await founded()
    const rewriting = { floorBytes: 0, deadShare: 0.2, restMs: 0 }
    const copies: MemoryDisk[] = []
    const sizes: number[] = []
    for (let i = 0; i < 4; i++) {
      const peer = await open(disk, witness, new PushedClock(), rewriting)
      assert.equal(peer.replica.fenced, undefined)
      await write(peer, `t${i}`)
      for (let j = 0; j < 30; j++) {
        await peer.replica.local.set([['fact', `${i} ${j}`]])
        sizes.push((await disk.read('journal'))?.length ?? 0)
      }
      copies.push(await copyOf(disk))
      await peer.replica.stop()
    }
    assert.ok(
      sizes.some((size, i) => size < (sizes[i - 1] ?? 0)),
      'it was rewritten',
    )
    const newest = await open(disk, witness)
    assert.equal(newest.replica.fenced, undefined)
    assert.equal(newest.replica.local.get('fact'), '3 29')
    for (const copy of copies.slice(0, -1)) assert.ok((await open(copy, witness)).replica.fenced)
  })

  it('takes no kill for a rollback, whenever it comes', async () => {
    const { disk, witness } = await founded()
    for (let i = 0; i < 20; i++) {
      const peer = await open(disk, witness)
      assert.equal(peer.replica.fenced, undefined)
      for (let j = 0; j < i % 4; j++) await write(peer, `t${i}-${j}`)
      if (i % 3 === 0) peer.clock.advance(1000)
      void write(peer, `late${i}`).catch(() => undefined)
      disk.crash()
      witness.crash()
    }
  })

  it('is not missed: a peer without it goes on, and so does one whose note cannot be written', async () => {
    const { disk } = await founded()
    assert.equal((await open(disk, createMemoryDisk())).replica.fenced, undefined)
    const broken = { ...createMemoryDisk(), replace: () => Promise.reject(new Error('read-only')) } as MemoryDisk
    const peer = await open(disk, broken)
    await write(peer, 'a')
    peer.clock.advance(1000)
    await write(peer, 'b')
  })
})

describe('replica: a damaged journal (R8)', () => {
  afterEach(async () => {
    for (const stop of stops.splice(0)) await stop().catch(() => undefined)
  })

  it('fences the peer, keeps what precedes the damage and the damaged file, and does not stop it from starting', async () => {
    const disk = createMemoryDisk()
    const rig = await foundRig(disk)
    await rig.replica.write(() => [tenant('early')])
    const at = (await disk.read('journal'))?.length ?? 0
    for (const name of ['b', 'c']) await rig.replica.write(() => [tenant(name)])
    await rig.replica.stop()
    const bytes = (await disk.read('journal')) ?? new Uint8Array()
    bytes[at + 40] = (bytes[at + 40] ?? 0) ^ 0xff
    await disk.replace('journal', bytes)
    for (let start = 0; start < 2; start++) {
      const { replica } = await openRig(disk)
      assert.match(replica.fenced?.message ?? '', /journal was damaged/)
      assert.match(replica.fenced?.message ?? '', rejoin)
      assert.deepEqual(replica.view.tenants(), ['default', 'early'])
      assert.deepEqual(await disk.read('journal.damaged'), bytes)
      await replica.stop()
    }
  })

  it('fences the peer also where the damage is in the head, empties the file or fills it with zeros; nothing sound is lost', async () => {
    const whole = createMemoryDisk()
    const rig = await foundRig(whole)
    for (const name of ['a', 'b', 'c']) await rig.replica.write(() => [tenant(name)])
    await rig.replica.stop()
    const bytes = (await whole.read('journal')) ?? new Uint8Array()
    const head = (byte: number) => Uint8Array.from(bytes, (value, at) => (at === byte ? value ^ 0x10 : value))
    const all = ['default', 'a', 'b', 'c']
    for (const [damaged, left] of [
      ...Array.from({ length: 8 }, (_, byte) => [head(byte), all] as const),
      [new Uint8Array(), undefined],
      [new Uint8Array(bytes.length), undefined],
      [bytes.slice(0, 5), undefined],
    ] as const) {
      const disk = createMemoryDisk()
      await disk.replace('journal', damaged)
      const { replica } = await openRig(disk)
      assert.match(replica.fenced?.message ?? '', /journal was damaged/)
      if (left) assert.deepEqual(replica.view.tenants(), left)
      assert.deepEqual(await disk.read('journal.damaged'), damaged)
      await replica.stop()
    }
  })
})
