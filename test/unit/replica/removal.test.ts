import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'mocha'
import type { RegistryView } from '../../../src/crdt/registry-view.ts'
import { encode } from '../../../src/lib/cbor.ts'
import { silentLogger } from '../../../src/lib/log.ts'
import { createRemovalService } from '../../../src/replica/removal.ts'
import { decodeJournal } from '../../../src/store/journal-format.ts'
import { eventually } from '../../support/eventually.ts'
import { MemoryHub } from '../../support/memory-mesh.ts'
import { foundPeer, joinPeer, type MemoryPeer, restartPeer } from '../../support/memory-peer.ts'
import { seedAt } from './rig.ts'

const outcome = (view: RegistryView, at = 0) => view.removals()[at]?.outcome
const namesOf = (peer: MemoryPeer | undefined) => peer?.replica.view.members().map(member => member.name)

describe('replica: removal of a host (R9)', () => {
  let hub: MemoryHub
  let peers: MemoryPeer[]
  let [one, two, three, four]: MemoryPeer[] = []

  beforeEach(async () => {
    hub = new MemoryHub()
    peers = [await foundPeer(hub, 'host1', seedAt(1))]
    for (const n of [2, 3, 4]) peers.push(await joinPeer(hub, `host${n}`, peers[0] as MemoryPeer, seedAt(n)))
    const allSettled = (view: RegistryView) => view.members().filter(member => member.settled).length === 4
    await Promise.all(peers.map(peer => peer.replica.waitFor(allSettled, 5000)))
    ;[one, two, three, four] = peers
  })
  afterEach(() => Promise.all(peers.map(peer => peer.stop())))

  const keyOf = (peer: MemoryPeer | undefined) => peer?.signer.key ?? assert.fail()

  async function kill(peer: MemoryPeer | undefined): Promise<void> {
    await peer?.stop()
    peers = peers.filter(other => other !== peer)
  }

  it('takes a dead host out once all others have acknowledged it, and lets it in no more', async () => {
    await kill(four)
    await one?.removal.start([keyOf(four)], 1)
    await Promise.all(peers.map(peer => peer.replica.waitFor(view => outcome(view) === 'effective', 3000)))
    for (const peer of peers) assert.deepEqual(namesOf(peer), ['host1', 'host2', 'host3'])
    assert.equal(new Set(peers.map(peer => peer.replica.view.digest())).size, 1)
    assert.ok(!one?.mesh.knows(keyOf(four)))
  })

  it('is lost by the later of two that wait for each other', async () => {
    await kill(four)
    hub.split([keyOf(one), keyOf(three)], [keyOf(two)])
    await one?.removal.start([keyOf(four)], 1)
    await two?.removal.start([keyOf(four)], 1)
    hub.heal()
    const decided = (view: RegistryView) =>
      view.removals().length === 2 && view.removals().every(removal => removal.outcome !== 'undecided')
    await Promise.all(peers.map(peer => peer.replica.waitFor(decided, 5000)))
    const outcomes = one?.replica.view.removals().map(removal => removal.outcome)
    assert.deepEqual(outcomes?.sort(), ['cancelled', 'effective'])
    assert.equal(new Set(peers.map(peer => peer.replica.view.digest())).size, 1)
  })

  it('keeps its promise over a restart, and goes on from there', async () => {
    hub.split([keyOf(one), keyOf(two)], [keyOf(three)], [keyOf(four)])
    await one?.removal.start([keyOf(four)], 1)
    await two?.replica.waitFor(view => view.removals()[0]?.ackedBy.includes(keyOf(two)) === true, 3000)
    await kill(two)
    const again = await restartPeer(hub, two ?? assert.fail())
    peers.push(again)
    assert.equal(again.replica.view.removals()[0]?.ackedBy.includes(keyOf(two)), true)
    await kill(four)
    hub.heal()
    await again.replica.waitFor(view => outcome(view) === 'effective', 5000)
  })

  it('is lifted on the host that started it, and only there', async () => {
    hub.split([keyOf(one), keyOf(two)], [keyOf(three), keyOf(four)])
    await one?.removal.start([keyOf(four)], 0)
    await two?.replica.waitFor(view => view.removals().length === 1, 3000)
    const elsewhere = { code: 'conflict', message: /started on host1: run there: skein peer rm --cancel host4$/ }
    await assert.rejects(two?.removal.cancel([keyOf(four)]) ?? assert.fail(), elsewhere)
    const again = { code: 'conflict', message: /the removal of host4 is not decided yet/ }
    await assert.rejects(one?.removal.start([keyOf(three)], 0) ?? assert.fail(), again)
    await one?.removal.cancel([keyOf(four)])
    assert.equal(outcome(one?.replica.view ?? assert.fail()), 'cancelled')
    await assert.rejects(one?.removal.cancel([keyOf(four)]) ?? assert.fail(), { code: 'not-found' })
  })

  it('is lifted by what the error says also where two hosts are called the same', async () => {
    const twin = await joinPeer(hub, 'host4', one ?? assert.fail(), seedAt(5))
    peers.push(twin)
    await Promise.all(peers.map(peer => peer.replica.waitFor(view => view.member(keyOf(twin))?.settled === true, 5000)))
    hub.split([keyOf(one), keyOf(two)], [keyOf(three), keyOf(four), keyOf(twin)])
    await one?.removal.start([keyOf(twin)], 0)
    await two?.replica.waitFor(view => view.removals().length === 1, 3000)
    await assert.rejects(two?.removal.cancel([keyOf(twin)]) ?? assert.fail(), {
      message: new RegExp(`started on host1: run there: skein peer rm --cancel ${keyOf(twin).slice(0, 12)}$`),
    })
  })

  it('is lifted also where one of those that it is about has started to remove the other', async () => {
    peers.push(await joinPeer(hub, 'host5', one ?? assert.fail(), seedAt(5)))
    const allSettled = (view: RegistryView) => view.members().filter(member => member.settled).length === 5
    await Promise.all(peers.map(peer => peer.replica.waitFor(allSettled, 5000)))
    // theirs is the first of the list
    const [target, other, near, far, starter] = [...peers].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
    hub.split([keyOf(starter), keyOf(near)], [keyOf(target)], [keyOf(other)], [keyOf(far)])
    await starter?.removal.start([keyOf(target), keyOf(other)], 0)
    // of two that wait for each other the later one gives in by itself (d)
    const [sinceMs = 0] = starter?.replica.view.removals()[0]?.since ?? []
    await eventually(() => Date.now() > sinceMs)
    await target?.removal.start([keyOf(other)], 0)
    hub.heal()
    hub.split([keyOf(starter), keyOf(near), keyOf(target)], [keyOf(other)], [keyOf(far)])
    await starter?.replica.waitFor(view => view.removals().length === 2, 3000)
    await starter?.removal.cancel([keyOf(target), keyOf(other)])
    const own = starter?.replica.view.removals().find(each => each.starter === keyOf(starter))
    assert.equal(own?.outcome, 'cancelled')
  })

  it('H10: is refused to a minority, with what to assert; and while the host is connected', async () => {
    await assert.rejects(one?.removal.start([keyOf(four)], 1) ?? assert.fail(), {
      code: 'conflict',
      message: /host4 is not down: host4 is connected.*leave --host-is-down out/,
    })
    await kill(three)
    await kill(four)
    await assert.rejects(one?.removal.start([keyOf(three), keyOf(four)], 1) ?? assert.fail(), {
      code: 'conflict',
      message: /2 of 4 hosts are no majority.*: skein peer rm host3 host4 --host-is-down --and-who-joined-through-it$/,
    })
    await one?.removal.start([keyOf(three), keyOf(four)], 2)
    await two?.replica.waitFor(view => outcome(view) === 'effective', 3000)
    assert.deepEqual(namesOf(two), ['host1', 'host2'])
  })

  it('says of no key that it is lost before its own containers are on record; then seals it first', async () => {
    const old = keyOf(four)
    await kill(four)
    const again = await joinPeer(hub, 'host4', one ?? assert.fail(), seedAt(5))
    peers.push(again)
    await again.replica.waitFor(view => view.member(keyOf(again))?.settled === true, 5000)
    const done: string[] = []
    let onRecord = (): void => undefined
    const registered = new Promise<void>(resolve => {
      onRecord = resolve
    })
    const { replica, mesh } = again
    const removal = createRemovalService({
      ...{ replica, mesh, log: silentLogger },
      registered: () => registered,
      seal: async key => {
        done.push(`sealed ${key}, ${replica.view.removals().length} removals`)
      },
    })
    removal.begin()
    const early = { code: 'unavailable', message: /the containers of this host are not on record yet/ }
    await assert.rejects(removal.start([old], 1, 'lost'), early)
    assert.deepEqual(done, [])
    onRecord()
    await eventually(() => removal.start([old], 1, 'lost'))
    assert.deepEqual(done, [`sealed ${old}, 0 removals`])
    removal.stop()
    await one?.replica.waitFor(view => outcome(view) === 'effective' && !view.member(old), 3000)
  })

  it('makes a host that learns of its own removal write nothing more', async () => {
    await one?.removal.start([keyOf(four)], 0)
    await two?.replica.waitFor(view => outcome(view) === 'effective', 3000)
    // the records may be on their way when the connection is cut: here they arrive
    const { entries } = decodeJournal((await one?.disk.read('journal')) ?? assert.fail(), 'journal')
    const batches = entries.filter(entry => entry.kind === 'batch').map(entry => entry.bytes)
    four?.mesh.hear(keyOf(one), encode(batches))
    await four?.replica.waitFor(view => !view.member(keyOf(four)), 3000)
    await assert.rejects(four?.replica.write(() => [{ kind: 'tenant', name: 'late' }]) ?? assert.fail(), {
      code: 'forbidden',
      message: /was removed from its mesh \(skein peer rm on host1 at .*\): .*skein join TOKEN$/,
    })
  })
})
