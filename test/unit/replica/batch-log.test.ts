import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, it } from 'mocha'
import { noBatch } from '../../../src/crdt/batch.ts'
import { type Head, maxTips, vectorToPlain } from '../../../src/crdt/vector.ts'
import { sha256, toHex } from '../../../src/lib/bytes.ts'
import { BatchLog } from '../../../src/replica/batch-log.ts'
import { widths } from '../../../src/replica/branches.ts'
import type { Unit } from '../../../src/replica/unit.ts'

const writer = 'aa'.repeat(32)

/** A unit that follows on another; `name` tells siblings apart. */
function unit(parent: Unit | undefined, name: string, count = 1): Unit {
  const first = (parent?.last ?? 0) + 1
  const previous = parent?.hash ?? noBatch
  const hash = toHex(sha256(Buffer.from(`${previous}${name}`)))
  return { writer, first, last: first + count - 1, previous, hash, hlc: [first, name.length], bytes: new Uint8Array() }
}

/** Each number says which of the units so far is the parent of the next (0: none). */
const lists = fc.array(fc.tuple(fc.nat(12), fc.integer({ min: 1, max: 3 })), { minLength: 1, maxLength: 14 })

function treeOf(list: readonly (readonly [number, number])[]): Unit[] {
  const units: Unit[] = []
  list.forEach(([parent, count], i) => void units.push(unit(units[parent - 1], `n${i}`, count)))
  return units
}

/** Trees with no more histories than are kept. */
const trees = lists.map(treeOf).filter(units => {
  const siblings = (of: Unit) => units.filter(other => other.previous === of.previous).length
  const partings = (of: Unit | undefined): number =>
    of ? partings(units.find(other => other.hash === of.previous)) + (siblings(of) > 1 ? 1 : 0) : 0
  return units.every(item => siblings(item) < 2 || siblings(item) <= (widths[partings(item) - 1] ?? 1))
})

/** Trees with far more of them: the further down, the more of what follows on one unit. */
const bushes = fc
  .array(fc.tuple(fc.nat(999), fc.integer({ min: 1, max: 3 })), { minLength: 60, maxLength: 120, size: 'max' })
  .map(list => treeOf(list.map(([share, count], i) => [Math.floor((share / 1000) ** 3 * (i + 1)), count] as const)))

/** Adds what can be placed until nothing more can. */
function logOf(units: readonly Unit[]): BatchLog {
  const log = new BatchLog()
  let waiting = [...units]
  for (let before = -1; before !== waiting.length; ) {
    before = waiting.length
    waiting = waiting.filter(item => {
      if (log.standing(item) !== 'next') return true
      log.add(item)
      return false
    })
  }
  return log
}

const headOf = ({ last, hash }: Unit): Head => ({ counter: last, hash })
const ancestors = (units: readonly Unit[], of: Unit): Unit[] => {
  const parent = units.find(item => item.hash === of.previous && item.last === of.first - 1)
  return parent ? [...ancestors(units, parent), of] : [of]
}

describe('replica: the log of a writer', () => {
  it('is the same whatever the order in which a tree arrives', () => {
    fc.assert(
      fc.property(trees, fc.infiniteStream(fc.nat()), (units, dice) => {
        const shuffled = units
          .map(item => ({ item, rank: dice.next().value as number }))
          .sort((a, b) => a.rank - b.rank)
          .map(({ item }) => item)
        const [a, b] = [logOf(units), logOf(shuffled)]
        assert.deepEqual(vectorToPlain(a.vector()), vectorToPlain(b.vector()))
        const leaves = units.filter(item => !units.some(other => other.previous === item.hash))
        assert.deepEqual(new Set(a.tips(writer).map(tip => tip.hash)), new Set(leaves.map(item => item.hash)))
        assert.equal(a.isForked(writer), leaves.length > 1)
      }),
    )
  })

  it('gives who holds some heads exactly what is missing, parents first', () => {
    fc.assert(
      fc.property(trees, fc.array(fc.nat(13), { maxLength: 3 }), (units, picks) => {
        const log = logOf(units)
        const heads = picks.flatMap(pick => units[pick] ?? [])
        const held = new Set(heads.flatMap(head => ancestors(units, head)))
        const missing = [...(log.missing(writer, heads.map(headOf)) ?? [])]
        assert.deepEqual(new Set(missing), new Set(units.filter(item => !held.has(item))))
        const seen = new Set([...held].map(item => item.hash))
        for (const item of missing) {
          assert.ok(item.previous === noBatch || seen.has(item.previous))
          seen.add(item.hash)
        }
      }),
    )
  })

  it('says that it knows none of the heads of another branch, and finds the parting by its locator', () => {
    const trunk = [unit(undefined, 'a')]
    for (let i = 0; i < 500; i++) trunk.push(unit(trunk.at(-1), 'a'))
    const here = logOf([...trunk, unit(trunk[450], 'here')])
    const there = [...trunk.slice(0, 451), unit(trunk[450], 'x')]
    for (let i = 0; i < 60; i++) there.push(unit(there.at(-1), 'x'))
    const other = logOf(there)
    assert.equal(here.missing(writer, other.tips(writer)), undefined)
    const locator = other.locator(writer)
    assert.ok(locator.length <= 24, `${locator.length} heads`)
    const missing = [...(here.missing(writer, locator) ?? [])]
    assert.ok(missing.length > 0 && missing.length < 51 + 128, `${missing.length} units`)
    for (const item of missing) if (other.standing(item) === 'next') other.add(item)
    for (const tip of here.tips(writer)) assert.ok(other.holds(writer, tip))
  })

  it('keeps of too many histories those with the lowest hashes at each parting, and goes on with them', () => {
    const [width = 0] = widths
    const root = unit(undefined, 'root')
    const children = Array.from({ length: width + 9 }, (_, i) => unit(root, `c${i}`))
    const log = logOf([root, ...children])
    const [lowest, ...others] = [...children].sort((a, b) => (a.hash < b.hash ? -1 : 1))
    assert.ok(lowest)
    assert.deepEqual(
      new Set(log.tips(writer).map(tip => tip.hash)),
      new Set([lowest, ...others.slice(0, width - 1)].map(item => item.hash)),
    )
    assert.equal(log.standing(others.at(-1) as Unit), 'full')
    assert.equal(log.standing(unit(others.at(-1), 'x')), 'gap', 'what it follows on was given up')
    assert.equal(log.standing(unit(lowest, 'x')), 'next')
  })

  it('keeps the same of any number of histories, however they arrive, and of what others kept of them', () => {
    let most = 0
    fc.assert(
      fc.property(bushes, fc.infiniteStream(fc.nat()), (units, dice) => {
        const ranked = units.map(item => ({ item, rank: dice.next().value as number }))
        const shuffled = ranked.sort((a, b) => a.rank - b.rank).map(({ item }) => item)
        const all = logOf(units)
        assert.deepEqual(vectorToPlain(logOf(shuffled).vector()), vectorToPlain(all.vector()))
        // each of two peers was shown another half of the branches
        const [left, right] = [0, 1].map(half => {
          const shown = new Set(shuffled.filter((_, i) => i % 2 === half).flatMap(item => ancestors(units, item)))
          return [...(logOf(units.filter(item => shown.has(item))).missing(writer, []) ?? [])]
        })
        const merged = logOf([...(left ?? []), ...(right ?? [])])
        assert.deepEqual(vectorToPlain(merged.vector()), vectorToPlain(all.vector()))
        most = Math.max(most, all.tips(writer).length)
        assert.ok(all.tips(writer).length <= maxTips)
      }),
      { numRuns: 40 },
    )
    assert.ok(most > 20, `at most ${most} tips`)
  })

  it('tells once per further tip that histories parted, and when they first did', () => {
    const log = new BatchLog()
    const seen: unknown[] = []
    log.onFork((of, since) => seen.push([of, since]))
    const root = unit(undefined, 'a')
    const [b, c, d] = [unit(root, 'b'), unit(root, 'ccc'), unit(undefined, 'dd')]
    for (const item of [root, b, c, unit(c, 'e'), d]) log.add(item)
    assert.deepEqual(seen, [
      [writer, [2, 3]],
      [writer, [1, 2]],
    ])
  })

  it('gives a run that a copy compacted to who holds only the history beside it (R8)', () => {
    const common = unit(undefined, 'common')
    const [own, copied] = [unit(common, 'own'), unit(common, 'copied')]
    const [later, behind] = [unit(own, 'later'), unit(copied, 'behind')]
    const original = logOf([common, own, later])
    const both = logOf([common, own, later])
    const compact: Unit = { ...copied, first: 1, previous: noBatch, compact: true }
    both.replace(compact)
    both.add(behind)
    const given = [...(both.missing(writer, original.tips(writer)) ?? [])]
    assert.deepEqual(given, [compact, behind], 'without the run it cannot be told on what the rest follows')
    original.replace(compact)
    original.add(behind)
    assert.deepEqual(original.tips(writer), both.tips(writer))
    assert.deepEqual([...(both.missing(writer, original.tips(writer)) ?? [])], [])
  })

  it('counts a compact unit for all of its run', () => {
    const chain = [unit(undefined, 'a', 2)]
    for (let i = 0; i < 4; i++) chain.push(unit(chain.at(-1), 'a', 2))
    const log = logOf(chain)
    const [first, , , fourth] = chain as [Unit, Unit, Unit, Unit, Unit]
    const compact: Unit = { ...fourth, first: first.first, previous: first.previous, compact: true }
    const before = log.vector()
    assert.deepEqual(log.overlapping(writer, 2, 3), [chain.slice(0, 2)])
    log.replace(compact)
    assert.deepEqual(log.overlapping(writer, 1, 99), [[compact, chain[4]]])
    assert.deepEqual(
      [chain[1], fourth, chain[4]].map(item => item && log.isCompacted(item)),
      [true, true, false],
    )
    assert.deepEqual(log.vector(), before)
    for (const item of chain) assert.equal(log.standing(item), 'known')
    const heads = (item: Unit | undefined) => (item ? [headOf(item)] : [])
    assert.deepEqual([...(log.missing(writer, heads(chain[1])) ?? [])], [compact, chain[4]])
    assert.deepEqual([...(log.missing(writer, heads(fourth)) ?? [])], [chain[4]])
    assert.equal(log.standing(unit(chain[1], 'branch', 9)), 'next', 'its parent lies in the run')
    assert.equal(log.standing(unit(chain[4], 'n')), 'next')
    assert.equal(log.standing({ ...unit(chain[4], 'n'), first: 12, last: 12 }), 'gap')
  })

  it('tells another history at the end of a run that was compacted, but not within it (R8)', () => {
    const common = unit(undefined, 'common')
    const [own, copied] = [unit(common, 'own'), unit(common, 'copied')]
    const log = logOf([common, own])
    log.replace({ ...own, first: 1, previous: noBatch, compact: true })
    const after = unit(own, 'after')
    log.add(after)
    for (const item of [common, own, after]) assert.equal(log.contradicts(writer, headOf(item)), false)
    for (const item of [copied, unit(copied, 'behind'), unit(after, 'more')]) {
      assert.equal(log.contradicts(writer, headOf(item)), true)
    }
    assert.equal(
      log.contradicts(writer, { counter: 1, hash: copied.hash }),
      false,
      'what lay there is not known any more',
    )
    assert.equal(log.contradicts('bb'.repeat(32), headOf(own)), true)
  })
})
