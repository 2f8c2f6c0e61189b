/**
 * Histories of joins, removals and copies that broke earlier designs, told step by step. Each throws when what it is about does not
 * hold; a planted fault is one that makes it throw.
 */
import assert from 'node:assert/strict'
import type { Network } from '../../src/crdt/registry-view.ts'
import { errorText } from '../../src/lib/errors.ts'
import type { PeerKey } from '../../src/lib/keys.ts'
import { formatIp } from '../../src/model/ip.ts'
import { checkNaming } from './checks/naming.ts'
import { rejoin } from './departures.ts'
import { containerDown } from './docker.ts'
import { copyOf, putBack, startClone } from './faults/copies.ts'
import { dieHost, loseForGood, startHost } from './lifecycle.ts'
import { removeTheLost } from './losses.ts'
import type { Parts } from './parts.ts'
import { derivedRandom } from './random.ts'
import { type Stage, setStage } from './stage.ts'
import { calm } from './weather.ts'

const small = '10.1.2.0/28'

const keyOf = (stage: Stage, number: number): PeerKey => stage.host(number).signer.key
const effective = (stage: Stage, number: number) =>
  stage
    .peer(number)
    .replica.view.removals()
    .filter(({ outcome }) => outcome === 'effective')

/** Takes addresses until there are none, at most so many; gives them. */
async function takeAll(stage: Stage, number: number, network: Network, most = 300): Promise<number[]> {
  const taken: number[] = []
  while (taken.length < most) {
    const ip = await stage.take(number, network)
    if (ip === undefined) return taken
    taken.push(ip)
  }
  return taken
}

/** Starts containers until there is no address for one. */
async function runAll(stage: Stage, number: number, network: Network): Promise<void> {
  const { containers } = stage.host(number)
  for (let before = -1; before < containers.size; ) {
    before = containers.size
    await stage.run(number, network)
  }
}

/** H9: one true assertion, and a host that joined through the dead one unseen. */
export async function joinedThroughTheDead(parts: Parts): Promise<void> {
  const stage = await setStage(4, 1, parts)
  const network = await stage.create(1, 'web', small)
  await stage.heal()
  stage.world.addHost()
  stage.split([1, 2, 3], [4, 5])
  await stage.pass(100)
  await stage.finish(startHost(stage.world, stage.host(5)))
  await stage.pass(2000)
  const atTheSite = await takeAll(stage, 5, network)
  loseForGood(stage.world, stage.host(4))
  await stage.pass(5000)
  stage.world.promises.doubt([keyOf(stage, 4)])
  await stage.finish(stage.peer(1).removal.start([keyOf(stage, 4)], 1))
  await stage.pass(3000)
  assert.equal(effective(stage, 2).length, 1, 'the removal is effective')
  await stage.pass(31_000) // it lets what it has inherited cool down (R7)
  // the heir hands out all that it has; `given` of the checks finds what is given twice
  const atHome = await takeAll(stage, 1, network)
  assert.ok(atHome.length > 0)
  atTheSite.push(...(await takeAll(stage, 5, network)))
  assert.deepEqual(
    atTheSite.filter(ip => atHome.includes(ip)),
    [],
  )
  assert.deepEqual(atTheSite, [], 'whoever is pending owns nothing')
}

/** H10: both sides of a split remove the other; one side lets hosts in to be more. */
export async function removalFromBothSides(parts: Parts): Promise<void> {
  const stage = await setStage(5, 1, parts)
  for (let i = 0; i < 3; i++) stage.world.addHost()
  stage.split([1, 2, 3], [4, 5, 6, 7, 8])
  await stage.pass(100)
  for (const number of [6, 7, 8]) await stage.finish(startHost(stage.world, stage.host(number)))
  await stage.pass(3000)
  stage.world.promises.doubt([1, 2, 3, 4, 5].map(number => keyOf(stage, number)))
  const [left, right] = [[1, 2, 3].map(n => keyOf(stage, n)), [4, 5].map(n => keyOf(stage, n))]
  const tried = await Promise.all([
    stage.finish(stage.peer(1).removal.start(right, 0)).then(() => 'left', errorText),
    stage.finish(stage.peer(4).removal.start(left, 0)).then(() => 'right', errorText),
  ])
  await stage.pass(20_000)
  const sides = [1, 4].filter(number => effective(stage, number).length > 0)
  assert.ok(sides.length <= 1, `both are effective: ${tried.join('; ')}`)
  stage.world.network.links.mendAll()
  await stage.pass(20_000)
  const dots = new Set(
    stage.world.hosts.flatMap(({ peer }) =>
      (peer?.replica.view.removals() ?? [])
        .filter(({ outcome }) => outcome === 'effective')
        .map(({ dot }) => dot.writer),
    ),
  )
  assert.ok(dots.size <= 1, 'after the heal at most one of them is effective anywhere')
}

/** H11: two hosts, each of which removes the other: no protocol can decide that, so it has to be spelled out. */
export async function eachOfTwo(parts: Parts): Promise<void> {
  const stage = await setStage(2, 1, parts)
  stage.split([1], [2])
  await stage.pass(10_000)
  for (const [self, other] of [[1, 2] as const, [2, 1] as const]) {
    for (const assertion of [0, 1] as const) {
      const start = stage.finish(stage.peer(self).removal.start([keyOf(stage, other)], assertion))
      await assert.rejects(start, /1 of 2 hosts are no majority, .*--and-who-joined-through-it/)
    }
  }
  await stage.heal()
  assert.equal(stage.peer(1).replica.view.removals().length, 0)
}

/** Every address that the host runs containers with is named in a condition, on all the others. */
function assertNamed(stage: Stage, numbers: readonly number[], ips: readonly number[]): void {
  for (const number of numbers) {
    const texts = stage
      .peer(number)
      .replica.view.conditions()
      .map(({ text }) => text)
      .join('\n')
    for (const ip of ips) assert.ok(texts.includes(`${formatIp(ip)} `), `${formatIp(ip)} is not named on host${number}`)
  }
}

function addressesOf(stage: Stage, number: number): number[] {
  return [...stage.host(number).containers.values()].map(container => container.ip)
}

/** H14: a host whose data directory of last week is put back, cut off, hands out of a block that it has given away since. */
export async function lastWeeksDirectory(parts: Parts): Promise<void> {
  const stage = await setStage(3, 1, parts)
  const network = await stage.create(1, 'web', small)
  await stage.heal()
  await stage.pass(1000)
  const copy = copyOf(stage.host(2))
  // 3 uses up its own, and gets what 2 has to give
  for (let i = 0; i < 9; i++) await stage.run(3, network)
  await stage.heal()
  const { view } = stage.peer(3).replica
  const given = Array.from({ length: view.blockCount(network.id) }, (_, index) => view.transfers(network.id, index))
  assert.ok(given.flat().some(({ from }) => from === copy.signer.key))
  dieHost(stage.world, stage.host(2), 'power')
  putBack(stage.world, stage.host(2), copy, derivedRandom(1, 'told'), 'is lost')
  stage.split([1, 3], [2])
  await stage.finish(startHost(stage.world, stage.host(2)))
  for (let i = 0; i < 6; i++) await stage.run(2, network)
  const handedOut = addressesOf(stage, 2)
  assert.ok(handedOut.length > 0, 'cut off, nobody can tell it')
  await stage.heal()
  assert.equal(await stage.take(2, network), undefined, 'after its first contact it hands out nothing')
  assert.match(errorText(stage.peer(2).replica.fenced), /data directory is older .*skein peer rejoin/)
  assertNamed(stage, [1, 2, 3], handedOut)
}

/** H15: a copy of a running host's data directory, started on the other side of a split. */
export async function cloneOnTheOtherSide(parts: Parts): Promise<void> {
  const stage = await setStage(3, 1, parts)
  const network = await stage.create(1, 'web', small)
  await stage.heal()
  const copy = copyOf(stage.host(2))
  startClone(stage.world, stage.host(2), copy, derivedRandom(1, 'told'))
  stage.split([1, 2], [3, 4])
  await stage.pass(8000)
  for (const number of [2, 4]) for (let i = 0; i < 3; i++) await stage.run(number, network)
  const handedOut = [...addressesOf(stage, 2), ...addressesOf(stage, 4)]
  assert.ok(addressesOf(stage, 2).length > 0 && addressesOf(stage, 4).length > 0)
  await stage.heal()
  for (const number of [2, 4]) assert.equal(await stage.take(number, network), undefined)
  assertNamed(stage, [1, 3], handedOut)
}

/**
 * R8: a copy starts cut off from everybody and hands out addresses; its original stays connected all the time. When the copy meets others, these
 * have a connection with its key: they learn of what it wrote all the same.
 */
export async function cloneCutOffFromAll(parts: Parts): Promise<void> {
  const stage = await setStage(3, 1, parts)
  const network = await stage.create(1, 'web', small)
  await stage.heal()
  startClone(stage.world, stage.host(2), copyOf(stage.host(2)), derivedRandom(1, 'told'))
  stage.split([1, 2, 3], [4])
  await stage.pass(8000)
  for (const number of [2, 4]) for (let i = 0; i < 2; i++) await stage.run(number, network)
  const handedOut = [...addressesOf(stage, 2), ...addressesOf(stage, 4)]
  assert.ok(addressesOf(stage, 2).length > 0 && addressesOf(stage, 4).length > 0)
  stage.world.network.links.mendAll()
  await stage.pass(6000)
  for (const number of [2, 4]) {
    assert.notEqual(stage.peer(number).replica.fenced, undefined, `host${number} is fenced within seconds`)
    assert.equal(await stage.take(number, network), undefined)
  }
  assertNamed(stage, [1, 2, 3, 4], handedOut)
  const [first, ...others] = [1, 2, 3, 4].map(number => stage.peer(number).replica.view.conditions())
  for (const other of others) assert.deepEqual(other, first)
  await stage.heal()
}

/** R5: the heir of a removed host owns its addresses; those that its containers have, who run on under its new key, are not free. */
export async function removedAndBack(parts: Parts): Promise<void> {
  const stage = await setStage(3, 1, parts)
  const network = await stage.create(1, 'web', small)
  await stage.heal()
  for (let i = 0; i < 2; i++) await stage.run(3, network)
  const running = addressesOf(stage, 3)
  assert.equal(running.length, 2)
  await stage.heal()
  stage.split([1, 2], [3])
  await stage.pass(1000)
  stage.world.promises.doubt([keyOf(stage, 3)])
  const former = keyOf(stage, 3)
  await stage.finish(stage.peer(1).removal.start([former], 0))
  await stage.pass(3000)
  const [removal] = effective(stage, 2)
  assert.ok(removal)
  stage.world.network.links.mendAll()
  await stage.pass(5000)
  assert.match(errorText(stage.peer(3).replica.fenced), /was removed from its mesh/)
  assert.equal(await stage.take(3, network), undefined)
  await stage.finish(rejoin(stage.world, stage.host(3)))
  await stage.heal()
  assert.deepEqual(addressesOf(stage, 3), running)
  // whoever is back under a new key says itself that the former one is off (R9 g)
  const said = stage.peer(1).replica.view.removals()
  assert.deepEqual(
    said.map(({ dot, assertedAt }) => [dot, assertedAt !== undefined]),
    [[removal.dot, true]],
  )
  await stage.pass(31_000) // its heir lets the others cool down (R7)
  const taken = [...(await takeAll(stage, 1, network)), ...(await takeAll(stage, 2, network))]
  assert.deepEqual(
    taken.filter(ip => running.includes(ip)),
    [],
  )
  assert.equal(taken.length, 14 - running.length, 'all the others are free')
}

/**
 * R7: the heir of a removed host hears of nothing that this freed above its cut, nor that it frees under its new key: for 30 s it hands none of
 * that out, and `given` of the checks finds what comes too early.
 */
export async function freedBeforeTheHeir(parts: Parts): Promise<void> {
  const stage = await setStage(3, 1, parts)
  const network = await stage.create(1, 'web', small)
  await stage.heal()
  for (let i = 0; i < 3; i++) await stage.run(3, network)
  const [early, late] = [...stage.host(3).containers.values()]
  assert.ok(early && late)
  await stage.heal()
  stage.split([1, 2], [3])
  await stage.pass(1000)
  stage.world.promises.doubt([keyOf(stage, 3)])
  await stage.finish(stage.peer(1).removal.start([keyOf(stage, 3)], 0))
  await stage.pass(3000)
  await stage.finish(containerDown(stage.world, stage.host(3), early))
  stage.world.network.links.mendAll()
  await stage.pass(3000)
  await stage.finish(rejoin(stage.world, stage.host(3)))
  await stage.heal()
  await stage.pass(1000)
  const said = stage.peer(1).replica.view.removals()
  assert.ok(said.every(({ assertedAt }) => assertedAt !== undefined))
  const heir = said[0]?.targets[0]?.heir === keyOf(stage, 1) ? 1 : 2
  await runAll(stage, heir, network)
  assert.ok(!addressesOf(stage, heir).includes(early.ip), `${formatIp(early.ip)} is handed out by the heir at once`)
  await stage.pass(31_000)
  await runAll(stage, heir, network)
  assert.ok(addressesOf(stage, heir).includes(early.ip), `${formatIp(early.ip)} has cooled down`)
  await stage.finish(containerDown(stage.world, stage.host(3), late))
  await stage.pass(2000)
  await runAll(stage, heir, network)
  assert.ok(!addressesOf(stage, heir).includes(late.ip), `${formatIp(late.ip)} is handed out by the heir at once`)
  await stage.pass(31_000)
  await runAll(stage, heir, network)
  assert.ok(addressesOf(stage, heir).includes(late.ip), `${formatIp(late.ip)} has cooled down`)
}

/**
 * R8: a copy that runs beside its original and answers the same records at the same hybrid time writes the same, byte for byte:
 * one history, which nobody can tell from one host's. What one of them writes next tells the other that it is a copy.
 */
export async function copyThatWritesTheSame(parts: Parts): Promise<void> {
  const stage = await setStage(4, 1, parts)
  const network = await stage.create(1, 'web', small)
  await stage.heal()
  startClone(stage.world, stage.host(4), copyOf(stage.host(4)), derivedRandom(1, 'told'))
  // the original is connected with 1 alone, its copy with 2 alone
  for (const [a, b] of [
    [1, 5],
    [2, 4],
    [3, 4],
    [3, 5],
    [4, 5],
  ] as const) {
    const [one, other] = [stage.host(a).name, stage.host(b).name]
    stage.world.network.cut([
      [one, other],
      [other, one],
    ])
  }
  await stage.pass(8000)
  // both hear of it before either has answered; and whoever follows a clock that is ahead has no time of its own in what it writes
  stage.world.network.weather = { ...calm, relay: 1 }
  stage.host(1).skewMs = 3_600_000
  stage.world.promises.doubt([keyOf(stage, 3)])
  await stage.finish(stage.peer(1).removal.start([keyOf(stage, 3)], 0))
  dieHost(stage.world, stage.host(3), 'kill')
  await stage.pass(8000)
  const newest = [4, 5].map(number => stage.peer(number).replica.vector().get(keyOf(stage, 4)))
  assert.equal(newest[0]?.length, 1)
  assert.deepEqual(newest[1], newest[0])
  for (const number of [4, 5]) assert.equal(stage.peer(number).replica.fenced, undefined, 'both acknowledged it')
  checkNaming(stage.world)
  assert.equal(stage.world.failure, undefined)
  await stage.run(5, network)
  await stage.pass(8000)
  assert.notEqual(stage.peer(4).replica.fenced, undefined, 'the other has written more under its key')
  checkNaming(stage.world)
  assert.equal(stage.world.failure, undefined)
}

/** R4, R9: who is lost may be half of the members after a removal: a newcomer waits, is told for whom, until an operator spells it out. */
export async function lostHalf(parts: Parts): Promise<void> {
  const stage = await setStage(3, 1, parts)
  stage.world.promises.doubt([keyOf(stage, 2)])
  await stage.finish(stage.peer(3).removal.start([keyOf(stage, 2)], 0))
  await stage.pass(3000)
  assert.equal(effective(stage, 1).length, 1)
  dieHost(stage.world, stage.host(2), 'kill')
  loseForGood(stage.world, stage.host(3))
  await stage.join()
  await stage.pass(60_000)
  const newcomer = () => stage.peer(1).replica.view.member(keyOf(stage, 4))
  assert.deepEqual([newcomer()?.settled, newcomer()?.waitingFor], [false, [keyOf(stage, 3)]])
  const once = stage.finish(stage.peer(1).removal.start([keyOf(stage, 3)], 1))
  await assert.rejects(once, /1 of 2 hosts are no majority, .*--and-who-joined-through-it/)
  await stage.finish(removeTheLost(stage.world))
  await stage.heal()
  assert.equal(newcomer()?.settled, true)
}
