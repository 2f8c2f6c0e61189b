import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, it } from 'mocha'
import { hasMajority, type Proof, type ProofAck, provenMajority, stillMissing } from '../../../src/crdt/majority.ts'

const ack = (key: string, list: readonly string[] | undefined, pending: readonly string[] = []): ProofAck => ({
  ...{ key, list, pending },
  dot: { writer: key, counter: 1 },
})
const proof = (
  admitter: string,
  list: readonly string[] | undefined,
  acks: ProofAck[],
  pending: readonly string[] = [],
): Proof => ({
  ...{ founder: 'a', newcomer: 'n', acks },
  admitter: { ...ack(admitter, list, pending), dot: { writer: admitter, counter: 0 } },
})
/** a, b and c are settled; c is cut off and lets p and q in. */
const atTheSite = ['b', 'c', 'p', 'q']
const joined = ['p', 'q']

const table: [text: string, proof: Proof, majority: boolean][] = [
  ['the founder alone admits at once', proof('a', [], []), true],
  ['one of two is no majority', proof('a', ['b'], []), false],
  ['both of two are', proof('a', ['b'], [ack('b', ['b'])]), true],
  ['two of three are: the admitter counts', proof('b', ['b', 'c'], [ack('c', ['b', 'c'])]), true],
  ['half of four are not', proof('a', ['b', 'c', 'd'], [ack('b', ['b', 'c', 'd'])]), false],
  ['three of four are', proof('a', ['b', 'c', 'd'], [ack('b', ['b']), ack('c', ['c'])]), true],
  ['not if their own lists are without them', proof('a', ['b', 'c', 'd'], [ack('b', ['c']), ack('c', ['b'])]), false],
  ['a list of one acker counts for all', proof('a', ['b'], [ack('b', ['b', 'c', 'd'])]), false],
  ['who is pending counts, and its acknowledgement too', proof('a', ['b', 'p'], [ack('p', ['b', 'p'])]), true],
  [
    'who is pending does not make a majority of the side of a split that let it in (H10)',
    proof('c', atTheSite, [ack('p', atTheSite, joined), ack('q', atTheSite, joined)], joined),
    false,
  ],
  [
    'with one more who is settled it is one, if fewer are missing than those two',
    proof(
      'c',
      atTheSite,
      ['p', 'q', 'b'].map(key => ack(key, atTheSite, joined)),
      joined,
    ),
    true,
  ],
  [
    'but not if as many are: who said nothing may be settled',
    proof('c', atTheSite, [ack('p', atTheSite, joined), ack('b', atTheSite, joined)], joined),
    false,
  ],
  [
    'the founder, which did not hear that b and c are settled, is no majority of itself',
    proof('a', atTheSite, [ack('p', atTheSite, atTheSite), ack('q', atTheSite, atTheSite)], atTheSite),
    false,
  ],
  [
    'whom the list of another has as settled, and not its own, does not count so: it was bound by nothing when it said that',
    proof('c', atTheSite, [ack('p', atTheSite, joined), ack('b', atTheSite)], joined),
    false,
  ],
  [
    'who says it again once it is settled does',
    proof(
      'c',
      atTheSite,
      [ack('p', atTheSite, joined), ack('b', atTheSite, joined), ack('p', atTheSite, ['q'])],
      joined,
    ),
    true,
  ],
  ['and may be missing for that', proof('a', ['b', 'p', 'q'], [ack('b', ['b', 'p', 'q'])], joined), false],
  ['the newcomer does not count', proof('a', ['b', 'n'], [ack('b', ['n'])]), true],
  ['nor does its own acknowledgement', proof('a', ['b', 'c', 'n'], [ack('n', ['n'])]), false],
  ['who acknowledges twice counts once', proof('a', ['b', 'c', 'd'], [ack('b', []), ack('b', ['b'])]), false],
  ['a list that has not arrived proves nothing', proof('a', [], [ack('b', undefined)]), false],
  ['nor does the missing list of the admitter', proof('a', undefined, []), false],
  ['who is on no list does not count', proof('a', ['b', 'c'], [ack('x', [])]), false],
]

const keys = ['b', 'c', 'd', 'e', 'f']
const proofs = fc
  .record({ admitter: fc.constantFrom('a', ...keys), list: fc.subarray(keys), lists: fc.array(fc.subarray(keys)) })
  .map(({ admitter, list, lists }) =>
    proof(
      admitter,
      list,
      lists.slice(0, 6).map((item, i) => ack(['a', ...keys][i] as string, item)),
    ),
  )

describe('crdt: majority (R4)', () => {
  for (const [text, given, expected] of table) it(text, () => assert.equal(hasMajority(given), expected))

  it('leaves out the acknowledgement whose long list would spoil a majority', () => {
    const given = proof('a', ['b', 'c'], [ack('c', ['b', 'c', 'd', 'e', 'f']), ack('b', ['b', 'c'])])
    assert.equal(hasMajority(given), false)
    assert.deepEqual(
      provenMajority(given)?.map(item => item.key),
      ['b'],
    )
  })

  it('leaves out who is gone, also with a short list, and what was said before by who says it anew', () => {
    const anew: ProofAck = { ...ack('c', ['b', 'c', 'd', 'n']), gone: ['b'], dot: { writer: 'c', counter: 2 } }
    const given = proof('a', ['b', 'c'], [ack('b', ['b', 'p', 'q']), ack('c', ['b', 'r', 's']), anew])
    assert.equal(hasMajority(given), false, 'two of seven')
    assert.deepEqual(provenMajority(given), [anew])
    assert.deepEqual(stillMissing(given), ['d'])
  })

  it('leaves out the admission, whose list has guests of who is gone: then its writer counts if it says so again, without them', () => {
    const without = (key: string): ProofAck => ({ ...ack(key, ['b', 'c', 'n']), gone: ['d'] })
    const given = proof('b', ['b', 'c', 'd', 'p', 'q', 'r', 's'], [without('a')])
    assert.equal(hasMajority(given), false, 'one of three')
    assert.deepEqual(stillMissing(given), ['c', 'p', 'q', 'r', 's'])
    const again = { ...given, acks: [without('a'), without('b')] }
    assert.deepEqual(provenMajority(again), again.acks)
    assert.deepEqual(stillMissing(again), ['c'])
    assert.ok(hasMajority({ ...given, acks: [without('a'), without('c')] }), 'the others are enough')
  })

  it('leaves out the admission by who is gone', () => {
    const left: ProofAck = { ...ack('c', ['b', 'c', 'e', 'n']), gone: ['b'] }
    const given = proof('b', ['b', 'c', 'p'], [left, ack('a', ['b', 'c', 'e', 'n'])])
    assert.deepEqual(stillMissing(given), ['e'])
    assert.deepEqual(provenMajority(given), given.acks)
  })

  it('leaves out who lists a removal that is not held, and has no proof while the admission lists one', () => {
    const untold: ProofAck = { ...ack('b', []), untold: ['x'] }
    const given = proof('a', ['b', 'c'], [untold, ack('c', ['b', 'c'])])
    assert.deepEqual(
      provenMajority(given)?.map(item => item.key),
      ['c'],
    )
    assert.deepEqual(stillMissing(given), ['x'])
    assert.equal(provenMajority({ ...given, admitter: { ...given.admitter, untold: ['y'] } }), undefined)
    assert.ok(hasMajority(given), 'for the others, which cannot know what it holds, it counts')
  })

  it('takes both acknowledgements at one dot, or none: who declares itself settled names the dot (R8, seed 1001055)', () => {
    const twins = [ack('b', ['b']), ack('b', ['b', 'c', 'd'])]
    const given = proof('a', ['b'], twins)
    assert.equal(provenMajority(given), undefined, 'with the longer list it is two of four')
    const more = [...twins, ack('c', ['b', 'c', 'd'])]
    assert.deepEqual(provenMajority({ ...given, acks: more })?.length, 3)
  })

  it('gives only proofs that hold by themselves, and the whole when the whole holds', () => {
    fc.assert(
      fc.property(proofs, given => {
        const acks = provenMajority(given)
        if (acks) assert.ok(hasMajority({ ...given, acks }))
        else assert.equal(hasMajority(given), false)
      }),
    )
  })

  it('misses nobody once all whom somebody lists have acknowledged', () => {
    fc.assert(
      fc.property(fc.subarray(keys), fc.array(fc.subarray(keys), { minLength: 5, maxLength: 5 }), (list, lists) => {
        const everybody = ['a', ...keys].map((key, i) => ack(key, lists[i] ?? []))
        const given = proof('a', list, everybody)
        assert.deepEqual(stillMissing(given), [])
        assert.ok(provenMajority(given))
      }),
    )
  })

  it('names whom the newcomer waits for', () => {
    assert.deepEqual(stillMissing(proof('b', ['b', 'c', 'd'], [ack('d', ['d', 'e', 'n'])])), ['a', 'c', 'e'])
  })
})
