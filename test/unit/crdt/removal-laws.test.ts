import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, it } from 'mocha'
import { Registry } from '../../../src/crdt/registry.ts'
import type { RegistryView } from '../../../src/crdt/registry-view.ts'
import { dotText } from '../../../src/crdt/vector.ts'
import { verifySignature } from '../../../src/lib/keys.ts'
import { interleave } from './random-history.ts'
import { type Play, playRemovals, removalSteps, tenantOf } from './random-removals.ts'
import { viewJson } from './view-json.ts'
import { registryOf } from './writer.ts'

const choices = fc.array(fc.nat(20), { minLength: 1, maxLength: 30 })
const runs = { numRuns: 50 }

/** All that a view says, with what became of the removals. */
function everything(view: RegistryView, { network, keys }: Play): string {
  return viewJson(view, [network]) + JSON.stringify([view.removals(), keys.map(key => view.successor(key))])
}

/** Nothing counts of who is gone that lies above its cut. */
function assertLimited(view: RegistryView, { network, chains }: Play): void {
  const cuts = new Map<string, number>()
  for (const { outcome, targets, cut = [] } of view.removals()) {
    if (outcome === 'effective')
      for (const [i, { key }] of targets.entries()) if (!cuts.has(key)) cuts.set(key, cut[i] ?? 0)
  }
  for (const [key, cut] of cuts) {
    assert.equal(view.member(key), undefined)
    for (
      let counter = cut + 1;
      counter <=
      (chains
        .flat()
        .filter(batch => batch.writer === key)
        .at(-1)?.last ?? 0);
      counter++
    ) {
      assert.ok(!view.hasTenant(tenantOf(key, counter)), `${key.slice(0, 6)}: ${counter} is above ${cut}`)
    }
    for (let index = 0; index < view.blockCount(network); index++) {
      const late = view.transfers(network, index).find(step => step.from === key && step.counter > cut)
      assert.equal(late, undefined, 'a step above the cut')
      const { owner, quarantined } = view.block(network, index) ?? assert.fail()
      assert.ok(quarantined || !cuts.has(owner), 'what may be used belongs to a member')
    }
  }
}

describe('crdt: laws of removal (R9, I2, I3)', function () {
  this.timeout(60_000)
  for (const withFaults of [false, true]) {
    const whose = withFaults ? ', also of hosts that keep no rule' : ''

    it(`gives one state for one set of records, in any order, any number of times${whose}`, () => {
      let effective = 0
      fc.assert(
        fc.property(removalSteps, choices, fc.nat(4), (list, order, self) => {
          const play = playRemovals(list, withFaults)
          const { world, chains, keys } = play
          const whole = registryOf(world.meshId, chains.flat())
          effective += whole.removals().filter(({ outcome }) => outcome === 'effective').length
          const other = registryOf(world.meshId, interleave(chains, order))
          assert.equal(other.digest(), whole.digest())
          assert.equal(everything(other, play), everything(whole, play))
          // a host's own promises hide things from itself alone: same for the host in any order, same digest for all
          const key = keys[self] ?? assert.fail()
          const [mine, again] = [[...chains].reverse().flat(), interleave(chains, order)].map(batches => {
            const registry = new Registry(world.meshId, verifySignature, { self: key })
            for (const batch of batches) registry.apply(batch)
            return registry
          })
          assert.ok(mine && again)
          assert.equal(everything(mine, play), everything(again, play))
          assert.deepEqual([mine.digest(), again.digest()], [whole.digest(), whole.digest()])
        }),
        runs,
      )
      assert.ok(effective > 0, 'some removal became effective')
    })

    it(`shows at each step what a registry built at once shows, and nothing above a cut${whose}`, () => {
      fc.assert(
        fc.property(removalSteps, choices, (list, order) => {
          const play = playRemovals(list, withFaults)
          const { world, chains } = play
          const registry = new Registry(world.meshId, verifySignature)
          const batches = interleave(chains, order)
          const isChecked = (at: number) => at % 5 === 0 || at === batches.length - 1
          for (const [at, batch] of batches.entries()) {
            registry.apply(batch)
            assertLimited(registry, play)
            if (!isChecked(at)) continue
            const fresh = registryOf(world.meshId, batches.slice(0, at + 1))
            assert.equal(registry.digest(), fresh.digest())
            assert.equal(everything(registry, play), everything(fresh, play))
          }
        }),
        { numRuns: 25 },
      )
    })
  }

  it('decides each removal once, for every member that keeps its promises, whatever arrives afterwards', () => {
    fc.assert(
      fc.property(removalSteps, list => {
        const decided = new Map<string, string>()
        playRemovals(list, false, ({ view, writer }) => {
          if (!view.member(writer.key)) return
          for (const { dot, outcome } of view.removals()) {
            const name = `${dotText(dot)} as ${writer.key} has it`
            const before = decided.get(name)
            if (before !== undefined) assert.equal(outcome, before, name)
            if (outcome !== 'undecided') decided.set(name, outcome)
          }
        })
      }),
      { numRuns: 200 },
    )
  })
})
