/** The search for a planted fault gives the same seed in every run, however its seeds are spread. */
import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import type { Planted } from './planted/planted.ts'
import { Search } from './planted/search.ts'
import type { SeedResult } from './run-seed.ts'

const bug: Planted = { what: 'a fault', parts: {}, breaks: /I1/, budget: 3 }

function ended(seed: number, invariant?: string): SeedResult {
  const failure = invariant === undefined ? undefined : { invariant, atMs: 0, report: '' }
  return { seed, kind: 'usual', hash: '', events: 0, virtualMs: 0, writes: 0, tally: {}, failure }
}

describe('simulator: search', () => {
  it('gives the lowest seed that shows the fault, whichever is done first, and hands out no more', async () => {
    const search = new Search(bug, 3)
    const tasks = search.tasks()
    assert.deepEqual(
      [tasks.next().value, tasks.next().value],
      [1, 2].map(seed => ({ bug: 'a fault', seed })),
    )
    search.add(ended(2, 'I1'))
    assert.equal(tasks.next().done, true)
    search.add(ended(1, 'I1'))
    assert.equal((await search.outcome)?.seed, 1)
  })

  it('finds nothing where its budget breaks nothing, or another invariant', async () => {
    const search = new Search(bug, 3)
    for (const { seed } of search.tasks()) search.add(ended(seed, seed === 2 ? 'I3' : undefined))
    assert.equal(await search.outcome, undefined)
  })
})
