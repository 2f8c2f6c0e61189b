import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'mocha'
import { signerOf } from '../../../src/lib/keys.ts'
import { eventually } from '../../support/eventually.ts'
import { MemoryHub } from '../../support/memory-mesh.ts'
import { foundPeer, joinPeer, type MemoryPeer } from '../../support/memory-peer.ts'
import { seedAt } from './rig.ts'

const keyOf = (number: number) => signerOf(seedAt(number)).key
const guests = [4, 5, 6]

describe('replica: the founder is cut off before it hears that the two others are settled (R4, H10)', () => {
  let peers: MemoryPeer[] = []
  afterEach(() => Promise.all(peers.map(peer => peer.stop())))

  it('settles nobody with guests of its own, while those remove it', async () => {
    const hub = new MemoryHub()
    const founder = await foundPeer(hub, 'host1', seedAt(1))
    peers = [founder]
    const join = async (number: number) => {
      const peer = await joinPeer(hub, `host${number}`, founder, seedAt(number))
      peers.push(peer)
      return peer
    }
    const second = await join(2)
    const hear = founder.mesh.hear.bind(founder.mesh)
    founder.mesh.hear = () => undefined
    const third = await join(3)
    for (const { replica } of [second, third])
      await replica.waitFor(view => view.member(keyOf(3)) !== undefined && view.held(keyOf(1)) > 0, 3000)
    await eventually(() => assert.equal(second.replica.view.held(keyOf(1)), founder.replica.view.held(keyOf(1))))
    hub.split([1, ...guests].map(keyOf), [2, 3].map(keyOf))
    await second.replica.waitFor(view => view.members().every(({ settled }) => settled), 3000)
    founder.mesh.hear = hear
    await second.removal.start([keyOf(1)], 1)
    await second.replica.waitFor(view => view.removals()[0]?.outcome === 'effective', 3000)

    for (const number of guests) {
      const { replica } = await join(number)
      await replica.waitFor(view => view.member(keyOf(number)) !== undefined, 3000)
    }
    const onFounder = (number: number) => founder.replica.view.member(keyOf(number)) ?? assert.fail()
    await eventually(() => {
      for (const guest of guests) assert.deepEqual(onFounder(guest).waitingFor, [2, 3].map(keyOf).sort())
    })
    for (const guest of guests) assert.equal(onFounder(guest).settled, false)

    hub.heal()
    await eventually(() => {
      for (const { replica } of [second, third]) {
        assert.deepEqual(
          replica.view
            .members()
            .map(({ key }) => key)
            .sort(),
          [2, 3].map(keyOf).sort(),
        )
        assert.equal(replica.view.digest(), second.replica.view.digest())
      }
      assert.equal(founder.replica.removedBy !== undefined, true)
    })
  })
})
