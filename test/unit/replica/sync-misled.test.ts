/** What is shown in short may mislead: it never misleads for good, and nobody is seen to hold what it does not hold. */
import assert from 'node:assert/strict'
import { beforeEach, describe, it } from 'mocha'
import { makeBatch } from '../../../src/crdt/batch.ts'
import { encodeLeaf } from '../../../src/crdt/leaf-codec.ts'
import { vectorHash } from '../../../src/crdt/vector.ts'
import { sha256, toHex } from '../../../src/lib/bytes.ts'
import { decode, encode, type Plain } from '../../../src/lib/cbor.ts'
import { signerOf } from '../../../src/lib/keys.ts'
import { maxMessageBytes } from '../../../src/mesh/transport.ts'
import { shortHashBytes } from '../../../src/replica/short-vector.ts'
import { answer, ask } from '../../../src/replica/sync-messages.ts'
import { narrowShape, summaryOf } from '../../../src/replica/vector-summary.ts'
import { MemoryHub } from '../../support/memory-mesh.ts'
import { Writer } from '../crdt/writer.ts'
import { hashOf, meet, meshId, type SyncPeer, smallLeaf, syncPeer, writersOf } from './sync-rig.ts'
import { measure } from './traffic.ts'

/** What the peer is answered is changed on its way. */
function hears(peer: SyncPeer, change: (asked: readonly Plain[], answered: readonly Plain[]) => Plain): void {
  const request = peer.mesh.request.bind(peer.mesh)
  peer.mesh.request = async (to, protocol, bytes, timeoutMs) => {
    const reply = decode(await request(to, protocol, bytes, timeoutMs), maxMessageBytes)
    return encode(change(decode(bytes, maxMessageBytes) as Plain[], reply as Plain[]))
  }
}

describe('replica: anti-entropy that is misled by what is short', () => {
  let hub = new MemoryHub()
  let writers: Writer[] = []
  let peers: SyncPeer[] = []
  const at = (number: number) => writers[number] as Writer
  const first = () => peers[0] as SyncPeer
  const second = () => peers[1] as SyncPeer

  beforeEach(() => {
    hub = new MemoryHub()
    writers = writersOf(5)
    peers = writers.slice(0, 2).map(({ key }) => syncPeer(hub, key))
    for (const peer of peers) for (const { batches } of writers) peer.hold(batches)
  })

  /** Of each peer, what the other one holds at any time, in the end too. */
  async function meetWithoutFalseSights(): Promise<void> {
    const held = peers.map(peer => new Set([hashOf(peer)]))
    for (const { sights } of peers) sights.length = 0
    for (const [i, peer] of peers.entries()) {
      const { add } = peer.log
      peer.log.add = unit => {
        const surplus = add.call(peer.log, unit)
        held[i]?.add(hashOf(peer))
        return surplus
      }
    }
    await meet(...peers)
    assert.equal(hashOf(first()), hashOf(second()))
    for (const [i, { sights }] of peers.entries()) {
      assert.ok(sights.length > 0)
      for (const sight of sights) assert.ok(held[1 - i]?.has(toHex(vectorHash(sight))), 'the other held exactly this')
    }
  }

  it('by two buckets that have the same 4 bytes', async () => {
    // found by trying
    const [left, right] = [9316, 42_761].map(number =>
      makeBatch(at(4).signer, {
        ...{ meshId, first: 3, previous: at(4).batches[1]?.hash ?? '', hlc: [5000, 0] },
        leaves: [encodeLeaf(smallLeaf(number))],
      }),
    )
    first().hold([left ?? assert.fail()])
    second().hold([right ?? assert.fail()])
    const shape = narrowShape(writers.length)
    assert.deepEqual(summaryOf(first().log.vector(), shape), summaryOf(second().log.vector(), shape))
    assert.notEqual(hashOf(first()), hashOf(second()))
    await meetWithoutFalseSights()
    assert.equal(first().log.tips(at(4).key).length, 2, 'both have both')
  })

  it('by a summary that hides what differs, also beside something that it shows', async () => {
    at(2).write([smallLeaf(100)])
    at(3).write([smallLeaf(101)])
    first().hold(at(2).batches)
    second().hold(at(3).batches)
    const shape = narrowShape(writers.length)
    const hidden = (Number.parseInt(at(3).key.slice(0, 2), 16) * shape.buckets) >> 8
    for (const peer of peers) {
      hears(peer, ([kind], answered) => {
        const [said, summary] = answered
        if (kind !== ask.hello || said !== answer.narrow) return answered
        assert.ok(summary instanceof Uint8Array)
        summary.set(summaryOf(peer.log.vector(), shape).subarray(4 * hidden, 4 * hidden + 4), 4 * hidden)
        return [said, summary]
      })
    }
    await meetWithoutFalseSights()
  })

  it('by short hashes that are those of other batches', async () => {
    const [ours, theirs] = [at(4), at(4).copy()]
    ours.write([smallLeaf(1)])
    theirs.write([smallLeaf(2)])
    first().hold(ours.batches)
    second().hold(theirs.batches)
    for (const peer of peers) {
      hears(peer, ([kind], answered) => {
        if (kind !== ask.tips) return answered
        const [hash = null, entries] = answered as [Plain, Plain[]]
        const held = peer.log.tips(at(4).key).map(tip => Buffer.from(tip.hash, 'hex').subarray(0, shortHashBytes))
        return [hash, entries.map((value, i) => (i % 3 === 2 && held[0] ? new Uint8Array(held[0]) : value))]
      })
    }
    await meetWithoutFalseSights()
    assert.equal(second().log.tips(at(4).key).length, 2)
  })

  it('by two keys that begin alike, of which each side knows one, and by both where both are known', async () => {
    // found by trying
    const twins = [4652, 9665].map(i => {
      const seed = sha256(new Uint8Array([2, i >> 16, (i >> 8) & 0xff, i & 0xff]))
      return new Writer(signerOf(seed), meshId, { ms: 9000 })
    })
    assert.equal(new Set(twins.map(({ key }) => key.slice(0, 6))).size, 1)
    for (const [i, twin] of twins.entries()) {
      twin.write([smallLeaf(i)])
      peers[i]?.hold(twin.batches)
    }
    await meetWithoutFalseSights()
    for (const twin of twins) twin.write([smallLeaf(7)])
    first().hold(twins.flatMap(({ batches }) => batches))
    const { kinds } = measure(peers.map(({ mesh }) => mesh))
    hub.split(...peers.map(({ key }) => [key]))
    hub.heal()
    await meetWithoutFalseSights()
    assert.equal(kinds.get(ask.entries), undefined, 'longer prefixes tell them apart')
  })

  it('not by writes that come between question and answer', async () => {
    at(2).write([smallLeaf(100)])
    first().hold(at(2).batches)
    let writes = 0
    hears(second(), ([kind], answered) => {
      if (kind === ask.hello && writes < 3) {
        at(3).write([smallLeaf(++writes)])
        first().hold(at(3).batches)
      }
      return answered
    })
    await meetWithoutFalseSights()
    assert.equal(writes, 3)
  })
})
