import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'mocha'
import type { RegistryView } from '../../../src/crdt/registry-view.ts'
import { signerOf } from '../../../src/lib/keys.ts'
import { eventually } from '../../support/eventually.ts'
import { MemoryHub } from '../../support/memory-mesh.ts'
import { foundPeer, joinPeer, type MemoryPeer } from '../../support/memory-peer.ts'
import { seedAt } from './rig.ts'

const keyOf = (number: number) => signerOf(seedAt(number)).key
const guests = [5, 6, 7, 8]
const admitter = 9
const newcomer = 10
const site = [4, ...guests, admitter, newcomer]

/**
 * host4 is removed, and lets in guests that nobody of those sees who acknowledged that. Who was let in later does, until the removal is
 * decided, and lists them when it lets in another: they are nobody's members from then on, and never acknowledge.
 */
describe('replica: who is let in by a host that the removal of another did not ask (R4, R9)', () => {
  let hub: MemoryHub
  const peers = new Map<number, MemoryPeer>()
  const peer = (number: number) => peers.get(number) ?? assert.fail()
  const viewOf = (number: number) => peer(number).replica.view
  const until = (number: number, check: (view: RegistryView) => boolean) => peer(number).replica.waitFor(check, 5000)
  const isSettledOn = (number: number) => viewOf(number).member(keyOf(newcomer))?.settled

  async function join(number: number, via: number): Promise<void> {
    peers.set(number, await joinPeer(hub, `host${number}`, peer(via), seedAt(number)))
    await until(number, view => view.member(keyOf(number)) !== undefined)
  }

  function split(...groups: number[][]): void {
    hub.heal()
    hub.split(...groups.map(group => group.map(keyOf)))
  }

  async function stop(number: number): Promise<void> {
    await peer(number).stop()
    peers.delete(number)
  }

  /** Up to where host3 and host1 can decide the removal, and cannot know whom the others let in. */
  async function letIn(): Promise<void> {
    hub = new MemoryHub()
    peers.set(1, await foundPeer(hub, 'host1', seedAt(1)))
    for (const number of [2, 3, 4]) await join(number, 1)
    const areSettled = (view: RegistryView) => view.members().filter(({ settled }) => settled).length === 4
    await Promise.all([...peers.keys()].map(number => until(number, areSettled)))
    split([1, 2], [3], [4])
    await peer(1).removal.start([keyOf(4)], 0)
    await until(1, view => view.removals()[0]?.ackedBy.includes(keyOf(2)) === true)
    split([1], [2], [3], site)
    for (const guest of guests) await join(guest, 4)
    split([1], [3], [2, ...site])
    await until(2, view => view.held(keyOf(4)) === viewOf(4).held(keyOf(4)))
    await join(admitter, 2)
    await until(admitter, view => guests.every(guest => view.member(keyOf(guest))))
    await join(newcomer, admitter)
    await until(2, view => view.member(keyOf(newcomer)) !== undefined)
    for (const guest of guests) assert.equal(viewOf(2).member(keyOf(guest)), undefined, 'host2 has acknowledged')
  }

  /** @param lost who is heard of no more after that */
  async function decide(lost?: number): Promise<void> {
    split([1, 3], [2, ...site])
    await until(1, view => view.removals()[0]?.outcome === 'effective')
    for (const number of [1, newcomer]) assert.ok(!isSettledOn(number))
    for (const guest of guests) assert.ok(viewOf(newcomer).member(keyOf(newcomer))?.waitingFor.includes(keyOf(guest)))
    if (lost !== undefined) await stop(lost)
    hub.heal()
  }

  afterEach(async () => {
    for (const number of [...peers.keys()]) await stop(number)
  })

  it('is settled once that host says again, without the guests, that it lets it in', async () => {
    await letIn()
    await decide()
    await eventually(() => {
      for (const number of [1, 2, 3, admitter, newcomer]) assert.equal(isSettledOn(number), true, `on host${number}`)
      const digests = [1, 2, 3, admitter, newcomer].map(number => viewOf(number).digest())
      assert.equal(new Set(digests).size, 1)
    })
    for (const guest of guests) assert.equal(viewOf(newcomer).member(keyOf(guest)), undefined)
  })

  it('is settled, too, if that host does not come back: the others are more than half', async () => {
    await letIn()
    await stop(admitter)
    await decide()
    await eventually(() => assert.deepEqual([1, 2, 3, newcomer].map(isSettledOn), [true, true, true, true]))
  })

  it('waits where those who are left are half, without that host', async () => {
    await letIn()
    await stop(admitter)
    await decide(3)
    const ackersOn = (number: number) =>
      viewOf(number)
        .admissions()
        .find(({ key }) => key === keyOf(newcomer))
        ?.ackedBy.map(({ key }) => key) ?? []
    await eventually(() => [1, 2].every(number => ackersOn(newcomer).includes(keyOf(number))))
    assert.deepEqual([1, 2, newcomer].map(isSettledOn), [false, false, false])
    assert.ok(viewOf(newcomer).member(keyOf(newcomer))?.waitingFor.includes(keyOf(3)))
  })
})
