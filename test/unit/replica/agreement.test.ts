/** Issue 4: hosts that cannot agree say so. */
import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { createNetworkLeaves } from '../../../src/crdt/acts.ts'
import { checkpointLeaf, runOf } from '../../../src/crdt/checkpoint.ts'
import { leavesOf, makeUnit, unitHeader } from '../../../src/crdt/compact-unit.ts'
import type { Head } from '../../../src/crdt/vector.ts'
import { checkNetwork } from '../../../src/model/network.ts'
import { clockAhead } from '../../support/clock-ahead.ts'
import { eventually } from '../../support/eventually.ts'
import { type HostileMesh, meshWithHostile } from '../../support/hostile-member.ts'
import { MemoryHub } from '../../support/memory-mesh.ts'
import { joinPeer, type MemoryPeer } from '../../support/memory-peer.ts'
import type { Writer } from '../crdt/writer.ts'
import { sayTo, syncAll } from './crosswise.ts'
import { endpoint } from './random-histories.ts'
import { meet, type SyncPeer, smallLeaf, syncPeer, writersOf } from './sync-rig.ts'
import { measure } from './traffic.ts'

const minuteMs = 60_000

describe('replica: members that hold the same', () => {
  const clock = clockAhead()
  let [one, two]: SyncPeer[] = []
  const both = () => [one, two] as [SyncPeer, SyncPeer]
  const say = (digits: string, other = digits) => {
    const [a, b] = both()
    a.state.digest = digits.repeat(64)
    b.state.digest = other.repeat(64)
  }
  const greet = () => both()[0].exchange.neighbours.syncAll(1000)
  const listed = () => both().map(({ agreement }) => agreement.differences())

  beforeEach(async () => {
    const hub = new MemoryHub()
    const writers = writersOf(3)
    ;[one, two] = writers.slice(0, 2).map(({ key }) => syncPeer(hub, key, clock))
    for (const peer of both()) for (const { batches } of writers) peer.hold(batches)
    await meet(...both())
  })

  it('both name the other once they have come to other states by it for a minute', async () => {
    say('a', 'b')
    const sinceMs = clock.now()
    await greet()
    clock.aheadMs += minuteMs - 5000
    await greet()
    assert.deepEqual(listed(), [[], []])
    clock.aheadMs += 6000
    assert.deepEqual(listed(), [[], []], 'no hello showed it so late')
    await greet()
    const [a, b] = both()
    for (const [i, peer] of [b.key, a.key].entries()) {
      const [difference, ...others] = listed()[i] ?? []
      assert.deepEqual([difference?.peer, difference?.writer, others], [peer, undefined, []])
      assert.ok(Math.abs((difference?.sinceMs ?? 0) - sinceMs) < 1000)
    }
  })

  it('name nobody any more once they have come to the same', async () => {
    say('a', 'b')
    await greet()
    clock.aheadMs += minuteMs
    await greet()
    say('c')
    await greet()
    assert.deepEqual(listed(), [[], []])
    clock.aheadMs += minuteMs
    say('a', 'b')
    await greet()
    assert.deepEqual(listed(), [[], []], 'a new one')
  })

  it('name nobody whose state says nothing, as that of an earlier version', async () => {
    say('a', 'b')
    both()[1].state.digest = undefined
    await greet()
    clock.aheadMs += minuteMs
    await greet()
    assert.deepEqual(listed(), [[], []])
  })

  it('need 100 bytes at most to see that all is equal', async () => {
    say('a')
    const traffic = measure(both().map(({ mesh }) => mesh))
    await greet()
    assert.equal(traffic.requests, 1)
    assert.ok(traffic.bytes <= 100, `${traffic.bytes} bytes`)
  })

  describe('name a writer', () => {
    let writer: Writer
    const said = (theirs: readonly Head[]) => at(0).agreement.synchronised(at(1).key, new Map([[writer.key, theirs]]))
    const at = (i: 0 | 1) => both()[i]
    const named = () =>
      at(0)
        .agreement.differences()
        .map(each => [each.peer, each.writer])

    beforeEach(() => {
      writer = writersOf(3)[2] ?? assert.fail()
      const copy = writer.copy()
      for (const [i, one] of [writer, copy].entries()) {
        one.write([smallLeaf(90 + i)])
        at(0).hold(one.batches)
      }
      assert.equal(at(0).log.tips(writer.key).length, 2)
    })

    it('of whom each holds what the other does not take', () => {
      const theirs = at(0).log.tips(writer.key).slice(1)
      said(theirs)
      clock.aheadMs += minuteMs
      said(theirs)
      assert.deepEqual(named(), [[at(1).key, writer.key]])
      writer.write([smallLeaf(9)])
      at(0).hold(writer.batches)
      said(theirs)
      assert.deepEqual(named(), [], 'what goes on is no standstill')
      clock.aheadMs += minuteMs
      at(0).agreement.synchronised(at(1).key, new Map())
      assert.deepEqual(named(), [])
    })

    it('of whom each takes what the other then drops, time and again', () => {
      const all = at(0).log.tips(writer.key)
      const some = all.slice(1)
      for (const theirs of [some, all]) {
        at(0).log.tips = () => (theirs === some ? all : some)
        said(theirs)
        clock.aheadMs += minuteMs
      }
      assert.deepEqual(named(), [[at(1).key, writer.key]])
    })

    it('but not one that has shown a single history, of whom the other does not know', () => {
      at(0).log.tips = () => at(1).log.tips(writer.key)
      for (let i = 0; i < 3; i++) {
        said([])
        clock.aheadMs += minuteMs
      }
      assert.deepEqual(named(), [])
    })
  })
})

describe('replica: hosts to which a hostile member told different histories, in part by false units', () => {
  const clock = clockAhead()
  let hub: MemoryHub
  let mesh: HostileMesh
  const spec = checkNetwork({ tenant: 'default', name: 'web', subnet: '10.1.2.0/24' })
  const peers = () => mesh.honest as [MemoryPeer, MemoryPeer, MemoryPeer]
  const namesOf = (peer: MemoryPeer) => {
    const view = peer.replica.view
    return peer.replica
      .differences()
      .map(each => [view.everMember(each.peer)?.name, each.writer])
      .sort()
  }

  beforeEach(async () => {
    hub = new MemoryHub()
    hub.clock = clock
    mesh = await meshWithHostile(hub)
    await peers()[0].replica.write(view => createNetworkLeaves(view, { tenant: 'default', name: 'web', spec }))
    await mesh.agree()
  })
  afterEach(() => mesh.stop())

  /** Two histories that part behind their first batch. Of the second one a host is told a unit across that place, and the others what it wrote. */
  async function tell(): Promise<void> {
    const { hand } = mesh
    const web = peers()[0].replica.view.networkByName('default', 'web')?.id ?? assert.fail()
    const behind = ({ last, hash }: { last: number; hash: string }): { after: Head } => ({
      after: { counter: last, hash },
    })
    const first = hand.make([endpoint(0, web)])
    const left = [hand.make([endpoint(1, web)], behind(first))]
    for (const i of [3, 4]) left.push(hand.make([endpoint(i, web)], behind(left.at(-1) ?? assert.fail())))
    const ofFirst = runOf([first]) ?? assert.fail()
    const lets = hand.make([checkpointLeaf(hand.signer, ofFirst, leavesOf(first))], behind(first))
    const right = hand.make([endpoint(7, web)], behind(lets))
    const place = runOf([first, lets]) ?? assert.fail()
    const kept = leavesOf(first)
    hub.split(...peers().map(({ signer }) => [signer.key]))
    await sayTo(mesh, 0, [first, ...left])
    await sayTo(mesh, 0, [makeUnit(place, kept, hand.signer.sign(unitHeader(place, kept)))])
    await sayTo(mesh, 1, [first, lets, right])
    hub.heal()
    await syncAll(peers())
  }

  it('each names those from whom it differs and the member, and what it says to type ends it', async () => {
    await tell()
    const [, second] = peers()
    assert.deepEqual(peers().map(namesOf), [[], [], []])
    clock.aheadMs += minuteMs
    await syncAll(peers())
    const { key } = mesh.hand
    assert.deepEqual(peers().map(namesOf), [
      [['host2', key]],
      [
        ['host1', key],
        ['host3', key],
      ],
      [['host2', key]],
    ])

    await second.removal.start([key], 1)
    await Promise.all(peers().map(({ replica }) => replica.waitFor(view => !view.member(key), 5000)))
    await second.leaving.leave()
    await eventually(() => !peers()[0].replica.view.member(second.signer.key))
    await second.stop()
    mesh.honest[1] = await joinPeer(hub, 'host2', peers()[0])
    await mesh.agree()
    clock.aheadMs += minuteMs
    await syncAll(peers())
    clock.aheadMs += minuteMs
    await syncAll(peers())
    assert.deepEqual(peers().map(namesOf), [[], [], []])
  })
})
