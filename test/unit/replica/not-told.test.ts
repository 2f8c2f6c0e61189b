import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'mocha'
import type { RegistryView } from '../../../src/crdt/registry-view.ts'
import { signerOf } from '../../../src/lib/keys.ts'
import { eventually } from '../../support/eventually.ts'
import { MemoryHub } from '../../support/memory-mesh.ts'
import { foundPeer, joinPeer, type MemoryPeer } from '../../support/memory-peer.ts'
import { seedAt } from './rig.ts'

const keyOf = (number: number) => signerOf(seedAt(number)).key

/**
 * host3 removes host1; host2 acknowledges that, and lets in host4 and host5, which are cut off with host1 before the record of the removal
 * comes: the list that they were let in with names it. host1 knows nothing of it.
 */
describe('replica: who was let in while a host was being removed, and does not hold the removal (R4)', () => {
  const peers = new Map<number, MemoryPeer>()
  const peer = (number: number) => peers.get(number) ?? assert.fail()
  const viewOf = (number: number) => peer(number).replica.view
  const until = (number: number, check: (view: RegistryView) => boolean) => peer(number).replica.waitFor(check, 5000)
  const onFounder = (number: number) => viewOf(1).member(keyOf(number)) ?? assert.fail()

  afterEach(async () => {
    for (const each of peers.values()) await each.stop()
    peers.clear()
  })

  it('neither lets anybody in nor acknowledges anybody before it does', async () => {
    const hub = new MemoryHub()
    const join = async (number: number, via: number) => {
      peers.set(number, await joinPeer(hub, `host${number}`, peer(via), seedAt(number)))
    }
    const split = (...groups: number[][]) => {
      hub.heal()
      hub.split(...groups.map(group => group.map(keyOf)))
    }
    peers.set(1, await foundPeer(hub, 'host1', seedAt(1)))
    for (const number of [2, 3]) await join(number, 1)
    const areSettled = (view: RegistryView) => view.members().filter(({ settled }) => settled).length === 3
    await Promise.all([1, 2, 3].map(number => until(number, areSettled)))
    // host1 hears what host2 writes, and nothing of host3's
    const { mesh } = peer(2)
    const broadcast = mesh.broadcast.bind(mesh)
    mesh.broadcast = bytes => {
      broadcast(bytes)
      peer(1).mesh.hear(keyOf(2), bytes)
    }
    split([1], [2, 3])
    await eventually(() => assert.equal(viewOf(2).held(keyOf(3)), viewOf(3).held(keyOf(3))))
    const second = peer(2)
    const started = peer(3).removal.start([keyOf(1)], 0)
    await until(2, view => view.removals().length > 0)
    split([1, 4, 5, 6], [2], [3])
    await started
    await until(2, view => view.removals()[0]?.ackedBy.includes(keyOf(2)) === true)

    for (const number of [4, 5]) {
      await join(number, 2)
      await until(number, view => view.member(keyOf(number)) !== undefined)
      await eventually(() => assert.ok(viewOf(1).member(keyOf(number))))
    }
    await until(4, view => view.member(keyOf(4))?.settled === true)
    for (const number of [1, 4, 5]) assert.deepEqual(viewOf(number).removals(), [], `host${number}`)
    await assert.rejects(join(6, 4), { code: 'unavailable', message: /let in while another was being removed/ })
    await join(6, 1)
    await until(6, view => view.member(keyOf(6)) !== undefined)
    for (const number of [5, 6]) {
      await eventually(() => assert.ok(onFounder(number).waitingFor.includes(keyOf(4))))
      assert.equal(onFounder(number).settled, false)
    }

    second.mesh.broadcast = broadcast
    hub.heal()
    const staying = [2, 3, 4, 5]
    await eventually(() => {
      for (const number of staying) {
        const members = viewOf(number).members()
        assert.deepEqual(members.map(({ key }) => key).sort(), staying.map(keyOf).sort(), `host${number}`)
        assert.ok(members.every(({ settled }) => settled))
        assert.equal(viewOf(number).digest(), viewOf(2).digest())
      }
      assert.ok(peer(1).replica.removedBy)
    })
  })
})
