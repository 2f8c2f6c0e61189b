/** Issue 4: with N records of difference no more bytes than 1.3 times the leaves and headers, and 4 KB; at most 100 when equal. */
import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import { runOf } from '../../../src/crdt/checkpoint.ts'
import { leavesOf, makeUnit, unitHeader } from '../../../src/crdt/compact-unit.ts'
import { ask } from '../../../src/replica/sync-messages.ts'
import { MemoryHub } from '../../support/memory-mesh.ts'
import type { Writer } from '../crdt/writer.ts'
import { hashOf, largeLeaf, meet, type SyncPeer, smallLeaf, syncPeer, writersOf } from './sync-rig.ts'
import { measure, type Traffic } from './traffic.ts'

/** A chunk ends behind 256 KiB, with one more unit of at most 512 KiB. */
const largestMessage = 800 * 1024

interface Scene {
  readonly writers: readonly Writer[]
  readonly peers: readonly [SyncPeer, SyncPeer]
}

/** Two peers that hold all that these many writers wrote, and are not connected yet. */
function sceneOf(count: number): Scene {
  const writers = writersOf(count)
  const hub = new MemoryHub()
  const [a, b] = writers.slice(0, 2).map(({ key }) => syncPeer(hub, key)) as [SyncPeer, SyncPeer]
  for (const peer of [a, b]) for (const { batches } of writers) peer.hold(batches)
  return { writers, peers: [a, b] }
}

/** The traffic until both hold the same; fails if it is more than the law allows. */
async function lawful({ peers }: Scene): Promise<Traffic> {
  const traffic = measure(peers.map(({ mesh }) => mesh))
  await meet(...peers)
  assert.equal(hashOf(peers[0]), hashOf(peers[1]))
  const limit = 1.3 * traffic.content + 4096
  assert.ok(traffic.bytes <= limit, `${traffic.bytes} bytes for ${traffic.content} of records`)
  assert.ok(traffic.largest <= largestMessage, `${traffic.largest} bytes in one message`)
  return traffic
}

/** So many records more, each a batch of its own: of one writer for each side that has some, or of all in turn. */
function differ({ writers, peers }: Scene, records: number, ofMany: boolean, onBoth: boolean, leaf: typeof smallLeaf) {
  const sides = onBoth ? 2 : 1
  for (let i = 0; i < records; i++) writers[i % (ofMany ? writers.length : sides)]?.write([leaf(10_000 + i)])
  for (const [i, { batches }] of writers.entries()) peers[onBoth ? i % 2 : 0]?.hold(batches)
}

describe('replica: the bytes of anti-entropy', () => {
  for (const count of [2, 5, 20, 35, 48, 60, 300]) {
    it(`in a mesh of ${count}: at most 100 when equal`, async () => {
      const scene = sceneOf(count)
      const { requests, bytes } = await lawful(scene)
      assert.equal(requests, 2, 'each asks once')
      assert.ok(bytes <= 2 * 100, `${bytes} bytes`)
    })

    for (const ofMany of [false, true]) {
      it(`in a mesh of ${count}: 1, 10, 100 and 300 differing records of ${ofMany ? 'all' : 'one'}, on one side or on both`, async function () {
        this.timeout(60_000)
        for (const records of [1, 10, 100, 300]) {
          for (const onBoth of [false, true]) {
            for (const leaf of [smallLeaf, largeLeaf]) {
              const scene = sceneOf(count)
              differ(scene, records, ofMany, onBoth, leaf)
              assert.equal((await lawful(scene)).units, records, 'each once')
            }
          }
        }
      })
    }
  }

  it('in a mesh of 1000: 1, 10, 100 and 300 differing records of as many, as small as they are', async function () {
    this.timeout(60_000)
    for (const records of [1, 10, 100, 300]) {
      for (const onBoth of [false, true]) {
        const scene = sceneOf(1000)
        differ(scene, records, true, onBoth, smallLeaf)
        assert.equal((await lawful(scene)).units, records, 'each once')
      }
    }
  })

  for (const count of [2, 35, 300]) {
    it(`in a mesh of ${count}: 1000 differing records, in chunks`, async function () {
      this.timeout(60_000)
      for (const ofMany of [false, true]) {
        const scene = sceneOf(count)
        differ(scene, 1000, ofMany, true, largeLeaf)
        assert.equal((await lawful(scene)).units, 1000)
      }
    })
  }

  it('with a run that one side holds compacted, and the other in part, whole, or not at all', async () => {
    for (const part of [0, 5, 20]) {
      const scene = sceneOf(60)
      const { writers, peers } = scene
      const [writer, other] = writers.slice(10, 12) as [Writer, Writer]
      for (let i = 0; i < 20; i++) writer.write([largeLeaf(i)])
      const parts = writer.batches.slice(2)
      const run = runOf(parts) ?? assert.fail()
      const kept = parts.flatMap(leavesOf).filter((_, i) => i % 4 === 0)
      const unit = makeUnit(run, kept, writer.signer.sign(unitHeader(run, kept)))
      writer.write([smallLeaf(1)])
      other.write([smallLeaf(2)])
      peers[0].hold([unit, ...writer.batches.slice(-1)])
      peers[1].hold([...parts.slice(0, part), ...other.batches])
      // who holds the whole run lacks what follows on it; who holds less is given the unit instead
      assert.equal((await lawful(scene)).units, part === 20 ? 2 : 3)
    }
  })

  it('with writers that have two long histories, of which each side knows one', async () => {
    const scene = sceneOf(20)
    for (const writer of scene.writers.slice(10, 15)) {
      for (let i = 0; i < 100; i++) writer.write([smallLeaf(i)])
      for (const peer of scene.peers) peer.hold(writer.batches)
      const copy = writer.copy()
      for (const [i, each] of [writer, copy].entries()) {
        each.write([smallLeaf(1000 + i)])
        scene.peers[i]?.hold(each.batches)
      }
    }
    assert.equal((await lawful(scene)).units, 10)
  })

  it('with a writer that the other side has never heard of, on both sides', async () => {
    for (const count of [5, 60]) {
      const scene = sceneOf(count)
      const more = writersOf(count + 2).slice(-2)
      more.forEach(({ batches }, i) => void scene.peers[i]?.hold(batches))
      const { units, kinds } = await lawful(scene)
      assert.deepEqual(
        [units, kinds.get(ask.entries)],
        [4, 2],
        'of the unknown ones the names are asked for, once on each side',
      )
      for (const { orphans } of scene.peers) assert.deepEqual(orphans.besides, [], 'they are pulled')
    }
  })
})
