/** Whom a removal may take out, and what is void, where guests of a host that is removed let each other in: each way leads nowhere. */
import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import { Sure } from '../../../src/crdt/sure.ts'
import { type InEffect, untoldOf } from '../../../src/crdt/told.ts'

type Admitted = ConstructorParameters<typeof Sure>[1]

const guests = Array.from({ length: 40 }, (_, i) => `guest${i}`)

/** `host` is let in by the founder, the guests by it, above 5, and by each other. */
const admissions = [
  { key: 'host', dot: { writer: 'founder', counter: 1 } },
  ...guests.map((key, i) => ({ key, dot: { writer: 'host', counter: 10 + i } })),
  ...guests.flatMap(key =>
    guests.filter(by => by !== key).map((by, i) => ({ key, dot: { writer: by, counter: i + 1 } })),
  ),
]

describe('crdt: guests who let each other in (R4)', () => {
  const sureOf = (counter: number, more: typeof admissions = []) => {
    const admitted = [...admissions, ...more].map(({ key, dot }) => ({ record: { dot, leaf: { key } }, acks: [] }))
    const open = [{ key: 'host', heir: 'founder', counter }]
    return new Sure('founder', admitted as unknown as Admitted, { open, isGone: () => false })
  }

  it('count for nobody while the removal of who let them in may cut them off', () => {
    const sure = sureOf(5)
    for (const key of guests) assert.equal(sure.mayVote(key), false)
    assert.equal(sure.mayVote('host'), false)
    assert.equal(sure.isSure({ writer: 'host', counter: 5 }), true)
    assert.equal(sure.isSure({ writer: 'guest0', counter: 1 }), false)
  })

  it('all count if it cannot, or if somebody who stays has let one of them in', () => {
    const letIn = [{ key: 'guest7', dot: { writer: 'founder', counter: 2 } }]
    for (const sure of [sureOf(10), sureOf(5, letIn)]) for (const key of guests) assert.equal(sure.mayVote(key), true)
  })

  const untold = (cut: number | undefined, removals = [{ writer: 'guest3', counter: 99 }]) => {
    const inEffect: InEffect = {
      founder: 'founder',
      isAdmitted: key => key === 'host',
      isDecided: () => false,
      cut: writer => (writer === 'host' ? cut : undefined),
    }
    return untoldOf({ admissions, removals }, inEffect)
  }

  it('are void with all that they wrote once they are cut off, and waited for before', () => {
    assert.deepEqual(untold(5), { admissions: [], removals: [] })
    assert.equal(untold(undefined).admissions.length, 40 * 40)
    assert.equal(untold(undefined).removals.length, 1)
    assert.equal(untold(10).admissions.length, 40 * 40 - 39, 'guest0 was let in, and lets the others in')
  })

  it('does not make void what somebody wrote whose admission the list does not name', () => {
    assert.equal(untold(5, [{ writer: 'other', counter: 1 }]).removals.length, 1)
  })
})
