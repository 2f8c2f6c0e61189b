/** A writer's copies each let go of their own beginning: whoever met both histories comes to hold what the others do (R8, I2). */
import assert from 'node:assert/strict'
import { beforeEach, describe, it } from 'mocha'
import { checkpointLeaf, compact, runOf } from '../../../src/crdt/checkpoint.ts'
import { type CompactUnit, leavesOf } from '../../../src/crdt/compact-unit.ts'
import { verifySignature } from '../../../src/lib/keys.ts'
import { ask } from '../../../src/replica/sync-messages.ts'
import { MemoryHub } from '../../support/memory-mesh.ts'
import type { Writer } from '../crdt/writer.ts'
import { hashOf, meet, type SyncPeer, smallLeaf, syncPeer, writersOf } from './sync-rig.ts'
import { measure } from './traffic.ts'

/** The writer lets go of its first record: what is left of its run, and the checkpoint. */
function letGo(writer: Writer): CompactUnit {
  const parts = [...writer.batches]
  const leaf = checkpointLeaf(writer.signer, runOf(parts) ?? assert.fail(), parts.flatMap(leavesOf).slice(1))
  writer.write([leaf])
  const result = compact(leaf, parts, verifySignature)
  return result === 'unsound' ? assert.fail(result) : result.unit
}

describe('replica: anti-entropy about a writer whose copies let go of different runs', () => {
  let peers: SyncPeer[]
  let writer: Writer
  const at = (number: number) => peers[number - 1] as SyncPeer
  const unitsOf = ({ log }: SyncPeer) => log.within(writer.key, 1, 99).length

  /** Peer 1 holds the end of what the original wrote, and of its beginning only what a copy made of that. */
  beforeEach(() => {
    const hub = new MemoryHub()
    const writers = writersOf(5)
    writer = writers[4] as Writer
    peers = writers.slice(0, 2).map(({ key }) => syncPeer(hub, key))
    for (const peer of peers) for (const { batches } of writers.slice(0, 4)) peer.hold(batches)
    const copy = writer.copy()
    copy.write([smallLeaf(90)])
    const begun = letGo(copy)
    for (const number of [91, 92, 93]) writer.write([smallLeaf(number)])
    at(1).hold([begun, ...copy.batches.slice(-1), ...writer.batches])
  })

  it('brings the unit to who holds every tip that it is shown, and cannot make the unit', async () => {
    const unit = letGo(writer)
    at(1).hold(writer.batches)
    at(2).hold([unit, ...writer.batches.slice(-1)])
    assert.deepEqual([at(1).log.tips(writer.key).length, at(2).log.tips(writer.key).length], [2, 1])
    await meet(...peers)
    assert.equal(hashOf(at(1)), hashOf(at(2)))
    assert.deepEqual([unitsOf(at(1)), unitsOf(at(2))], [2, 2])
  })

  it('asks once in vain where the other has let nothing go, and brings that what a copy made', async () => {
    at(2).hold(writer.batches)
    const { kinds } = measure(peers.map(({ mesh }) => mesh))
    await meet(...peers)
    assert.equal(hashOf(at(1)), hashOf(at(2)))
    assert.equal(unitsOf(at(1)), unitsOf(at(2)))
    assert.equal(at(2).log.tips(writer.key).length, 2)
    assert.equal(kinds.get(ask.pull), 2)
  })
})
