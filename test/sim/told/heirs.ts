/** What the heir of a removed host may hand out, and when. */
import assert from 'node:assert/strict'
import { errorText } from '../../../src/lib/errors.ts'
import { formatIp } from '../../../src/model/ip.ts'
import { rejoin } from '../departures.ts'
import { containerDown } from '../docker.ts'
import type { Parts } from '../parts.ts'
import { setStage } from '../stage.ts'
import { addressesOf, effective, keyOf, runAll, small, takeAll } from './words.ts'

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
