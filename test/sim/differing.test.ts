/** Hosts that say that they cannot agree: what is a violation, and what operators do about it; told step by step. */
import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import type { PeerKey } from '../../src/lib/keys.ts'
import { checkEqualVectors } from './checks/convergence.ts'
import { joinAgainAtRest } from './differing.ts'
import { copyOf, startClone } from './faults/copies.ts'
import { derivedRandom } from './random.ts'
import { keyOf, type Stage, setStage } from './stage.ts'

/** The host says so of itself and that key. */
function differs(stage: Stage, number: number, peer: PeerKey): void {
  const host = stage.host(number)
  const running = stage.peer(number)
  const replica = new Proxy(running.replica, {
    get(target, property) {
      if (property === 'differences') return () => [{ peer, writer: peer, sinceMs: 0 }]
      const value = Reflect.get(target, property, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  host.peer = { ...running, replica }
}

/** Host 3 is a copy of host 2, and both have been found out. */
async function withCopy(): Promise<Stage> {
  const stage = await setStage(2)
  const copy = copyOf(stage.host(2))
  await stage.create(2, 'web')
  startClone(stage.world, stage.host(2), copy, derivedRandom(1, 'told'))
  stage.split([1, 2], [3])
  await stage.pass(5000)
  await stage.create(3, 'db', '10.1.3.0/24')
  await stage.heal()
  return stage
}

describe('simulator: hosts that cannot agree', function () {
  this.timeout(30_000)

  it('break I2 where no key was copied: nobody lies in these histories', async () => {
    const { world, ...stage } = await setStage(2)
    differs({ world, ...stage }, 1, stage.host(2).signer.key)
    await checkEqualVectors(world)
    assert.match(String(world.failure), /host1 says that it and [0-9a-f]{8} cannot agree/)
  })

  it('do not where one of the two is of a copied key: the machines that are fenced join again, and nobody else', async () => {
    const stage = await withCopy()
    const { world } = stage
    const key = keyOf(stage, 2)
    assert.deepEqual(
      [1, 2, 3].map(number => stage.peer(number).replica.fenced !== undefined),
      [false, true, true],
    )
    differs(stage, 1, key)
    await checkEqualVectors(world)
    assert.equal(world.failure, undefined)
    const founder = keyOf(stage, 1)
    joinAgainAtRest(world)
    await stage.pass(20_000)
    assert.equal(keyOf(stage, 1), founder)
    assert.equal(new Set([1, 2, 3].map(number => keyOf(stage, number)).concat(key)).size, 4, 'both have new keys')
    await stage.heal()
    assert.equal(world.failure, undefined)
  })

  it('wait for somebody who may invite them', async () => {
    const stage = await withCopy()
    const founder = stage.host(1)
    founder.ready = false
    joinAgainAtRest(stage.world)
    await stage.pass(1000)
    assert.equal(stage.host(2).abandoned.length, 0)
    founder.ready = true
    joinAgainAtRest(stage.world)
    await stage.pass(1000)
    assert.equal(stage.host(2).abandoned.length, 1)
  })
})
