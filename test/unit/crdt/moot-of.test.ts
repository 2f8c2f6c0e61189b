/** R4, "Undecided for good": of removals and their outcomes, which never become effective. */
import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import type { Hlc } from '../../../src/crdt/hlc.ts'
import { mootOf } from '../../../src/crdt/moot.ts'
import type { Gone, Outcome } from '../../../src/crdt/removal-outcome.ts'
import type { Process } from '../../../src/crdt/removal-table.ts'
import { dotText } from '../../../src/crdt/vector.ts'

describe('which removals never become effective', () => {
  interface Said {
    readonly starter: string
    readonly target: string
    /** Of the target, that its starter named. */
    readonly counter?: number
    readonly end?: number
    readonly cut?: number
    readonly outcome?: Outcome
    readonly isAsserted?: boolean
  }

  /** By starter, of whom each started one at counter 1. */
  function moot(said: readonly Said[], seen: (writer: string) => number = () => 9): string[] {
    const processes = new Map(said.map(each => [dotText({ writer: each.starter, counter: 1 }), processOf(each)]))
    const of = new Map(
      said.map(({ starter, outcome = 'undecided' }) => [dotText({ writer: starter, counter: 1 }), outcome]),
    )
    const gone = new Map<string, Gone>()
    for (const { starter, target, cut, outcome, isAsserted: asserted = false } of said) {
      const by = processes.get(dotText({ writer: starter, counter: 1 })) ?? assert.fail()
      if (outcome === 'effective') gone.set(target, { heir: starter, cut: cut ?? 0, asserted, by })
    }
    const names = mootOf(processes, { of, gone }, seen)
    return said.map(({ starter }) => starter).filter(starter => names.has(dotText({ writer: starter, counter: 1 })))
  }

  function processOf({ starter, target, counter = 1, end, cut = 1, outcome, isAsserted }: Said): Process {
    const dot = { writer: starter, counter: 1 }
    const hlc: Hlc = [1, 0]
    const hash = ''
    const targets = [{ key: target, heir: starter, counter }]
    const effective = outcome !== 'cancelled'
    return {
      record: { dot, hlc, hash, leaf: { kind: 'removal', assertion: isAsserted ? 1 : 0, targets, known: '' } },
      targets: [target],
      acks: [],
      end: end
        ? {
            dot: { writer: starter, counter: end },
            hlc,
            hash,
            leaf: { kind: 'removal-end', removal: dot, effective, acks: [], cut: [cut] },
          }
        : undefined,
      isLifted: end !== undefined && !effective,
      assertedAt: isAsserted ? hlc : undefined,
    }
  }

  const effective = (starter: string, target: string): Said => ({
    starter,
    target,
    end: 5,
    cut: 3,
    outcome: 'effective',
  })

  it('those whose starter was removed first', () => {
    assert.deepEqual(moot([{ starter: 's', target: 'x' }]), [])
    assert.deepEqual(moot([effective('w', 's'), { starter: 's', target: 'x' }]), ['s'])
    assert.deepEqual(moot([effective('w', 's'), { starter: 's', target: 'x', end: 4 }]), ['s'])
    assert.deepEqual(moot([effective('w', 's'), { starter: 's', target: 'x', end: 3 }]), [], 'within the cut')
    assert.deepEqual(
      moot([effective('w', 's'), { starter: 's', target: 'x' }], () => 2),
      [],
      'not all is held',
    )
  })

  it('not while another may undo that', () => {
    const both = [effective('w', 's'), { starter: 's', target: 'x' }]
    assert.deepEqual(moot([...both, { starter: 'v', target: 'w', counter: 4 }]), [])
    assert.deepEqual(moot([...both, { starter: 'v', target: 'w', counter: 5 }]), ['s'], 'it named the end')
    assert.deepEqual(moot([...both, { starter: 'v', target: 'w', counter: 4, end: 6, outcome: 'cancelled' }]), ['s'])
  })

  it('also in a ring, but for one that is asserted', () => {
    assert.deepEqual(moot([effective('w', 's'), { starter: 's', target: 'w' }]), ['s'])
    assert.deepEqual(moot([effective('w', 's'), { starter: 's', target: 'w', isAsserted: true }]), [])
  })

  it('not while one may undo what cancelled another that might', () => {
    const all: Said[] = [
      effective('w', 's'),
      { starter: 's', target: 'x' },
      { ...effective('a', 'b'), isAsserted: true },
      { starter: 'b', target: 'w', counter: 4, outcome: 'cancelled' },
    ]
    assert.deepEqual(moot(all), ['s'])
    assert.deepEqual(moot([...all, { starter: 'c', target: 'a', counter: 4 }]), [])
    assert.deepEqual(moot([...all, { starter: 'c', target: 'a', counter: 5 }]), ['s'])
  })
})
