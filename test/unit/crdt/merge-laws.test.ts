import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, it } from 'mocha'
import type { Registry } from '../../../src/crdt/registry.ts'
import { sceneOf } from './arbitrary/scene.ts'
import { interleave } from './random-history.ts'
import { viewJson } from './view-json.ts'
import { registryOf, type Writer } from './writer.ts'

const choices = fc.array(fc.nat(20), { minLength: 1, maxLength: 30 })
const scene = sceneOf()
/** One of each kind: whatever a kind meets. */
const oneOfEach = fc.tuple(...scene.leaves.values())
const hlc = fc.tuple(fc.integer({ min: 900, max: 1400 }), fc.nat(2))

/** Everything that can be asked, and the digest. */
function stateOf(registry: Registry): string {
  return `${registry.digest()} ${viewJson(registry)}`
}

/** Registries of the same records, which came in other orders and more than once. */
function merged(writers: readonly Writer[], orders: readonly (readonly number[])[]): string[] {
  const chains = writers.map(writer => writer.batches)
  const inOrder = chains.flat()
  const late = [...chains].reverse().flat()
  return [inOrder, late, ...orders.map(order => interleave(chains, order))].map(batches =>
    stateOf(registryOf(scene.meshId, batches)),
  )
}

// Whatever valid value two members write at once: nothing throws, and it does not matter who hears of what first, nor how often.
describe('crdt: laws of merging, for each kind of record (I2)', function () {
  this.timeout(60_000)
  for (const [kind, leaf] of scene.leaves) {
    it(`any ${kind} merges with any other, and with one of every other kind`, () => {
      const written = fc.tuple(fc.array(leaf, { minLength: 1, maxLength: 3 }), hlc)
      fc.assert(
        fc.property(written, written, oneOfEach, choices, choices, (one, two, others, first, second) => {
          const writers = scene.writers()
          const [a, b, c] = writers as [Writer, Writer, Writer]
          a.write(...one)
          b.write(...two)
          // in three batches, so that something may come between
          for (const rest of [0, 1, 2]) c.write(others.filter((_, i) => i % 3 === rest))
          const [whole, ...rest] = merged(writers, [first, second])
          for (const state of rest) assert.equal(state, whole)
        }),
        { numRuns: 8 },
      )
    })
  }
})
