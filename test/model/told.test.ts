/** Histories that are longer than the searches reach: told step by step, with a rule off and with all on. */
import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import { custodyModel } from './custody-model.ts'
import { allRules, type Bounds, noBounds, type Rules } from './rules.ts'
import type { State } from './state.ts'

const bounds: Bounds = { ...noBounds, gives: 1, removals: 1, assertions: [0], hostDowns: 1, records: 17 }

/** The founder lets in 1 and 2, and does not hear that they are settled; they remove it, and it lets in three more. */
const unheard = [
  /^peer 0 writes its 1: admit 1/,
  /^peer 1 after receiving 0's 1 writes its 1: settled, by nobody else/,
  /^peer 0 writes its 2: admit 2, knowing 0's 1$/,
  /^peer 1 after receiving 0's 2 writes its 2: acknowledge the admission 0's 2/,
  /^peer 2 after receiving 0's 1–2 and 1's 1–2 writes its 1: settled, by 1's 2/,
  /^peer 1 after receiving 2's 1 writes its 3: start the removal of 0 \(heir 1\), assertion 0/,
  /^peer 2 after receiving 1's 3 writes its 2: acknowledge the removal/,
  /^peer 1 after receiving 2's 2 writes its 4: removal .* is effective/,
  /^peer 0 writes its 3: admit 3/,
  /^peer 0 writes its 4: admit 4/,
  /^peer 0 writes its 5: admit 5/,
  /^peer 3 after receiving 0's 1–5 writes its 1: acknowledge the admission 0's 5/,
  /^peer 4 after receiving 0's 1–5 writes its 1: acknowledge the admission 0's 5/,
  /^peer 5 after receiving .*writes its 1: settled, by 3's 1, 4's 1/,
  /^peer 0 .*writes its 6: give block 0 to 5/,
  /^peer 2 .*writes its 3: assert that the target/,
]

/** 3 and 4 are let in by who acknowledged the removal of 0, settled by 0, and let in 5 with it, without the removal's record. */
const notHeld = [
  /^peer 2 writes its 1: start the removal of 0 \(heir 2\), assertion 0/,
  /^peer 1 after receiving 2's 1 writes its 1: acknowledge the removal/,
  /^peer 1 writes its 2: admit 3/,
  /^peer 0 after receiving 1's 1–2 writes its 1: acknowledge the admission 1's 2/,
  /^peer 3 after receiving 0's 1 and 1's 1–2 writes its 1: settled, by 0's 1/,
  /^peer 1 writes its 3: admit 4/,
  /^peer 0 after receiving 1's 3 and 3's 1 writes its 2: acknowledge the admission 1's 3/,
  /^peer 3 after receiving 1's 3 writes its 2: acknowledge the admission 1's 3/,
  /^peer 4 after receiving 0's 1–2 and 1's 1–3 and 3's 1–2 writes its 1: settled, by 0's 2, 3's 2/,
  /^peer 0 .*writes its 3: admit 5/,
  /^peer 3 after receiving 0's 2–3 and 4's 1 writes its 3: acknowledge the admission 0's 3/,
  /^peer 4 after receiving 0's 3 writes its 2: acknowledge the admission 0's 3/,
  /^peer 5 after receiving .*writes its 1: settled, by 3's 3, 4's 2/,
  /^peer 0 .*writes its 4: give block 0 to 5/,
  /^peer 2 after receiving 1's 1 writes its 2: removal 2's 1 is effective by 1's 1, cut 0 to 0/,
  /^peer 1 .*writes its 4: assert that the target/,
]

/** What is broken at the end; or the first step that nobody may do. */
function tell(steps: readonly RegExp[], off: Partial<Rules>, within: Partial<Bounds>): string | undefined {
  const model = custodyModel({ ...allRules, ...off }, { ...bounds, ...within })
  let state = model.initial
  for (const step of steps) {
    const found: State[] = []
    model.expand(state, next => {
      if (step.test(model.describe(state, next))) found.push(next)
    })
    if (!found[0]) return `nobody may: ${step.source}`
    state = found[0]
  }
  return model.expand(state, () => undefined)
}

describe('I1 in histories that were told', () => {
  const joining = { settled: 1, joins: 5 }
  it('breaks if who has not acknowledged counts for less than who is settled (H10)', () => {
    assert.match(tell(unheard, { settledMajority: false }, joining) ?? '', /may both hand out/)
    assert.match(tell(unheard, {}, joining) ?? '', /nobody may: .*settled, by 3's 1, 4's 1/)
  })

  it('breaks if a newcomer acknowledges others before it holds the removal that it was told of', () => {
    const within = { settled: 3, joins: 3 }
    assert.match(tell(notHeld, { silentUntilTold: false }, within) ?? '', /may both hand out/)
    assert.match(tell(notHeld, {}, within) ?? '', /nobody may: .*peer 3 .*acknowledge the admission 1's 3/)
  })
})
