import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import type { Assertion } from '../../../src/crdt/leaves.ts'
import type { Member, RegistryView, Removal } from '../../../src/crdt/registry-view.ts'
import { owedRemovalLeaves } from '../../../src/crdt/removal-duty.ts'
import { startRemovalLeaves } from '../../../src/crdt/removal-start.ts'

/** A removal as `a`, `b`, … start it; the letter is also its starter's key. */
interface Draft {
  starter: string
  targets: string
  asserted?: boolean
  ackedBy?: string
  complete?: boolean
  isMoot?: true
  outcome?: Removal['outcome']
  /** Moment of the start. @default its place in the list */
  at?: number
  /** Moment of the assertion. @default that of the start */
  assertedAt?: number
}

function removalOf(draft: Draft, place: number): Removal {
  const { starter, targets, asserted = false, ackedBy = '', outcome = 'undecided', at = place + 1 } = draft
  return {
    dot: { writer: starter, counter: place + 1 },
    since: [at, 0],
    starter,
    assertion: asserted ? 1 : 0,
    targets: [...targets].map(key => ({ key, heir: starter, counter: 1 })),
    outcome,
    ...(asserted ? { assertedAt: [draft.assertedAt ?? at, 0] as const } : {}),
    ackedBy: [...ackedBy],
    waitingFor: [],
    isMajority: true,
    ...(draft.isMoot ? { isMoot: true as const } : {}),
    ...(draft.complete ? { complete: { acks: [], cut: [1] } } : {}),
  }
}

/** What a peer knows: members a to f without `gone`, and these removals. */
function viewOf(drafts: readonly Draft[], gone = '', pending = ''): RegistryView {
  const removals = drafts.map(removalOf)
  const view: Partial<RegistryView> = {
    removals: () => removals,
    admissions: () => [],
    successions: () => [],
    held: () => 1,
    hasContent: () => true,
    member: key => (gone.includes(key) ? undefined : ({ name: key, settled: !pending.includes(key) } as Member)),
    everMember: key => ({ name: key }) as Member,
  }
  return view as RegistryView
}

/** What `self` owes: `ack b` of the removal that b started, `effective b`, `cancel b`; '' for nothing. */
function owed(self: string, drafts: readonly Draft[], gone = ''): string {
  return owedRemovalLeaves(viewOf(drafts, gone), self)
    .map(leaf => {
      if (leaf.kind === 'removal-ack') return `ack ${leaf.removal.writer}`
      if (leaf.kind === 'removal-end') return `${leaf.effective ? 'effective' : 'cancel'} ${leaf.removal.writer}`
      return leaf.kind
    })
    .join(', ')
}

describe('crdt: what a peer writes about removals (R9 (d), (f); model rules oneAtATime, boundByTarget, assertedFirst)', () => {
  const cases: [title: string, self: string, drafts: Draft[], expected: string, gone?: string][] = [
    ['acknowledges a removal of another', 'c', [{ starter: 'a', targets: 'b' }], 'ack a'],
    ['not its own, nor of itself, nor twice', 'a', [{ starter: 'a', targets: 'b' }], ''],
    ['not one that names it', 'b', [{ starter: 'a', targets: 'b', asserted: true }], ''],
    ['not twice', 'c', [{ starter: 'a', targets: 'b', ackedBy: 'c' }], ''],
    ['not a decided one', 'c', [{ starter: 'a', targets: 'b', outcome: 'cancelled' }], ''],
    ['nothing once it is gone itself', 'c', [{ starter: 'a', targets: 'b' }], '', 'c'],
    ['not one whose starter is gone', 'c', [{ starter: 'a', targets: 'b' }], '', 'a'],
    ['not one whose target is gone', 'c', [{ starter: 'a', targets: 'b' }], '', 'b'],
    [
      '(d) one at a time',
      'c',
      [
        { starter: 'a', targets: 'b', ackedBy: 'c' },
        { starter: 'd', targets: 'e' },
      ],
      '',
    ],
    [
      '(d) the next when the first is decided',
      'c',
      [
        { starter: 'a', targets: 'b', ackedBy: 'c', outcome: 'cancelled' },
        { starter: 'd', targets: 'e' },
      ],
      'ack d',
    ],
    [
      '(f) an asserted one of the starter of what binds is let through',
      'c',
      [
        { starter: 'a', targets: 'b', ackedBy: 'c' },
        { starter: 'd', targets: 'a', asserted: true },
      ],
      'ack d',
    ],
    [
      '(f) not without the assertion',
      'c',
      [
        { starter: 'a', targets: 'b', ackedBy: 'c' },
        { starter: 'd', targets: 'a' },
      ],
      '',
    ],
    [
      '(f) it has to name the starters of all that bind',
      'c',
      [
        { starter: 'a', targets: 'b', ackedBy: 'c' },
        { starter: 'd', targets: 'ae', asserted: true, ackedBy: 'c' },
        { starter: 'f', targets: 'a', asserted: true },
      ],
      '',
    ],
    [
      'F1 boundByTarget: not one whose starter is a target of what binds, whatever was asserted first',
      'c',
      [
        { starter: 'a', targets: 'b', ackedBy: 'c', at: 9 },
        { starter: 'b', targets: 'a', asserted: true, at: 1 },
      ],
      '',
    ],
    [
      'F1 boundByTarget: also when both are asserted and the other one is earlier',
      'c',
      [
        { starter: 'a', targets: 'b', asserted: true, ackedBy: 'c', at: 9 },
        { starter: 'b', targets: 'a', asserted: true, at: 1 },
      ],
      '',
    ],
    [
      'F1 assertedFirst: one whose starter an asserted one names is not acknowledged any more',
      'c',
      [
        { starter: 'a', targets: 'b' },
        { starter: 'd', targets: 'a', asserted: true },
      ],
      'ack d',
    ],
    [
      'F1 assertedFirst: of two that name each other the asserted one is acknowledged',
      'c',
      [
        { starter: 'a', targets: 'b' },
        { starter: 'b', targets: 'a', asserted: true },
      ],
      'ack b',
    ],
    [
      'F1 assertedFirst: neither of two that name each other and are both asserted, until one gave in',
      'c',
      [
        { starter: 'a', targets: 'b', asserted: true },
        { starter: 'b', targets: 'a', asserted: true },
      ],
      '',
    ],
    [
      'F1 assertedFirst: a decided one holds nothing up',
      'c',
      [
        { starter: 'a', targets: 'b', asserted: true },
        { starter: 'b', targets: 'a', asserted: true, outcome: 'cancelled' },
      ],
      'ack a',
    ],
    [
      'declares its own when all have acknowledged',
      'a',
      [{ starter: 'a', targets: 'b', complete: true }],
      'effective a',
    ],
    [
      'declares it also when it would have to give in',
      'a',
      [
        { starter: 'a', targets: 'b', complete: true, at: 9 },
        { starter: 'd', targets: 'e', at: 1 },
      ],
      'effective a',
    ],
    [
      '(d) the later of two gives in',
      'd',
      [
        { starter: 'a', targets: 'b' },
        { starter: 'd', targets: 'e' },
      ],
      'cancel d',
    ],
    [
      '(d) not the earlier',
      'a',
      [
        { starter: 'a', targets: 'b' },
        { starter: 'd', targets: 'e' },
      ],
      '',
    ],
    [
      '(d) at one moment the one with the higher key',
      'd',
      [
        { starter: 'a', targets: 'b', at: 5 },
        { starter: 'd', targets: 'e', at: 5 },
      ],
      'cancel d',
    ],
    [
      '(f) not to a starter that it says is down',
      'd',
      [
        { starter: 'a', targets: 'b' },
        { starter: 'd', targets: 'a', asserted: true },
      ],
      '',
    ],
    [
      '(f) of two that name each other the later asserted, though it started earlier',
      'a',
      [
        { starter: 'a', targets: 'b', asserted: true, at: 1, assertedAt: 9 },
        { starter: 'b', targets: 'a', asserted: true, at: 2 },
      ],
      'cancel a',
    ],
    [
      '(f) of two that name each other not the asserted one, though it started later',
      'b',
      [
        { starter: 'a', targets: 'b' },
        { starter: 'b', targets: 'a', asserted: true },
      ],
      '',
    ],
    [
      '(f) of two that name each other the one without an assertion',
      'a',
      [
        { starter: 'a', targets: 'b' },
        { starter: 'b', targets: 'a', asserted: true },
      ],
      'cancel a',
    ],
    ['lifts what has become pointless', 'a', [{ starter: 'a', targets: 'be' }], 'cancel a', 'e'],
  ]
  for (const [title, self, drafts, expected, gone] of cases) {
    it(title, () => assert.equal(owed(self, drafts, gone), expected))
  }

  it('removes whom it let in anew, unless a removal names that one which may become effective', () => {
    const ofF: Draft = { starter: 'b', targets: 'f' }
    const started = (drafts: readonly Draft[]) => {
      const members = () => [...'abcdef'].map(key => ({ key, settled: true }) as Member)
      const successions = () => [{ former: 'f', key: 'e', admitter: 'a', isInEffect: true }]
      const view = { ...viewOf(drafts, drafts.some(({ isMoot }) => isMoot) ? 'b' : ''), members, successions }
      return owedRemovalLeaves(view as unknown as RegistryView, 'a').flatMap(leaf => {
        return leaf.kind === 'removal' ? leaf.targets.map(({ key }) => key) : leaf.kind
      })
    }
    assert.deepEqual(started([]), ['f'])
    assert.deepEqual(started([ofF]), ['removal-ack'])
    assert.deepEqual(started([{ ...ofF, ackedBy: 'a' }]), ['host-down'])
    assert.deepEqual(started([{ ...ofF, isMoot: true }]), ['f'])
    assert.deepEqual(started([{ ...ofF, isMoot: true, ackedBy: 'a' }]), [], 'it binds still')
  })

  it('one of any two that wait for each other gives in, and not both', () => {
    const drafts = (asserted: number, first: number): Draft[] => [
      { starter: 'a', targets: 'b', asserted: (asserted & 1) > 0, at: first === 0 ? 1 : 2 },
      { starter: 'b', targets: 'a', asserted: (asserted & 2) > 0, at: first === 0 ? 2 : first === 1 ? 1 : 2 },
    ]
    for (const asserted of [0, 1, 2, 3]) {
      for (const first of [0, 1, 2]) {
        const both = ['a', 'b'].map(self => owed(self, drafts(asserted, first)))
        assert.equal(
          both.filter(each => each.startsWith('cancel')).length,
          1,
          `${asserted} ${first}: ${both.join('; ')}`,
        )
      }
    }
  })

  const mayStart = (drafts: Draft[], targets: string, assertion: Assertion, pending = '') =>
    startRemovalLeaves(viewOf(drafts, '', pending), 'c', [...targets], assertion).length > 0

  it('starts none while another binds, but an asserted one that names the starters of all that bind', () => {
    const one: Draft = { starter: 'a', targets: 'b', ackedBy: 'c' }
    const two: Draft = { starter: 'd', targets: 'a', asserted: true, ackedBy: 'c' }
    assert.ok(mayStart([], 'b', 0))
    assert.ok(mayStart([{ ...one, ackedBy: '' }], 'e', 0))
    assert.ok(mayStart([one], 'a', 1))
    assert.ok(mayStart([one, two], 'ad', 1))
    const refused = { code: 'conflict', message: /^the removal of \w is not decided yet: see skein peer ls$/ }
    assert.throws(() => mayStart([one], 'e', 1), refused)
    assert.throws(() => mayStart([one], 'a', 0), refused)
    assert.throws(() => mayStart([one, two], 'a', 1), refused)
    assert.throws(() => mayStart([one, two], 'd', 1), refused)
    assert.throws(() => mayStart([{ starter: 'c', targets: 'b' }], 'b', 1), refused)
  })

  it('starts none before it is settled: it would be the heir', () => {
    assert.throws(() => mayStart([], 'b', 1, 'c'), { code: 'conflict', message: /not settled/ })
  })
})
