import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { encode } from '../../../src/lib/cbor.ts'
import { answer, syncProtocol } from '../../../src/replica/sync-messages.ts'
import { MemoryHub } from '../../support/memory-mesh.ts'
import { foundPeer, joinPeer, type MemoryPeer } from '../../support/memory-peer.ts'
import { seedAt } from './rig.ts'

describe('replica: leaving the mesh', () => {
  let hub: MemoryHub
  let peers: MemoryPeer[]

  beforeEach(async () => {
    hub = new MemoryHub()
    peers = [await foundPeer(hub, 'host1', seedAt(1))]
  })
  afterEach(() => Promise.all(peers.map(peer => peer.stop())))

  const at = (index: number): MemoryPeer => peers[index] ?? assert.fail()

  async function grow(count: number): Promise<void> {
    for (let n = 2; n <= count; n++) peers.push(await joinPeer(hub, `host${n}`, at(0), seedAt(n)))
    const settled = (peer: MemoryPeer) =>
      peer.replica.waitFor(view => view.members().filter(each => each.settled).length === count, 5000)
    await Promise.all(peers.map(settled))
  }

  for (const count of [2, 3, 4]) {
    it(`takes a host out of a mesh of ${count}, which is fenced before and after`, async () => {
      await grow(count)
      const leaver = at(count - 1)
      const left = leaver.leaving.leave()
      assert.equal(leaver.replica.removedBy?.isLeaving, true)
      await assert.rejects(
        leaver.replica.write(() => [{ kind: 'tenant', name: 'late' }]),
        { code: 'forbidden', message: /^this host is leaving its mesh: .*skein peer leave again/ },
      )
      await left
      assert.equal(leaver.replica.removedBy?.isLeaving, undefined)
      const [removal] = at(0).replica.view.removals()
      assert.equal(removal?.outcome, 'effective')
      assert.ok(removal?.assertedAt)
      assert.deepEqual(removal?.cut, [at(0).replica.view.held(leaver.signer.key)])
    })
  }

  it('waits until what it started itself is decided: fenced it could not say so, and bound the others for good', async () => {
    await grow(4)
    const [, two, three, four] = [at(0), at(1), at(2), at(3)]
    const keys = (...of: MemoryPeer[]) => of.map(({ signer }) => signer.key)
    hub.split(keys(at(0), two), keys(three), keys(four))
    await two.removal.start(keys(four), 0)
    await assert.rejects(two.leaving.leave(), {
      code: 'conflict',
      message: /^the removal of host4, started on this host, is not decided yet: .* skein peer rm --cancel host4$/,
    })
    assert.equal(two.replica.fenced, undefined)
    await two.removal.cancel(keys(four))
    hub.heal()
    await two.leaving.leave()
    assert.equal(at(0).replica.view.member(two.signer.key), undefined)
  })

  it('says how to lift what it started by a key where the name is no word of a shell', async () => {
    await grow(3)
    const target = await joinPeer(hub, 'x;reboot', at(0), seedAt(4))
    peers.push(target)
    const { key } = target.signer
    await at(1).replica.waitFor(view => view.member(key)?.settled === true, 5000)
    hub.split(
      [at(0), at(1)].map(({ signer }) => signer.key),
      [at(2).signer.key, key],
    )
    await at(1).removal.start([key], 0)
    await assert.rejects(at(1).leaving.leave(), {
      code: 'conflict',
      message: new RegExp(`^the removal of x;reboot, started .* skein peer rm --cancel ${key.slice(0, 12)}$`),
    })
  })

  for (const count of [3, 4]) {
    it(`takes two hosts out of a mesh of ${count} that leave at once: neither acknowledges that the other does`, async () => {
      await grow(count)
      const leavers = [at(count - 2), at(count - 1)]
      await Promise.all(leavers.map(peer => peer.leaving.leave()))
      const gone = leavers.map(({ signer }) => signer.key)
      const effective = at(0)
        .replica.view.removals()
        .filter(({ outcome }) => outcome === 'effective')
      assert.deepEqual(
        effective.map(({ targets }) => targets.map(({ key }) => key).sort()),
        [gone.sort()],
      )
      const { view } = at(0).replica
      assert.deepEqual(
        view.members().map(({ name }) => name),
        ['host1', 'host2'].slice(0, count - 2),
      )
      assert.deepEqual(view.conditions(), [])
    })
  }

  it('is refused before anything is fenced when nobody is within reach', async () => {
    await grow(2)
    hub.split([at(0).signer.key], [at(1).signer.key])
    await assert.rejects(at(1).leaving.leave(), { code: 'unavailable', message: /no settled member is within reach/ })
    assert.equal(at(1).replica.removedBy, undefined)
  })

  it('is not started where all that it holds cannot be had of it: it may be the last to hold what a third wrote', async () => {
    await grow(3)
    const [one, two] = [at(0), at(1)]
    const answers = [() => Promise.reject(new Error('it answers nothing')), async () => encode([answer.incomplete])]
    for (const each of answers) {
      two.mesh.handle(syncProtocol, each)
      await assert.rejects(two.leaving.leave(), { code: 'unavailable', message: /it does not hold yet all/ })
    }
    assert.deepEqual(one.replica.view.removals(), [])
  })

  it('is not started for who has records that are not held there, nor for a malformed request', async () => {
    await grow(2)
    const ask = (request: Uint8Array) => at(1).mesh.request(at(0).signer.key, '/skein/leave/1', request, 1000)
    await assert.rejects(ask(encode([1, 1_000_000])), { code: 'unavailable', message: /does not hold yet/ })
    await assert.rejects(ask(encode([2, 1])), { code: 'invalid' })
    assert.deepEqual(at(0).replica.view.removals(), [])
  })
})
