import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import { amendmentOf } from '../../../src/lib/order.ts'
import { type BookRule, compareBookRules, Marks } from '../../../src/policy/index.ts'

const rule = (priority: number, id: number, action: 'allow' | 'deny' = 'deny') =>
  ({ rank: 2 * (100 - priority) + (action === 'allow' ? 1 : 0), id: String(id), policy: 'p', hash: 'h' }) as BookRule

/** Those of these rules and no others. */
const marksOf = (rules: readonly BookRule[], before: Marks) => before.amended(amendmentOf(before.rules, rules)).marks

/** The marks rise as rules win, and say their verdict. */
function assertGood(marks: Marks, rules: readonly BookRule[]): void {
  assert.equal(marks.rules.length, rules.length)
  const ordered = [...rules].sort(compareBookRules).map(each => marks.get(each) ?? -1)
  assert.deepEqual(
    ordered,
    [...new Set(ordered)].sort((a, b) => a - b),
  )
  for (const each of rules) assert.equal((marks.get(each) ?? 0) & 1, each.rank & 1)
  assert.ok((ordered[0] ?? 0) > 1 && (ordered.at(-1) ?? 0) < 0xffff_ffff)
}

describe('policy: marks', () => {
  it('rise as rules win, and stay while others come and go', () => {
    const rules = Array.from({ length: 100 }, (_, at) => rule(1 + (at % 7), at, at % 2 ? 'allow' : 'deny'))
    const before = marksOf(rules, Marks.none)
    assertGood(before, rules)
    const more = [...rules.slice(10), ...Array.from({ length: 50 }, (_, at) => rule(1 + (at % 9), 1_000 + at))]
    const after = marksOf(more, before)
    assertGood(after, more)
    for (const each of rules.slice(10)) assert.equal(after.get(each), before.get(each))
  })

  it('are good whenever thousands come one by one, in order or always at the same place', () => {
    for (const next of [
      (at: number) => rule(1, at),
      (at: number) => rule(1, 10_000 - at),
      (at: number) => rule(1 + (at % 100), at),
    ]) {
      let rules: BookRule[] = []
      let marks = Marks.none
      for (let at = 0; at < 1_500; at++) {
        rules = [...rules, next(at)]
        marks = marksOf(rules, marks)
      }
      assertGood(marks, rules)
    }
  })
})
