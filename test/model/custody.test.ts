import assert from 'node:assert/strict'
import { counterexamples, small } from './cases.ts'
import { custodyModel } from './custody-model.ts'
import { explore } from './explore.ts'
import { allRules } from './rules.ts'
import { unsteady } from './view.ts'

describe('I1 in every history of block ownership and membership', () => {
  for (const { name, why, off, bounds, length } of counterexamples) {
    it(`breaks if ${why} (${name})`, () => {
      const { violation } = explore(custodyModel({ ...allRules, ...off }, bounds))
      assert.ok(violation, 'the search found nothing: it would not find this fault in the rules either')
      assert.equal(violation.history.length, length, violation.history.join('\n'))
    }).timeout(120_000)
  }

  for (const { name, bounds } of small) {
    it(`holds with all rules: ${name}, ≤ ${bounds.records} records`, () => {
      const before = unsteady.count
      const { violation, exhausted } = explore(custodyModel(allRules, bounds))
      assert.deepEqual(violation, undefined)
      assert.ok(exhausted)
      assert.equal(unsteady.count, before, 'in some view the outcomes of removals have no one answer')
    }).timeout(120_000)
  }
})
