import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import { createNetworkLeaves, removeNetworkLeaves } from '../../../src/crdt/acts.ts'
import type { Leaf } from '../../../src/crdt/leaves.ts'
import { checkNetwork } from '../../../src/model/network.ts'
import { journalName } from '../../../src/replica/create.ts'
import { usualRewriting } from '../../../src/replica/journal-rewriter.ts'
import { eventually } from '../../support/eventually.ts'
import { createHandClock, type HandClock } from '../../support/hand-clock.ts'
import { MemoryHub } from '../../support/memory-mesh.ts'
import { foundPeer, joinPeer, type MemoryPeer, restartPeer } from '../../support/memory-peer.ts'

const minute = 60_000

function endpoint(id: string, network: string, ip: number): Leaf {
  return { kind: 'endpoint', id, network, ip, mac: '02:02:0a:01:00:01', container: '', containerName: id }
}

describe('replica: collection', function () {
  this.timeout(60_000)
  let hub: MemoryHub
  let clock: HandClock
  let peers: MemoryPeer[]

  beforeEach(async () => {
    hub = new MemoryHub()
    clock = createHandClock()
    hub.clock = clock
    peers = [await foundPeer(hub, 'host1')]
    for (const name of ['host2', 'host3']) {
      const peer = await joinPeer(hub, name, peers[0] as MemoryPeer)
      peers.push(peer)
      await eventually(() => peers.every(({ replica }) => replica.view.member(peer.signer.key)?.settled === true))
    }
  })

  afterEach(async () => {
    for (const peer of peers) await peer.stop()
  })

  const digests = () => new Set(peers.map(({ replica }) => replica.view.digest())).size

  async function agree(): Promise<void> {
    await eventually(async () => {
      for (const { replica } of peers) await replica.syncNow(1000)
      return digests() === 1
    })
  }

  /** Lets the minutes pass in which the peers look whether something may go. */
  async function pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= minute) {
      await agree()
      await agree()
      clock.pass(minute)
    }
    await agree()
  }

  async function busyNetwork(): Promise<string> {
    const [one, two] = peers as [MemoryPeer, MemoryPeer]
    const spec = checkNetwork({ tenant: 'default', name: 'x', subnet: '10.1.0.0/16' })
    await one.replica.write(view => createNetworkLeaves(view, { tenant: 'default', name: 'web', spec }))
    const id = one.replica.view.networks()[0]?.id ?? ''
    await agree()
    for (let i = 0; i < 200; i++) {
      await two.replica.write(() => [endpoint(`e${i}`, id, 0x0a010000 + i)])
      await two.replica.write(() => [{ kind: 'endpoint-rm', id: `e${i}`, network: id }])
    }
    return id
  }

  it('lets ended endpoints go everywhere; a restart and a newcomer come to the same', async () => {
    const id = await busyNetwork()
    await agree()
    const before = peers[0]?.replica.view.size() ?? 0
    await pass(3 * minute)
    assert.ok((peers[0]?.replica.view.size() ?? 0) < before - 150)
    const two = peers[1] as MemoryPeer
    await two.stop()
    peers[1] = await restartPeer(hub, two)
    await agree()
    peers.push(await joinPeer(hub, 'host4', peers[2] as MemoryPeer))
    await eventually(() => peers[3]?.replica.isComplete === true)
    await agree()
    assert.deepEqual(peers[3]?.replica.view.endpoints(id), [])
    assert.equal(peers[3]?.replica.view.networks().length, 1)
  })

  it('takes the file along: what went is not read at the next start, and what did not is (I3, I5)', async () => {
    const [one, two] = peers as [MemoryPeer, MemoryPeer]
    const id = await busyNetwork()
    await one.replica.write(view => removeNetworkLeaves(view, id))
    const spec = checkNetwork({ tenant: 'default', name: 'y', subnet: '10.2.0.0/16' })
    await two.replica.write(view => createNetworkLeaves(view, { tenant: 'default', name: 'stays', spec }))
    await two.replica.local.set([['kept', 'value']])
    await pass(200 * minute)
    const sizeOf = async ({ disk }: MemoryPeer) => (await disk.read(journalName))?.length ?? 0
    const [before, digest] = [await sizeOf(one), one.replica.view.digest()]
    hub.rewriting = { ...usualRewriting, floorBytes: 0 }
    for (const at of [0, 1, 2]) {
      await peers[at]?.stop()
      peers[at] = await restartPeer(hub, peers[at] as MemoryPeer)
    }
    await eventually(async () => (await sizeOf(one)) < before / 4)
    // what is read now is what was written anew
    hub.rewriting = usualRewriting
    for (const at of [0, 1, 2]) {
      await peers[at]?.stop()
      peers[at] = await restartPeer(hub, peers[at] as MemoryPeer)
    }
    const [first, second] = peers as [MemoryPeer, MemoryPeer]
    assert.equal(first.replica.view.digest(), digest)
    assert.equal(second.replica.local.get('kept'), 'value')
    for (const { replica } of [first, second]) {
      assert.equal(replica.fenced, undefined)
      assert.ok(replica.view.isDeleted(id), 'Docker may still have a copy')
      assert.deepEqual(replica.view.actsOf(id), [])
      assert.deepEqual(
        replica.view.networks().map(({ name }) => name),
        ['stays'],
      )
    }
    await first.replica.write(() => [{ kind: 'tenant', name: 'blue' }])
    await agree()
  })

  it('waits for a member that is away, says for whom, and goes on when it is back', async () => {
    const away = peers.pop() as MemoryPeer
    await away.stop()
    await busyNetwork()
    await agree()
    const size = peers[0]?.replica.view.size()
    await pass(70 * minute)
    assert.equal(peers[0]?.replica.view.size(), size)
    assert.deepEqual(
      peers[1]?.replica.collectionStatus().waitsFor.map(item => item.peer),
      [away.signer.key],
    )
    peers.push(await restartPeer(hub, away))
    await pass(3 * minute)
    assert.ok((peers[2]?.replica.view.size() ?? 0) < (size ?? 0) - 150)
  })

  it('collects a deleted network, its registers last, and never gives its id again (H1)', async () => {
    const [one] = peers as [MemoryPeer]
    const id = await busyNetwork()
    await one.replica.write(view => removeNetworkLeaves(view, id))
    await agree()
    await pass(200 * minute)
    const { view } = one.replica
    assert.deepEqual(view.actsOf(id), [])
    assert.ok(view.isDeleted(id))
    assert.equal(view.nextGeneration('default', 'web'), 1)
    assert.equal(view.conditions().length, 0)
  })
})
