import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'mocha'
import { createNetworkLeaves, removeNetworkLeaves } from '../../../src/crdt/acts.ts'
import { checkNetwork } from '../../../src/model/network.ts'
import { eventually } from '../../support/eventually.ts'
import { MemoryHub } from '../../support/memory-mesh.ts'
import { foundPeer, joinPeer, type MemoryPeer, restartPeer } from '../../support/memory-peer.ts'

const spec = checkNetwork({ tenant: 'default', name: 'web', subnet: '10.1.2.0/24' })
const settledOf = (peer: MemoryPeer) => peer.replica.view.members().filter(member => member.settled).length

describe('replica: three peers', () => {
  let peers: MemoryPeer[] = []
  const hub = new MemoryHub()

  async function three(): Promise<[MemoryPeer, MemoryPeer, MemoryPeer]> {
    const a = await foundPeer(hub, 'host1')
    const b = await joinPeer(hub, 'host2', a)
    peers = [a, b]
    await Promise.all(peers.map(peer => peer.replica.waitFor(() => settledOf(peer) === 2, 3000)))
    const c = await joinPeer(hub, 'host3', b)
    peers = [a, b, c]
    await Promise.all(peers.map(peer => peer.replica.waitFor(() => settledOf(peer) === 3, 3000)))
    return [a, b, c]
  }

  const agree = (wanted: MemoryPeer[]) =>
    eventually(() => new Set(wanted.map(peer => peer.replica.view.digest())).size === 1, 8000)

  afterEach(async () => {
    hub.heal()
    await Promise.all(peers.map(peer => peer.stop()))
  })

  it('admits, settles and shows one state everywhere', async () => {
    const all = await three()
    await agree(all)
    assert.deepEqual(
      all.map(peer => peer.replica.view.members().map(member => member.name)),
      [1, 2, 3].map(() => ['host1', 'host2', 'host3']),
    )
  })

  it('makes one network of the same act on both sides of a split, and unites after the heal', async () => {
    const [a, b, c] = await three()
    await agree([a, b, c])
    hub.split([a.signer.key, b.signer.key], [c.signer.key])
    for (const peer of [a, c]) {
      await peer.replica.write(view => createNetworkLeaves(view, { tenant: 'default', name: 'web', spec }))
    }
    await b.replica.waitFor(view => view.networks().length === 1, 3000)
    hub.heal()
    await agree([a, b, c])
    assert.equal(a.replica.view.networks().length, 1)
    assert.equal(a.replica.view.actsOf(a.replica.view.networks()[0]?.id ?? '').length, 2)
    const owners = new Set(
      Array.from(
        { length: a.replica.view.blockCount(a.replica.view.networks()[0]?.id ?? '') },
        (_, i) => a.replica.view.block(a.replica.view.networks()[0]?.id ?? '', i)?.owner,
      ),
    )
    assert.equal(owners.size, 3)
  })

  it('gives a network created again after its deletion a new id', async () => {
    const [a, b, c] = await three()
    await a.replica.write(view => createNetworkLeaves(view, { tenant: 'default', name: 'web', spec }))
    const first = a.replica.view.networkByName('default', 'web')
    await a.replica.write(view => removeNetworkLeaves(view, first?.id ?? ''))
    await b.replica.waitFor(view => view.isDeleted(first?.id ?? ''), 3000)
    await b.replica.write(view => createNetworkLeaves(view, { tenant: 'default', name: 'web', spec }))
    await agree([a, b, c])
    assert.equal(a.replica.view.networkByName('default', 'web')?.generation, 1)
    assert.notEqual(a.replica.view.networkByName('default', 'web')?.id, first?.id)
  })

  it('leaves a peer that joins on the minority side pending until the heal, and says whom it waits for', async () => {
    const [a, b, c] = await three()
    await agree([a, b, c])
    hub.split([a.signer.key, b.signer.key], [c.signer.key])
    const d = await joinPeer(hub, 'host4', c)
    peers.push(d)
    await agree([c, d])
    assert.equal(d.replica.view.member(d.signer.key)?.settled, false)
    assert.deepEqual(d.replica.view.member(d.signer.key)?.waitingFor, [a.signer.key, b.signer.key].sort())
    hub.heal()
    await d.replica.waitFor(view => view.member(d.signer.key)?.settled === true, 8000)
    await agree([a, b, c, d])
  })

  it('comes back from its own disk', async () => {
    const [a, b, c] = await three()
    await agree([a, b, c])
    const before = c.replica.view.digest()
    await c.stop()
    await a.replica.write(view => createNetworkLeaves(view, { tenant: 'default', name: 'web', spec }))
    const again = await restartPeer(hub, c)
    peers = [a, b, again]
    await agree(peers)
    assert.notEqual(again.replica.view.digest(), before)
  })
})
