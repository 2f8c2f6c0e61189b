import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'mocha'
import type { Leaf } from '../../../src/crdt/leaves.ts'
import { type Head, vectorHash } from '../../../src/crdt/vector.ts'
import { toHex } from '../../../src/lib/bytes.ts'
import { decode } from '../../../src/lib/cbor.ts'
import { signerOf } from '../../../src/lib/keys.ts'
import { ask } from '../../../src/replica/sync-messages.ts'
import { differingBuckets, entriesOf, summaryOf, withBuckets } from '../../../src/replica/vector-summary.ts'
import { eventually } from '../../support/eventually.ts'
import { MemoryHub, noWayBack } from '../../support/memory-mesh.ts'
import { foundPeer, joinPeer, type MemoryPeer } from '../../support/memory-peer.ts'
import { seedAt, tenant } from './rig.ts'
import { measure } from './traffic.ts'

const network = 'ab'.repeat(32)
const endpoint = (number: number): Leaf => ({
  ...{ kind: 'endpoint', id: `${number}`.padStart(64, '0'), network, ip: number },
  ...{ mac: '02:02:00:00:00:01', container: 'c'.repeat(64), containerName: `web-${number}` },
})

const agree = (...peers: MemoryPeer[]) =>
  eventually(() => new Set(peers.map(peer => toHex(vectorHash(peer.replica.vector())))).size === 1, 60_000, 5)

describe('replica: what anti-entropy costs', () => {
  let peers: MemoryPeer[] = []
  let hub = new MemoryHub()

  async function mesh(count: number): Promise<MemoryPeer[]> {
    hub = new MemoryHub()
    const first = await foundPeer(hub, 'host1', seedAt(1))
    peers = [first]
    for (let i = 2; i <= count; i++) {
      peers.push(await joinPeer(hub, `host${i}`, first, seedAt(i)))
      await Promise.all(
        peers.map(peer =>
          peer.replica.waitFor(view => view.members().filter(member => member.settled).length === i, 5000),
        ),
      )
    }
    await agree(...peers)
    return peers
  }

  afterEach(() => Promise.all(peers.map(peer => peer.stop())))

  for (const count of [1, 40, 1000]) {
    it(`brings ${count} differing records of each side over once: 1.3 times their size and 4 KB at most`, async function () {
      this.timeout(60_000)
      const [a, b] = (await mesh(2)) as [MemoryPeer, MemoryPeer]
      hub.split([a.signer.key], [b.signer.key])
      for (const peer of [a, b]) {
        const at = peer === a ? 0 : count
        await Promise.all(Array.from({ length: count }, (_, i) => peer.replica.write(() => [endpoint(at + i)])))
      }
      const traffic = measure([a.mesh, b.mesh])
      hub.heal()
      await agree(a, b)
      assert.equal(traffic.units, 2 * count, 'each once')
      const limit = 1.3 * traffic.content + 4096
      assert.ok(traffic.bytes <= limit, `${traffic.bytes} bytes for ${traffic.content}`)
    })
  }

  it('costs a peer that was away only what changed, however much there is', async function () {
    this.timeout(60_000)
    const [a, b] = (await mesh(2)) as [MemoryPeer, MemoryPeer]
    for (let i = 0; i < 20; i++) {
      await a.replica.write(() => Array.from({ length: 500 }, (_, j) => endpoint(i * 500 + j)))
    }
    await agree(a, b)
    hub.split([a.signer.key], [b.signer.key])
    await a.replica.write(() => [tenant('new')])
    const traffic = measure([a.mesh, b.mesh])
    hub.heal()
    await agree(a, b)
    assert.equal(traffic.units, 1)
    assert.ok(traffic.bytes <= 2048, `${traffic.bytes} bytes`)
  })

  it('completes a joiner of 100,000 records in one pass, in bounded messages, from one of several members', async function () {
    this.timeout(180_000)
    const [a, b] = (await mesh(2)) as [MemoryPeer, MemoryPeer]
    for (let i = 0; i < 200; i++) {
      const writer = [a, b][i % 2] as MemoryPeer
      await writer.replica.write(() => Array.from({ length: 500 }, (_, j) => endpoint(i * 500 + j)))
    }
    await agree(a, b)
    const joiner = await joinPeer(hub, 'host3', a, seedAt(3))
    const traffic = measure([joiner.mesh])
    peers.push(joiner)
    await agree(a, b, joiner)
    assert.equal(joiner.replica.view.endpoints(network).length, 100_000)
    assert.equal(joiner.replica.view.digest(), a.replica.view.digest())
    assert.ok(traffic.largest <= 800 * 1024, `${traffic.largest} bytes in one message`)
    assert.ok(traffic.bytes <= 1.1 * traffic.content + 64 * 1024, `${traffic.bytes} bytes for ${traffic.content}`)
    assert.ok(traffic.units <= 260, `${traffic.units} units: pulled once, not from each member`)
  })

  it('shows nothing of a newcomer before it covers what a member showed it, and lets it write nothing', async () => {
    const [a] = (await mesh(1)) as [MemoryPeer]
    a.mesh.broadcast = () => undefined
    for (let i = 0; i < 30; i++) {
      await a.replica.write(() => Array.from({ length: 200 }, (_, j) => endpoint(i * 200 + j)))
    }
    const key = signerOf(seedAt(2)).key
    let pulls = 0
    const handler = a.mesh.handler('/skein/sync/2')
    // the first chunk only, then the line is cut
    a.mesh.handle('/skein/sync/2', async (from, bytes, askBack) => {
      if (bytes[1] === ask.pull && from === key && ++pulls > 1) throw new Error('cut')
      return (await handler?.(from, bytes, askBack)) ?? new Uint8Array()
    })
    const b = await joinPeer(hub, 'host2', a, seedAt(2))
    peers.push(b)
    await eventually(() => pulls > 1)
    assert.equal(b.replica.isComplete, false)
    assert.ok(b.replica.view.endpoints(network).length > 0, 'it holds a part')
    const shown = await b.mesh.handler('/skein/sync/2')?.(a.signer.key, new Uint8Array([0x82, 0x00, 0x40]), noWayBack)
    assert.deepEqual(decode(shown ?? new Uint8Array(), 100), [3])
    let done = false
    const write = b.replica
      .write(() => [tenant('x')])
      .then(() => {
        done = true
      })
    await new Promise(resolve => setImmediate(resolve))
    assert.equal(done, false)
    assert.ok(handler)
    a.mesh.handle('/skein/sync/2', handler)
    await b.replica.syncNow(2000)
    await write
    assert.equal(b.replica.isComplete, true)
    await agree(a, b)
  })
})

describe('replica: the summary of a vector', () => {
  const vectorOf = (count: number, changed: readonly number[] = []) => {
    const entries = Array.from({ length: count }, (_, i): [string, Head[]] => {
      const { key } = signerOf(new Uint8Array(32).fill(i % 251, 0, 16).fill(i >> 3, 16))
      return [key, [{ counter: changed.includes(i) ? 2 : 1, hash: key }]]
    })
    return new Map(entries)
  }

  it('leads to the whole vector by the entries that differ', () => {
    const [mine, theirs] = [vectorOf(300), vectorOf(320, [5, 99])]
    const buckets = new Set(differingBuckets(summaryOf(mine), summaryOf(theirs)))
    const entries = entriesOf(theirs, buckets)
    assert.ok(entries.size < 80, `${entries.size} entries`)
    assert.deepEqual(vectorHash(withBuckets(mine, buckets, entries)), vectorHash(theirs))
  })
})
