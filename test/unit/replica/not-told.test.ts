import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'mocha'
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
  const members = (number: number) => viewOf(number).members()
  /** These are the members, on each of them, and settled. */
  const assertSettled = (numbers: number[]) => {
    const all = numbers.map(number => [keyOf(number), true]).sort()
    for (const number of numbers) {
      const seen = members(number).map(({ key, settled }) => [key, settled])
      assert.deepEqual(seen.sort(), all, `host${number}`)
    }
  }

  let hub: MemoryHub
  let hearAll: () => void

  const join = async (number: number, via: number) => {
    peers.set(number, await joinPeer(hub, `host${number}`, peer(via), seedAt(number)))
  }
  const split = (...groups: number[][]) => {
    hub.heal()
    hub.split(...groups.map(group => group.map(keyOf)))
  }

  beforeEach(async () => {
    hub = new MemoryHub()
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
    hearAll = () => {
      mesh.broadcast = broadcast
      hub.heal()
    }
    split([1], [2, 3])
    await eventually(() => assert.equal(viewOf(2).held(keyOf(3)), viewOf(3).held(keyOf(3))))
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
  })

  afterEach(async () => {
    for (const each of peers.values()) await each.stop()
    peers.clear()
  })

  it('is settled once it does, and counts for nobody as settled before', async () => {
    await join(6, 4)
    for (const number of [4, 5, 6]) {
      await until(number, view => view.member(keyOf(number)) !== undefined)
      await eventually(() => {
        const admissions = viewOf(number).admissions()
        const [own] = admissions.filter(({ key }) => key === keyOf(number))
        assert.ok(
          own?.ackedBy.some(ack => ack.key === keyOf(1)),
          `host${number}`,
        )
        assert.ok(viewOf(number).member(keyOf(number))?.waitingFor.includes(keyOf(3)), `host${number}`)
      })
    }
    for (const number of [1, 4, 5, 6]) {
      assert.deepEqual(viewOf(number).removals(), [], `host${number}`)
      await eventually(() => {
        const pending = members(number).filter(({ settled }) => !settled)
        assert.deepEqual(pending.map(({ name }) => name).sort(), ['host4', 'host5', 'host6'], `host${number}`)
      })
    }

    hearAll()
    const staying = [2, 3, 4, 5, 6]
    await eventually(() => {
      assertSettled(staying)
      for (const number of staying) assert.equal(viewOf(number).digest(), viewOf(2).digest())
      assert.ok(peer(1).replica.removedBy)
    })
  })

  it('waits for it no more once who started it, and whoever held it, were removed', async () => {
    for (const number of [2, 3]) {
      await peer(number).stop()
      peers.delete(number)
    }
    await peer(1).removal.start([keyOf(2), keyOf(3)], 2)
    await eventually(() => assertSettled([1, 4, 5]))
    await join(6, 4)
    await until(6, view => view.member(keyOf(6))?.settled === true)
  })
})
