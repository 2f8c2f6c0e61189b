/** Histories that are longer than the searches reach: told step by step, with a rule off and with all on. */
import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import { custodyModel } from './custody-model.ts'
import { allRules, type Bounds, noBounds, type Rules } from './rules.ts'

const bounds: Bounds = { ...noBounds, gives: 1, removals: 1, assertions: [0], hostDowns: 1, records: 99 }

/** A peer, how much it holds by then of whose records, as `2:1 0:5`, beyond what it held before, and what it writes. */
type Step = readonly [peer: number, receives: string, writes: RegExp]

interface Told {
  readonly within: Partial<Bounds>
  readonly steps: readonly Step[]
  /** What peers receive in the end. */
  readonly last: readonly (readonly [peer: number, receives: string])[]
}

/** The founder lets in 1 and 2, and does not hear that they are settled; they remove it, and it lets in three more. */
const unheard: Told = {
  within: { settled: 1, joins: 5 },
  steps: [
    [0, '', /admit 1/],
    [1, '0:1', /settled, by nobody else/],
    [0, '', /admit 2, knowing 0's 1$/],
    [1, '0:2', /acknowledge the admission 0's 2/],
    [2, '0:2 1:2', /settled, by 1's 2/],
    [1, '2:1', /start the removal of 0 \(heir 1\), assertion 0/],
    [2, '1:3', /acknowledge the removal/],
    [1, '2:2', /removal .* is effective/],
    [0, '', /admit 3/],
    [0, '', /admit 4/],
    [0, '', /admit 5/],
    [3, '0:5', /acknowledge the admission 0's 5/],
    [4, '0:5', /acknowledge the admission 0's 5/],
    [5, '0:5 3:1 4:1', /settled, by 3's 1, 4's 1/],
    [0, '5:1', /give block 0 to 5/],
    [2, '1:4', /assert that the target/],
  ],
  last: [
    [5, '0:6'],
    [1, '2:3'],
  ],
}

/** 3 and 4 are let in by who acknowledged the removal of 0, settled by 0, and let in 5 with it, without the removal's record. */
const notHeld: Told = {
  within: { settled: 3, joins: 3 },
  steps: [
    [2, '', /start the removal of 0 \(heir 2\), assertion 0/],
    [1, '2:1', /acknowledge the removal/],
    [1, '', /admit 3/],
    [0, '1:2', /acknowledge the admission 1's 2/],
    [3, '0:1 1:2', /settled, by 0's 1/],
    [1, '', /admit 4/],
    [0, '1:3 3:1', /acknowledge the admission 1's 3/],
    [3, '1:3', /acknowledge the admission 1's 3/],
    [4, '0:2 1:3 3:2', /settled, by 0's 2, 3's 2/],
    [0, '', /admit 5/],
    [3, '0:3 4:1', /acknowledge the admission 0's 3/],
    [4, '0:3', /acknowledge the admission 0's 3/],
    [5, '0:3 1:3 3:3 4:2', /settled, by 3's 3, 4's 2/],
    [0, '5:1', /give block 0 to 5/],
    [2, '1:1', /removal 2's 1 is effective by 1's 1, cut 0 to 0/],
    [1, '2:2', /assert that the target/],
  ],
  last: [
    [5, '0:4'],
    [2, '1:4'],
  ],
}

/** What 3 and 4 said while they were pending counts once 5, which was told of nothing, lists them as settled. */
const early: Told = {
  within: { settled: 3, joins: 4, admissions: 2 },
  steps: [
    [2, '', /start the removal of 0 \(heir 2\), assertion 0/],
    [1, '2:1', /acknowledge the removal/],
    [0, '', /admit 3/],
    [0, '', /admit 4/],
    [0, '', /admit 6/],
    [3, '0:3', /acknowledge the admission 0's 3/],
    [4, '0:3', /acknowledge the admission 0's 3/],
    [1, '', /admit 3/],
    [1, '', /admit 4/],
    [0, '1:3', /acknowledge the admission 1's 2/],
    [4, '1:3', /acknowledge the admission 1's 2/],
    [6, '0:3 1:3', /acknowledge the admission 1's 2/],
    [3, '0:4 1:3 2:1 4:2 6:1', /settled, by 0's 4, 4's 2, 6's 1/],
    [0, '3:2', /acknowledge the admission 1's 3/],
    [3, '', /acknowledge the admission 1's 3/],
    [4, '0:5 2:1 3:3', /settled, by 0's 5, 3's 3/],
    [0, '4:3', /admit 5/],
    [5, '0:6 1:3 3:3 4:3', /acknowledge the admission 0's 3/],
    [6, '0:6 3:1 4:1 5:1', /settled, by 3's 1, 4's 1, 5's 1/],
    [0, '6:2', /give block 0 to 6/],
    [2, '1:1', /removal 2's 1 is effective by 1's 1, cut 0 to 0/],
    [1, '2:2', /assert that the target/],
  ],
  last: [
    [6, '0:7'],
    [2, '1:4'],
  ],
}

/** 5 and 6 were told of the removal of 0 and 1, and remove those who remove them. */
const boundByOthers: Told = {
  within: { settled: 5, joins: 3, removals: 3, targets: 3 },
  steps: [
    [4, '', /start the removal of 0 \(heir 4\) and 1 \(heir 4\), assertion 0/],
    [2, '4:1', /acknowledge the removal/],
    [3, '4:1', /acknowledge the removal/],
    [2, '', /admit 5/],
    [0, '2:2', /acknowledge the admission 2's 2/],
    [1, '2:2', /acknowledge the admission 2's 2/],
    [3, '2:2', /acknowledge the admission 2's 2/],
    [5, '0:1 1:1 2:2 3:2 4:1', /settled, by 0's 1, 1's 1, 3's 2/],
    [2, '', /admit 6/],
    [0, '2:3', /acknowledge the admission 2's 3/],
    [1, '2:3', /acknowledge the admission 2's 3/],
    [3, '2:3', /acknowledge the admission 2's 3/],
    [6, '0:2 1:2 2:3 3:3 4:1', /settled, by 0's 2, 1's 2, 3's 3/],
    [5, '2:3 6:1', /start the removal of 2 \(heir 5\) and 3 \(heir 5\) and 4 \(heir 5\), assertion 0/],
    [6, '5:2', /acknowledge the removal 5's 2/],
    [0, '5:2', /acknowledge the removal 5's 2/],
    [1, '5:2', /acknowledge the removal 5's 2/],
    [5, '0:3 1:3 6:2', /removal 5's 2 is effective/],
    [1, '5:3', /start the removal of 6 \(heir 1\), assertion 0/],
    [0, '1:4 5:3', /acknowledge the removal 1's 4/],
    [5, '1:4', /acknowledge the removal 1's 4/],
    [1, '0:4 5:4', /removal 1's 4 is effective/],
    [0, '1:5', /admit 7/],
    [1, '0:5', /acknowledge the admission 0's 5/],
    [7, '0:5 1:6 2:3 5:4 6:2', /settled, by 1's 6/],
    [0, '7:1', /give block 0 to 7/],
    [4, '2:1 3:1', /removal 4's 1 is effective by 2's 1, 3's 1/],
    [2, '4:2', /assert that the target/],
  ],
  last: [
    [7, '0:6'],
    [4, '2:4'],
  ],
}

/** 5 and 6 are told that 7 was let in, do not hold that, and remove those who let it in, without asking it. */
const unseenMember: Told = {
  within: { settled: 5, joins: 3, targets: 3 },
  steps: [
    [0, '', /admit 7/],
    [3, '0:1', /acknowledge the admission 0's 1/],
    [4, '0:1', /acknowledge the admission 0's 1/],
    [7, '0:1 3:1 4:1', /settled, by 3's 1, 4's 1/],
    [1, '', /admit 5/],
    [2, '1:1', /acknowledge the admission 1's 1/],
    [3, '1:1', /acknowledge the admission 1's 1, knowing 0's 1, 1's 1/],
    [4, '1:1', /acknowledge the admission 1's 1/],
    [5, '1:1 2:1 3:2 4:2', /settled, by 2's 1, 3's 2, 4's 2/],
    [1, '', /admit 6/],
    [2, '1:2', /acknowledge the admission 1's 2/],
    [3, '1:2', /acknowledge the admission 1's 2/],
    [4, '1:2', /acknowledge the admission 1's 2/],
    [6, '1:2 2:2 3:3 4:3', /settled, by 2's 2, 3's 3, 4's 3/],
    [1, '5:1 6:1', /start the removal of 0 \(heir 1\) and 3 \(heir 1\) and 4 \(heir 1\), assertion 0/],
    [2, '1:3 5:1 6:1', /acknowledge the removal 1's 3/],
    [5, '1:3 6:1', /acknowledge the removal 1's 3/],
    [6, '1:3 5:1', /acknowledge the removal 1's 3/],
    [1, '2:3 5:2 6:2', /removal 1's 3 is effective/],
    [0, '7:1', /give block 0 to 7/],
    [2, '1:4', /assert that the target/],
  ],
  last: [
    [7, '0:2'],
    [1, '2:4'],
  ],
}

/** As that, but 6 and 7 hold the admission of 5, and have promised not to see it. */
const hiddenMember: Told = {
  within: { settled: 5, joins: 3, removals: 2, assertions: [0, 1], targets: 3 },
  steps: [
    [0, '', /admit 5/],
    [1, '0:1', /acknowledge the admission 0's 1/],
    [2, '0:1', /acknowledge the admission 0's 1/],
    [5, '0:1 1:1 2:1', /settled, by 1's 1, 2's 1/],
    [0, '5:1', /give block 0 to 5/],
    [2, '', /start the removal of 0 \(heir 2\), assertion 0/],
    [3, '', /admit 6/],
    [6, '2:2 3:1', /acknowledge the removal 2's 2, holding 0 to 0/],
    [1, '3:1', /acknowledge the admission 3's 1/],
    [2, '3:1', /acknowledge the admission 3's 1/],
    [4, '3:1', /acknowledge the admission 3's 1/],
    [6, '0:1 1:2 2:3 3:1 4:1', /settled, by 1's 2, 2's 3, 4's 1/],
    [3, '', /admit 7/],
    [7, '2:2 3:2', /acknowledge the removal 2's 2, holding 0 to 0/],
    [1, '3:2', /acknowledge the admission 3's 2/],
    [2, '3:2', /acknowledge the admission 3's 2/],
    [4, '3:2', /acknowledge the admission 3's 2/],
    [6, '3:2', /acknowledge the admission 3's 2/],
    [7, '0:1 1:3 2:4 3:2 4:2 6:3', /settled, by 1's 3, 2's 4, 4's 2, 6's 3/],
    [3, '6:2 7:2', /start the removal of 0 \(heir 3\) and 1 \(heir 3\) and 2 \(heir 3\), assertion 1/],
    [4, '3:3', /acknowledge the removal 3's 3/],
    [6, '3:3', /acknowledge the removal 3's 3/],
    [7, '3:3', /acknowledge the removal 3's 3/],
    [3, '4:3 6:4 7:3', /removal 3's 3 is effective by/],
  ],
  last: [
    [5, '0:2'],
    [3, '0:1'],
  ],
}

/** 5 is let in by who is bound by the removal of 3 and 4, and settled by these two. */
const byTargets: Told = {
  within: { settled: 5, joins: 1, removals: 2, assertions: [0, 1], targets: 2 },
  steps: [
    [1, '', /start the removal of 3 \(heir 1\) and 4 \(heir 1\), assertion 0/],
    [0, '1:1', /acknowledge the removal/],
    [2, '1:1', /acknowledge the removal/],
    [0, '', /admit 5/],
    [3, '0:2 1:1', /acknowledge the admission 0's 2/],
    [4, '0:2 1:1', /acknowledge the admission 0's 2/],
    [5, '0:2 1:1 3:1 4:1', /settled, by 3's 1, 4's 1/],
    [0, '5:1', /give block 0 to 5/],
    [1, '0:1 2:1', /removal 1's 1 is effective by 0's 1, 2's 1, cut 3 to 0, 4 to 0/],
    [1, '', /start the removal of 0 \(heir 1\), assertion 1/],
    [2, '1:3', /acknowledge the removal 1's 3/],
    [1, '2:2', /removal 1's 3 is effective by/],
  ],
  last: [[5, '0:3']],
}

/** As that, where who lets in and gives has acknowledged nothing, and was told of the removal. */
const byTargetsOfOthers: Told = {
  within: { settled: 5, joins: 3, removals: 2, gives: 2, assertions: [0, 1], targets: 2 },
  steps: [
    [0, '', /start the removal of 3 \(heir 0\) and 4 \(heir 0\), assertion 0/],
    [1, '0:1', /acknowledge the removal/],
    [2, '0:1', /acknowledge the removal/],
    [0, '', /admit 5/],
    [1, '0:2', /acknowledge the admission 0's 2/],
    [2, '0:2', /acknowledge the admission 0's 2/],
    [5, '0:2 1:2 2:2', /settled, by 1's 2, 2's 2/],
    [0, '', /admit 6/],
    [1, '0:3', /acknowledge the admission 0's 3/],
    [2, '0:3', /acknowledge the admission 0's 3/],
    [5, '0:3', /acknowledge the admission 0's 3/],
    [6, '0:3 1:3 2:3 5:2', /settled, by 1's 3, 2's 3, 5's 2/],
    [5, '', /admit 7/],
    [3, '0:3 5:3', /acknowledge the admission 5's 3/],
    [4, '0:3 5:3', /acknowledge the admission 5's 3/],
    [6, '5:3', /acknowledge the admission 5's 3/],
    [7, '0:3 3:1 4:1 5:3 6:2', /settled, by 3's 1, 4's 1, 6's 2/],
    [0, '5:1', /give block 0 to 5/],
    [5, '0:4 3:1 4:1 7:1', /give block 0 to 7/],
    [0, '1:1 2:1', /removal 0's 1 is effective by 1's 1, 2's 1, cut 3 to 0, 4 to 0/],
    [0, '5:2 6:1', /start the removal of 5 \(heir 0\) and 6 \(heir 0\), assertion 1/],
    [1, '0:6', /acknowledge the removal 0's 6/],
    [2, '0:6', /acknowledge the removal 0's 6/],
    [0, '1:4 2:4', /removal 0's 6 is effective by/],
  ],
  last: [[7, '0:4 5:4']],
}

/** 6 is let in by the target of a removal, above its cut, and settled by others who were told of that. */
const byCutOff: Told = {
  within: { settled: 3, joins: 4, removals: 2, gives: 2, assertions: [0, 1] },
  steps: [
    [0, '', /start the removal of 2 \(heir 0\), assertion 0/],
    [1, '0:1', /acknowledge the removal/],
    [2, '', /admit 6/],
    [0, '', /admit 3/],
    [1, '0:2', /acknowledge the admission 0's 2/],
    [3, '0:2 1:2', /settled, by 1's 2/],
    [0, '', /admit 4/],
    [1, '0:3', /acknowledge the admission 0's 3/],
    [3, '0:3', /acknowledge the admission 0's 3/],
    [4, '0:3 1:3 3:2', /settled, by 1's 3, 3's 2/],
    [0, '', /admit 5/],
    [1, '0:4', /acknowledge the admission 0's 4/],
    [3, '0:4', /acknowledge the admission 0's 4/],
    [4, '0:4', /acknowledge the admission 0's 4/],
    [5, '0:4 1:4 3:3 4:2', /settled, by 1's 4, 3's 3, 4's 2/],
    [3, '2:1', /acknowledge the admission 2's 1/],
    [4, '2:1', /acknowledge the admission 2's 1/],
    [5, '2:1', /acknowledge the admission 2's 1/],
    [6, '0:4 1:4 2:1 3:4 4:3 5:2', /settled, by 3's 4, 4's 3, 5's 2/],
    [0, '3:1', /give block 0 to 3/],
    [3, '0:5 6:1', /give block 0 to 6/],
    [0, '1:1', /removal 0's 1 is effective by 1's 1, cut 2 to 0/],
    [0, '', /start the removal of 3 \(heir 0\), assertion 1/],
    [1, '0:7', /acknowledge the removal 0's 7/],
    [4, '0:7', /acknowledge the removal 0's 7/],
    [5, '0:7', /acknowledge the removal 0's 7/],
    [0, '1:5 3:4 4:4 5:3', /removal 0's 7 is effective by/],
  ],
  last: [[6, '0:5 3:5']],
}

/** Of each writer the more of what was held and what this says. */
function received(held: readonly number[], receives: string): number[] {
  const more = new Map(receives.split(' ').map(part => part.split(':').map(Number) as [number, number]))
  return held.map((length, writer) => Math.max(length, more.get(writer) ?? 0))
}

/** What is broken at the end; or the first step that nobody may do. */
function tell({ within, steps, last }: Told, off: Partial<Rules> = {}): string | undefined {
  const model = custodyModel({ ...allRules, ...off }, { ...bounds, ...within })
  let state = model.initial
  for (const [peer, receives, writes] of steps) {
    const from = state
    const held = received(state.held[peer] ?? [], receives)
    const next = model.after(state, peer, held).find(to => writes.test(model.describe(from, to)))
    if (!next) return `nobody may: ${peer}, ${writes.source}`
    state = next
  }
  const ends = new Map(last)
  return model.doubled(
    state,
    state.held.map((held, peer) => received(held, ends.get(peer) ?? '')),
  )
}

describe('I1 in histories that were told', () => {
  it('breaks if who has not acknowledged counts for less than who is settled (H10)', () => {
    assert.match(tell(unheard, { settledMajority: false }) ?? '', /may both hand out/)
    assert.equal(tell(unheard), "nobody may: 5, settled, by 3's 1, 4's 1")
  })

  it('breaks if a newcomer is settled before it holds the removal that it was told of', () => {
    assert.match(tell(notHeld, { newcomerHolds: 'none' }) ?? '', /may both hand out/)
    assert.equal(tell(notHeld), "nobody may: 3, settled, by 0's 1")
  })

  /** The rules before the strict one: these histories are stopped by it alone, too. */
  const held = { newcomerHolds: 'held' } as const

  it('breaks if what was said while pending counts once somebody lists its writer as settled', () => {
    const off = { ownSettled: false, relyOnSure: false }
    assert.match(tell(early, { ...held, ...off }) ?? '', /may both hand out/)
    assert.equal(tell(early, { ...held, relyOnSure: false }), "nobody may: 6, settled, by 3's 1, 4's 1, 5's 1")
    assert.equal(tell(early, off), "nobody may: 3, settled, by 0's 4, 4's 2, 6's 1")
  })

  it('breaks if who was told of a removal is not bound by it', () => {
    const off = { toldIsPromise: false, relyOnSure: false }
    assert.match(tell(boundByOthers, { ...held, ...off }) ?? '', /may both hand out/)
    assert.match(tell(boundByOthers, { ...held, relyOnSure: false }) ?? '', /^nobody may: 5, start the removal of 2/)
    assert.equal(tell(boundByOthers, off), "nobody may: 5, settled, by 0's 1, 1's 1, 3's 2")
  })

  it('breaks if a newcomer is settled before it holds the admissions that it was told of', () => {
    assert.match(tell(unseenMember, { newcomerSees: 'none' }) ?? '', /may both hand out/)
    assert.equal(tell(unseenMember), "nobody may: 5, settled, by 2's 1, 3's 2, 4's 2")
  })

  it('breaks if it has promised not to see them', () => {
    assert.match(tell(hiddenMember, { ...held, newcomerSees: 'held' }) ?? '', /may both hand out/)
    const refused = "nobody may: 6, settled, by 1's 2, 2's 3, 4's 1"
    for (const rules of [held, { newcomerSees: 'held' } as const]) assert.equal(tell(hiddenMember, rules), refused)
  })

  it('breaks if a newcomer relies on who may be gone, or on whom that one has let in', () => {
    const refused: [Told, string, string][] = [
      [byTargets, "5, settled, by 3's 1, 4's 1", "5, settled, by 3's 1, 4's 1"],
      [byTargetsOfOthers, "7, settled, by 3's 1, 4's 1, 6's 2", "5, settled, by 1's 2, 2's 2"],
      [byCutOff, "6, settled, by 3's 4, 4's 3, 5's 2", "3, settled, by 1's 2"],
    ]
    for (const [told, unsure, undecided] of refused) {
      assert.match(tell(told, { ...held, relyOnSure: false }) ?? '', /may both hand out/)
      assert.equal(tell(told, held), `nobody may: ${unsure}`)
      assert.equal(tell(told, { relyOnSure: false }), `nobody may: ${undecided}`)
    }
  })
})
