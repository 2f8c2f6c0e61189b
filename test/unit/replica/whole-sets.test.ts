/** Which of two whole sets of one writer's units counts: the same whoever looks, and never one that takes from others what they rest on. */
import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import { type Batch, makeBatch, noBatch } from '../../../src/crdt/batch.ts'
import { runOf } from '../../../src/crdt/checkpoint.ts'
import {
  type CompactUnit,
  leavesOf,
  makeUnit,
  type Part,
  type PlacedLeaf,
  unitHeader,
} from '../../../src/crdt/compact-unit.ts'
import { encodeLeaf } from '../../../src/crdt/leaf-codec.ts'
import type { Leaf } from '../../../src/crdt/leaves.ts'
import { signerOf } from '../../../src/lib/keys.ts'
import { countsMore, isLieShown, type WholeSet, wholeSet } from '../../../src/replica/whole-sets.ts'
import { forged } from './random-lies.ts'
import { seedAt } from './rig.ts'

const signer = signerOf(seedAt(1))
const meshId = 'ab'.repeat(16)
const tenant = (name: string): Leaf => ({ kind: 'tenant', name })
const invited: Leaf = { kind: 'invitation', invitation: signerOf(seedAt(2)).key, expiresMs: 0, uses: 1 }

/** A batch each, one on the other. */
function chain(leaves: readonly Leaf[], after?: Batch): Batch[] {
  const path: Batch[] = []
  for (const leaf of leaves) {
    const before = path.at(-1) ?? after
    const place = { meshId, first: (before?.last ?? 0) + 1, previous: before?.hash ?? noBatch }
    path.push(makeBatch(signer, { ...place, hlc: [1, 0], leaves: [encodeLeaf(leaf)] }))
  }
  return path
}

/** What the writer signs as left of the run: without the leaves of these places. */
function unitOf(run: readonly Part[], dropped: readonly number[], isForged = false): CompactUnit {
  const place = runOf(run) ?? assert.fail()
  const all = run.flatMap(leavesOf).filter((_, i) => !dropped.includes(i))
  const left = all.map((leaf, i) => (isForged && i === 0 ? forged(leaf) : leaf))
  return makeUnit(place, left, signer.sign(unitHeader(place, left)))
}

const setOf = (...parts: Part[]): WholeSet => wholeSet(parts) ?? assert.fail('hangs on nothing')

const all = () => true
const none = (leaves: readonly PlacedLeaf[]) => leaves.length === 0

/** The first counts more, whoever of the two looks. */
function assertCounts(first: WholeSet, second: WholeSet, mayGo = none): void {
  assert.deepEqual([countsMore(first, second, mayGo), countsMore(second, first, mayGo)], [true, false])
}

/** Neither takes the other's place. */
function assertNone(one: WholeSet, two: WholeSet, mayGo = none): void {
  assert.deepEqual([countsMore(one, two, mayGo), countsMore(two, one, mayGo)], [false, false])
}

describe('replica: whole sets of one writer', () => {
  const path = chain(['a', 'b', 'c', 'd'].map(tenant))
  const [one, two, three, four] = path as [Batch, Batch, Batch, Batch]
  const lie = unitOf([one, two], [], true)

  it('of one that lied, with less that is merely said counts', () => {
    assertCounts(setOf(...path), setOf(lie, three, four))
    assert.ok(isLieShown(setOf(...path), setOf(lie, three, four)))
  })

  it('of one that lied, with more records counts, of equally many that are merely said', () => {
    assertCounts(setOf(one, two, unitOf([three, four], [])), setOf(lie, three, four))
    assertCounts(setOf(unitOf([one, two], []), three, four), setOf(lie, unitOf([three, four], [0])))
  })

  it('that lacks what others rest on does not count, however little it says', () => {
    const run = chain([invited, tenant('a'), tenant('b'), tenant('c')])
    const [first, second, third, fourth] = run as [Batch, Batch, Batch, Batch]
    // what another unit kept of it is in no batch any more
    const kept = setOf(unitOf([first, second], []), unitOf([third, fourth], [], true))
    const taken = setOf(unitOf([first, second], [0]), third, fourth)
    assert.ok(isLieShown(kept, taken))
    assertCounts(kept, taken)
  })

  it('of one that lied, that lacks the end of a history does not count, and of two that lack some the one with more ends', () => {
    const others = chain([tenant('other')], one)
    const told = setOf(lie, three, four)
    assertCounts(setOf(...path, ...others), told)
    const more = ['x', 'y'].flatMap(name => chain([tenant(name)], three))
    assertCounts(setOf(one, two, three, ...more), told)
  })

  it('with nothing that proves a lie, counts where it is less, and what goes may, and no end is lost', () => {
    const [other] = chain([tenant('other')], three) as [Batch]
    const less = setOf(unitOf([one, two], [0]), three, four, other)
    assertCounts(less, setOf(...path, other), all)
    assertNone(less, setOf(...path, other), none)
    assertNone(setOf(one, two, three, other), setOf(...path, other), all)
    assertNone(setOf(one, two), setOf(...path), all)
  })

  it('with nothing that proves a lie, what is merely said goes without being judged, but for what others rest on', () => {
    const run = chain([invited, tenant('a'), tenant('b')])
    const [first, second, third] = run as [Batch, Batch, Batch]
    const said = setOf(unitOf([first, second], []), third)
    assertCounts(setOf(unitOf([first, second], [1]), third), said, none)
    assertNone(setOf(unitOf([first, second], [0]), third), said, none)
  })

  it('is none that hangs on nothing, has a part twice, or is empty', () => {
    assert.equal(wholeSet([two, three]), undefined)
    assert.equal(wholeSet([one, two, two]), undefined)
    assert.equal(wholeSet([]), undefined)
  })
})
