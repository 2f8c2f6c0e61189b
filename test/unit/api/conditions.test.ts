import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { conditionsJson } from '../../../src/api/conditions.ts'
import { runOf } from '../../../src/crdt/checkpoint.ts'
import { makeUnit, unitHeader } from '../../../src/crdt/compact-unit.ts'
import { encode } from '../../../src/lib/cbor.ts'
import { eventually } from '../../support/eventually.ts'
import { Hand, meshWithHostile } from '../../support/hostile-member.ts'
import { MemoryHub } from '../../support/memory-mesh.ts'
import { foundPeer, joinPeer, type MemoryPeer } from '../../support/memory-peer.ts'
import { createTestPeer, depsOf } from './fixture.ts'

const minute = 60_000

describe('api: a clock that is ahead', () => {
  let peers: MemoryPeer[] = []
  let hand: Hand

  beforeEach(async () => {
    const hub = new MemoryHub()
    const first = await foundPeer(hub, 'host1')
    const second = await joinPeer(hub, 'host2', first)
    peers = [first, second]
    await first.replica.waitFor(
      view => view.members().every(member => member.settled) && view.members().length === 2,
      5000,
    )
    await second.stop()
    const [head] = first.replica.vector().get(second.signer.key) ?? []
    hand = new Hand(second.signer, first.replica.view.meshId, head)
  })
  afterEach(() => peers[0]?.stop())

  const here = () => peers[0] as MemoryPeer
  /** Host 2 writes by a clock that shows this; what host 1 lists then, by one that shows `nowMs`. */
  async function listed(hlc: [ms: number, count: number], nowMs: number) {
    here().mesh.hear(hand.key, encode([hand.make([{ kind: 'tenant', name: 'blue' }], { hlc }).bytes]))
    await eventually(() => here().replica.view.lastWrite(hand.key)?.[0] === hlc[0])
    return conditionsJson(depsOf(here().replica), nowMs)
  }

  it('is shown on the host that sees it, from five minutes on, with what to type', async () => {
    const now = Date.now()
    assert.deepEqual(await listed([now + 5 * minute, 0], now), [])
    const [condition, ...others] = await listed([now + 7 * minute, 0], now)
    assert.deepEqual(others, [])
    assert.deepEqual([condition?.kind, condition?.scope, condition?.host], ['clock-ahead', 'host', 'host1'])
    assert.deepEqual(condition?.objects, [hand.key])
    assert.equal(
      condition?.text,
      "the clock of host2 is 7 minutes ahead of this host's: its writes win over later ones",
    )
    assert.match(condition?.remedy ?? '', /timedatectl set-ntp true/)
    assert.equal(condition?.since, new Date(now).toISOString())
    assert.deepEqual(conditionsJson(depsOf(here().replica), now + 3 * minute), [], 'time went on')
  })

  it('is not that of who only follows another, nor this host’s own', async () => {
    const now = Date.now()
    assert.deepEqual(await listed([now + 60 * minute, 1], now), [])
    await here().replica.write(() => [{ kind: 'tenant', name: 'red' }])
    assert.deepEqual(
      conditionsJson(depsOf(here().replica), 0).filter(each => each.objects[0] === here().signer.key),
      [],
    )
  })

  it('can be put beyond any calendar by a hostile member, and is shown all the same', async () => {
    const [condition] = await listed([Number.MAX_SAFE_INTEGER, 0], Date.now())
    assert.match(condition?.text ?? '', /^the clock of host2 is \d+ minutes ahead/)
  })
})

describe('api: batches that their writer did not sign', () => {
  let peers: MemoryPeer[] = []
  afterEach(() => Promise.all(peers.map(peer => peer.stop())))

  it('are shown on the host that got them, with the neighbour that sent them and what to type', async () => {
    const hub = new MemoryHub()
    const first = await foundPeer(hub, 'host1')
    const second = await joinPeer(hub, 'host2', first)
    peers = [first, second]
    await first.replica.waitFor(view => view.members().length === 2, 5000)
    const from = second.signer.key
    const [head] = first.replica.vector().get(first.signer.key) ?? []
    const hand = new Hand({ key: first.signer.key, sign: second.signer.sign }, first.replica.view.meshId, head)
    first.mesh.hear(from, encode([hand.make([{ kind: 'tenant', name: 'evil' }]).bytes]))
    const listed = () => conditionsJson(depsOf(first.replica), Date.now())
    await eventually(() => listed().length > 0)
    const [condition, ...others] = listed()
    assert.deepEqual(others, [])
    assert.deepEqual([condition?.kind, condition?.scope, condition?.host], ['wrong-signature', 'host', 'host1'])
    assert.deepEqual(condition?.objects, [from])
    const key = from.slice(0, 12)
    assert.equal(
      condition?.text,
      `host2 (key ${key}) sent this host a batch that host1 did not sign: nothing of it takes effect`,
    )
    assert.match(condition?.remedy ?? '', new RegExp(`skein peer rm ${key}$`))
    assert.equal(first.replica.view.hasTenant('evil'), false)
    assert.deepEqual(conditionsJson(depsOf(second.replica), Date.now()), [])
  })
})

describe('api: a member that says something else of its records than it wrote', () => {
  it('is shown on the host that was told it, with who showed it and what to type', async () => {
    const hub = new MemoryHub()
    const mesh = await meshWithHostile(hub)
    try {
      const { hand, honest } = mesh
      const [told, other, third] = honest as [MemoryPeer, MemoryPeer, MemoryPeer]
      const batch = hand.make([{ kind: 'tenant', name: 'blue' }])
      const run = runOf([batch]) ?? assert.fail()
      const unit = makeUnit(run, [], hand.signer.sign(unitHeader(run, [])))
      hub.split([told.signer.key], [other.signer.key, third.signer.key])
      mesh.say([unit], [told])
      mesh.say([batch], [other, third])
      await eventually(() => honest.every(({ replica }) => replica.vector().get(hand.key)?.[0]?.hash === batch.hash))
      hub.heal()
      const listed = (peer: MemoryPeer) => conditionsJson(depsOf(peer.replica), Date.now())
      await eventually(async () => {
        await told.replica.syncNow(1000)
        return listed(told).length > 0
      })
      const [condition, ...others] = listed(told)
      assert.deepEqual(others, [])
      assert.deepEqual([condition?.kind, condition?.scope, condition?.host], ['records-contradicted', 'host', 'host1'])
      assert.deepEqual(condition?.objects, [hand.key])
      const key = hand.key.slice(0, 12)
      assert.match(
        condition?.text ?? '',
        new RegExp(`^host4 \\(key ${key}\\) said .* than it wrote, as host[23] showed: `),
      )
      assert.match(condition?.remedy ?? '', new RegExp(`skein peer rm ${key}$`))
      assert.ok(told.replica.view.hasTenant('blue'))
      assert.deepEqual(listed(other), [])
    } finally {
      await mesh.stop()
    }
  })
})

describe('api: hosts that cannot agree', () => {
  it('are shown with whose records differ and what to type; then it is whoever differs from most that joins again', async () => {
    const peer = await createTestPeer()
    try {
      const [other, writer] = [await peer.admit('host2'), await peer.admit('host3')]
      const sinceMs = Date.UTC(2026, 11, 4)
      const listed = (whose: string | undefined) => {
        const { replica } = peer.deps
        const differences = () => [{ peer: other, writer: whose, sinceMs }]
        return conditionsJson({ ...peer.deps, replica: { ...replica, differences } }, sinceMs)
      }
      const [condition, ...others] = listed(writer)
      assert.deepEqual(others, [])
      assert.deepEqual([condition?.kind, condition?.scope, condition?.host], ['hosts-differ', 'host', 'host1'])
      assert.deepEqual(condition?.objects, [other, writer])
      assert.equal(condition?.since, '2026-12-04T00:00:00.000Z')
      const key = writer.slice(0, 12)
      assert.match(
        condition?.text ?? '',
        new RegExp(`^host2 holds other records of host3 \\(key ${key}\\) than this host`),
      )
      assert.match(
        condition?.remedy ?? '',
        new RegExp(`^skein peer rm ${key}; then .*skein peer leave, then skein join`),
      )
      const [states] = listed(undefined)
      assert.match(states?.text ?? '', /^host2 holds the same records as this host and comes to another state/)
      assert.match(states?.remedy ?? '', /^skein peer rm KEY, whom writer-forked or records-contradicted names; then /)
      const [gone] = listed('ab'.repeat(32))
      assert.match(gone?.remedy ?? '', /^by the digest in skein status, /, 'who did it is no member any more')
    } finally {
      await peer.stop()
    }
  })
})

describe('api: a newcomer whose admission nobody acknowledges', () => {
  let peers: MemoryPeer[] = []
  afterEach(() => Promise.all(peers.map(peer => peer.stop())))

  it('is shown once it has waited for half a minute, with whom it waits for and what to type', async () => {
    const hub = new MemoryHub()
    const first = await foundPeer(hub, 'host1')
    const second = await joinPeer(hub, 'host2', first)
    peers = [first, second]
    const settled = (count: number) =>
      second.replica.waitFor(view => view.members().filter(member => member.settled).length === count, 5000)
    await settled(2)
    await first.stop()
    const third = await joinPeer(hub, 'host3', second)
    peers.push(third)
    const { view } = third.replica
    await third.replica.waitFor(() => (view.member(third.signer.key)?.waitingFor.length ?? 0) > 0, 5000)
    const list = (afterMs: number) => conditionsJson(depsOf(third.replica), Date.now() + afterMs)
    assert.deepEqual(list(0), [], 'most settle within seconds')
    const [condition, ...others] = list(minute)
    assert.deepEqual(others, [])
    assert.deepEqual([condition?.kind, condition?.scope], ['admission-waits', 'host'])
    assert.deepEqual(condition?.objects, [third.signer.key, first.signer.key])
    assert.equal(condition?.text, 'host3 owns no addresses yet: its admission waits for host1 (out of reach)')
    assert.match(condition?.remedy ?? '', /who will not come back: skein peer rm host1$/)
  })

  it('is to be typed with the key of who is called something that a shell would read', async () => {
    const hub = new MemoryHub()
    const first = await foundPeer(hub, 'x;reboot')
    const second = await joinPeer(hub, 'host2', first)
    peers = [first, second]
    await second.replica.waitFor(view => view.members().filter(({ settled }) => settled).length === 2, 5000)
    await first.stop()
    const third = await joinPeer(hub, 'host3', second)
    peers.push(third)
    const { view } = third.replica
    await third.replica.waitFor(() => (view.member(third.signer.key)?.waitingFor.length ?? 0) > 0, 5000)
    const [condition] = conditionsJson(depsOf(third.replica), Date.now() + minute)
    const [, typed] = condition?.remedy.split('who will not come back: ') ?? []
    assert.equal(typed, `skein peer rm ${first.signer.key.slice(0, 12)}`)
  })
})
