/** A data directory is put back, or two machines run with one (R8). */
import assert from 'node:assert/strict'
import { errorText } from '../../../src/lib/errors.ts'
import { checkNaming } from '../checks/naming.ts'
import { copyOf, putBack, startClone } from '../faults/copies.ts'
import { dieHost, startHost } from '../lifecycle.ts'
import type { Parts } from '../parts.ts'
import { derivedRandom } from '../random.ts'
import { setStage } from '../stage.ts'
import { calm } from '../weather.ts'
import { addressesOf, assertNamed, keyOf, small } from './words.ts'

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
