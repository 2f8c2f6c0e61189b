import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, it } from 'mocha'
import type { Batch } from '../../../src/crdt/batch.ts'
import { Registry } from '../../../src/crdt/registry.ts'
import { verifySignature } from '../../../src/lib/keys.ts'
import { historyOf, interleave, steps } from './random-history.ts'
import { viewJson } from './view-json.ts'
import { registryOf } from './writer.ts'

const choices = fc.array(fc.nat(20), { minLength: 1, maxLength: 30 })

describe('crdt: laws of the registry (I2)', function () {
  this.timeout(60_000)
  it('gives one state for one set of batches, in any order across writers, any number of times', () => {
    fc.assert(
      fc.property(steps, choices, choices, (list, first, second) => {
        const { world, chains } = historyOf(list)
        const [a, b] = [first, second].map(order => registryOf(world.meshId, interleave(chains, order)))
        const whole = registryOf(world.meshId, [...chains].reverse().flat())
        const ids = (whole as Registry).networks().map(network => network.id)
        assert.equal(a?.digest(), whole.digest())
        assert.equal(b?.digest(), whole.digest())
        assert.equal(viewJson(a as Registry, ids), viewJson(whole, ids))
        assert.equal(viewJson(b as Registry, ids), viewJson(whole, ids))
      }),
      { numRuns: 120 },
    )
  })

  it('shows the same whether it was asked in between or not', () => {
    fc.assert(
      fc.property(steps, choices, (list, order) => {
        const { world, chains } = historyOf(list)
        const batches = interleave(chains, order)
        const asked = new Registry(world.meshId, verifySignature)
        for (const batch of batches) {
          asked.apply(batch)
          viewJson(asked)
        }
        assert.equal(viewJson(asked), viewJson(registryOf(world.meshId, batches)))
      }),
      { numRuns: 40 },
    )
  })

  it('never takes a settled member, a generation or a deletion back', () => {
    fc.assert(
      fc.property(steps, choices, (list, order) => {
        const { world, chains } = historyOf(list)
        const registry = new Registry(world.meshId, verifySignature)
        let settled = 0
        let generation = 0
        for (const batch of interleave(chains, order)) {
          registry.apply(batch)
          const now = registry.members().filter(member => member.settled).length
          const next = registry.nextGeneration('default', 'web')
          assert.ok(now >= settled && next >= generation)
          settled = now
          generation = next
        }
        assert.equal(settled, 3)
      }),
      { numRuns: 40 },
    )
  })

  it('joins: what two peers hold together does not depend on who tells whom', () => {
    fc.assert(
      fc.property(steps, fc.array(fc.nat(30), { minLength: 3, maxLength: 3 }), (list, cuts) => {
        const { world, chains } = historyOf(list)
        const left = chains.map((chain, i) => chain.slice(0, cuts[i] ?? 0))
        const right = chains.map((chain, i) => chain.slice(0, (cuts[(i + 1) % 3] ?? 0) * 2))
        const union = (x: Batch[][], y: Batch[][]) => registryOf(world.meshId, [...x.flat(), ...y.flat()])
        assert.equal(union(left, right).digest(), union(right, left).digest())
        assert.equal(viewJson(union(left, right)), viewJson(union(right, left)))
        const once = union(left, [])
        for (const batch of left.flat()) once.apply(batch)
        assert.equal(once.digest(), union(left, []).digest())
      }),
      { numRuns: 40 },
    )
  })
})
