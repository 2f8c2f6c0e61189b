import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'mocha'
import type { Leaf } from '../../../src/crdt/leaves.ts'
import { encode } from '../../../src/lib/cbor.ts'
import { signerOf } from '../../../src/lib/keys.ts'
import { createMemoryDisk } from '../../../src/store/memory-disk.ts'
import { eventually } from '../../support/eventually.ts'
import { MemoryHub, noWayBack } from '../../support/memory-mesh.ts'
import { foundPeer, joinPeer, type MemoryPeer, restartPeer } from '../../support/memory-peer.ts'
import { seedAt, tenant } from './rig.ts'

const settled = (peer: MemoryPeer, count: number) =>
  peer.replica.waitFor(view => view.members().filter(member => member.settled).length === count, 3000)
const agree = (...peers: MemoryPeer[]) =>
  eventually(() => new Set(peers.map(peer => peer.replica.view.digest())).size === 1, 5000, 2)

/** An endpoint record of about 200 bytes. */
const endpoint = (number: number): Leaf => ({
  ...{ kind: 'endpoint', id: `${number}`.padStart(64, '0'), network: 'ab'.repeat(32), ip: number },
  ...{ mac: '02:02:00:00:00:01', container: 'c'.repeat(64), containerName: `web-${number}` },
})

interface Traffic {
  requests: number
  bytes: number
  largest: number
}

/** Counts what the peer asks and is answered from now on. */
function measure(peer: MemoryPeer): Traffic {
  const traffic = { requests: 0, bytes: 0, largest: 0 }
  const request = peer.mesh.request.bind(peer.mesh)
  peer.mesh.request = async (to, protocol, bytes, timeoutMs) => {
    const answer = await request(to, protocol, bytes, timeoutMs)
    traffic.requests++
    traffic.bytes += bytes.length + answer.length
    traffic.largest = Math.max(traffic.largest, bytes.length, answer.length)
    return answer
  }
  return traffic
}

describe('replica: anti-entropy', () => {
  let peers: MemoryPeer[] = []
  let hub = new MemoryHub()

  /** Two settled peers with these seeds; the first founded the mesh. */
  async function two(first: number, second: number): Promise<[MemoryPeer, MemoryPeer]> {
    hub = new MemoryHub()
    const a = await foundPeer(hub, 'host1', seedAt(first))
    const b = await joinPeer(hub, 'host2', a, seedAt(second))
    peers = [a, b]
    await Promise.all(peers.map(peer => settled(peer, 2)))
    await agree(a, b)
    return [a, b]
  }

  afterEach(() => Promise.all(peers.map(peer => peer.stop())))

  it('spends at most 100 bytes when both hold the same', async () => {
    const [a, b] = await two(1, 2)
    for (const peer of [b, a, a]) await peer.replica.syncNow(1000)
    const traffic = measure(a)
    await a.replica.syncNow(1000)
    assert.equal(traffic.requests, 1)
    assert.ok(traffic.bytes <= 100, `${traffic.bytes} bytes`)
    assert.deepEqual(
      a.replica.syncStatus().map(({ peer, behind }) => ({ peer, behind })),
      [{ peer: b.signer.key, behind: false }],
    )
  })

  it('brings a large state over in bounded chunks, whatever the order of the writers keys', async function () {
    this.timeout(60_000) // 3,000 signed batches on a machine that may be busy
    const keys = [1, 2, 3, 4].map(byte => ({ byte, key: signerOf(seedAt(byte)).key }))
    const [low, high] = keys.sort((x, y) => (x.key < y.key ? -1 : 1)).map(item => item.byte) as [number, number]
    // the founder's key sorts last: who pulls in the order of keys meets a writer that it cannot know yet first
    const [a, b] = await two(high, low)
    for (let i = 0; i < 3000; i += 100) {
      await Promise.all(Array.from({ length: 100 }, (_, j) => b.replica.write(() => [endpoint(i + j)])))
    }
    await agree(a, b)
    const c = await joinPeer(hub, 'host3', a, seedAt(5))
    const traffic = measure(c)
    peers.push(c)
    await agree(a, b, c)
    assert.equal(c.replica.view.endpoints('ab'.repeat(32)).length, 3000)
    assert.ok(traffic.largest <= 1024 * 1024, `${traffic.largest} bytes in one message`)
  })

  it('keeps the introduction to a member until it knows that member itself', async () => {
    const [a, b] = await two(1, 2)
    await Promise.all(Array.from({ length: 1000 }, (_, i) => a.replica.write(() => [endpoint(i)])))
    await agree(a, b)
    hub.split([a.signer.key], [b.signer.key, signerOf(seedAt(3)).key])
    const c = await joinPeer(hub, 'host3', b, seedAt(3))
    peers.push(c)
    const allowed: string[][] = []
    const setMembers = c.mesh.setMembers.bind(c.mesh)
    c.mesh.setMembers = members => {
      allowed.push(members.map(member => member.key))
      setMembers(members)
    }
    await agree(b, c)
    assert.ok(allowed.length > 0)
    for (const keys of allowed) assert.ok(keys.includes(b.signer.key), 'b introduced us')
    hub.heal()
    await agree(a, b, c)
  })

  it('stops offering what a member does not take in', async () => {
    const [a, b] = await two(1, 2)
    hub.split([a.signer.key], [b.signer.key])
    // which may come only when they are connected again
    a.mesh.broadcast = () => undefined
    await a.replica.write(() => [tenant('a')])
    const traffic = measure(a)
    // takes nothing in, and has nothing to give
    b.mesh.request = () => Promise.reject(new Error('asks nothing'))
    hub.heal()
    await a.replica.syncNow(1000)
    // that time may end before a busy machine has come as far
    await eventually(() => assert.equal(a.replica.syncStatus()[0]?.behind, true))
    assert.ok(traffic.requests > 0 && traffic.requests <= 8, `${traffic.requests} requests`)
  })

  it('says who has a write', async () => {
    const [a, b] = await two(1, 2)
    const dot = await a.replica.write(() => [tenant('a')])
    await agree(a, b)
    assert.ok(dot)
    assert.deepEqual(await a.replica.whoHas(dot, 1000), { have: [b.signer.key], missing: [] })
    const later = { writer: dot.writer, counter: dot.counter + 1 }
    assert.deepEqual(await a.replica.whoHas(later, 1000), { have: [], missing: [b.signer.key] })
  })

  describe('with an old copy of its data directory (R8)', () => {
    const refused = { code: 'forbidden', message: /older.*skein join TOKEN/ }
    const tries = (peer: MemoryPeer) =>
      eventually(() =>
        assert.rejects(
          peer.replica.write(() => [tenant('x')]),
          refused,
        ),
      )

    /** Two peers; the second one's disk is copied, it writes on, and comes back from the copy, cut off. */
    async function rolledBack(): Promise<[MemoryPeer, MemoryPeer]> {
      const [a, b] = await two(1, 2)
      const copy = (await b.disk.read('journal')) ?? new Uint8Array()
      await b.replica.write(() => [tenant('one'), tenant('two')])
      await agree(a, b)
      await b.stop()
      const disk = createMemoryDisk()
      await disk.replace('journal', copy)
      hub.split([a.signer.key], [b.signer.key])
      const again = await restartPeer(hub, { ...b, disk })
      peers = [a, again]
      return [a, again]
    }

    it('writes nothing more after its first contact', async () => {
      const [a, b] = await rolledBack()
      hub.heal()
      let tried = 0
      await eventually(() => assert.rejects(b.replica.local.set([['x', String(++tried)]]), refused))
      await tries(b)
      assert.equal(a.replica.view.hasTenant('x'), false)
      await agree(a, b)
      assert.equal(b.replica.view.hasTenant('two'), true, 'it takes its own other records like anybody')
    })

    it('is found out also when it wrote more than others hold of it', async () => {
      const [a, b] = await rolledBack()
      for (const name of ['r', 's', 't', 'u']) await b.replica.write(() => [tenant(name)])
      hub.heal()
      await tries(b)
      await agree(a, b)
      assert.deepEqual(a.replica.vector(), b.replica.vector())
      for (const { replica } of [a, b]) {
        assert.equal(replica.view.isForked(b.signer.key), true)
        assert.ok(replica.view.hasTenant('two') && replica.view.hasTenant('u'), 'both histories take effect')
      }
    })

    it('is found out by its own records that it hears', async () => {
      const [a, b] = await rolledBack()
      const own = a.mesh.handler('/skein/sync/2')
      const [theirs] = [
        await own?.(b.signer.key, encode([2, [[Buffer.from(b.signer.key, 'hex'), [], true]]]), noWayBack),
      ]
      assert.ok(theirs)
      // the answer is [batches, more, unknown]; a broadcast is the list of batches
      b.mesh.hear(a.signer.key, theirs.slice(1, -2))
      await tries(b)
    })

    it('remembers that over a restart, and goes on receiving', async () => {
      const [a, b] = await rolledBack()
      hub.heal()
      await tries(b)
      await a.replica.write(() => [tenant('later')])
      await b.replica.waitFor(view => view.hasTenant('later'), 3000)
      await b.stop()
      hub.split([a.signer.key], [b.signer.key])
      const again = await restartPeer(hub, b)
      peers = [a, again]
      await assert.rejects(
        again.replica.write(() => [tenant('x')]),
        refused,
      )
      assert.equal(again.replica.view.hasTenant('later'), true)
    })
  })
})
