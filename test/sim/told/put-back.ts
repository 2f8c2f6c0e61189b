/** Data directories that are put back to before they let somebody in, without the notes beside them: strangers know them best (R8). */
import assert from 'node:assert/strict'
import { errorText } from '../../../src/lib/errors.ts'
import { checkNaming } from '../checks/naming.ts'
import { copyOf, putBack } from '../faults/copies.ts'
import { dieHost, startHost } from '../lifecycle.ts'
import type { Parts } from '../parts.ts'
import { derivedRandom } from '../random.ts'
import { type Stage, setStage } from '../stage.ts'
import { keyOf, small } from './words.ts'

/** Two hosts of three are put back to before the third was let in: they are connected with each other, and neither knows who can tell them. */
export async function twoBeforeTheThird(parts: Parts): Promise<void> {
  const stage = await setStage(2, 1, parts)
  const network = await stage.create(1, 'web', small)
  await stage.heal()
  const copies = [1, 2].map(number => copyOf(stage.host(number)))
  await stage.join()
  await stage.heal()
  for (const number of [1, 2, 3]) await stage.run(number, network)
  await stage.heal()
  for (const number of [1, 2]) lose(stage, number)
  copies.forEach((copy, i) => {
    putBack(stage.world, stage.host(i + 1), copy, derivedRandom(1, 'told'), 'is lost')
  })
  stage.split([1, 2], [3])
  for (const number of [1, 2]) await stage.finish(startHost(stage.world, stage.host(number)))
  await stage.pass(8000)
  for (const number of [1, 2]) assert.equal(stage.peer(number).replica.fenced, undefined, 'cut off, nobody can tell it')
  stage.world.network.links.mendAll()
  await stage.pass(8000)
  for (const number of [1, 2]) {
    assert.match(errorText(stage.peer(number).replica.fenced), /data directory is older/)
    assert.equal(await stage.take(number, network), undefined)
    assert.notEqual(stage.peer(number).replica.view.member(keyOf(stage, 3)), undefined, 'it knows again whom it let in')
  }
  checkNaming(stage.world)
  assert.equal(stage.world.failure, undefined)
}

/** A founder that is put back to before it knew anybody lets somebody in before it is told: the others get to know that host, and it them. */
export async function letInByAnOldCopy(parts: Parts): Promise<void> {
  const stage = await setStage(1, 1, parts)
  const copy = copyOf(stage.host(1))
  await stage.join()
  await stage.heal()
  for (const number of [1, 2]) lose(stage, number)
  putBack(stage.world, stage.host(1), copy, derivedRandom(1, 'told'), 'is lost')
  await stage.finish(startHost(stage.world, stage.host(1)))
  await stage.join()
  await stage.pass(8000)
  assert.equal(stage.peer(1).replica.view.members().length, 2, 'it let that host in')
  await stage.finish(startHost(stage.world, stage.host(2)))
  await stage.heal()
  await stage.pass(8000)
  for (const number of [1, 2, 3]) assert.equal(stage.peer(number).replica.view.members().length, 3, `on host${number}`)
}

function lose(stage: Stage, number: number): void {
  dieHost(stage.world, stage.host(number), 'power')
}
