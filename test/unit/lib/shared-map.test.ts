import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, it } from 'mocha'
import { SharedMap } from '../../../src/lib/shared-map.ts'
import { stepsOf } from '../../support/work.ts'

const sorted = <V>(map: ReadonlyMap<string, V>) => [...map].sort(([a], [b]) => (a < b ? -1 : 1))
const numbered = (count: number) =>
  SharedMap.of(Array.from({ length: count }, (_, n) => [`10.1.${n >> 8}.${n & 255}`, n] as const))

describe('shared map', () => {
  it('holds what a map would after the same changes, and says in what any two differ', () => {
    const names = fc.nat(300).map(String)
    const changes = fc.array(fc.tuple(names, fc.option(fc.nat(3), { nil: undefined })), { maxLength: 120 })
    fc.assert(
      fc.property(fc.array(changes, { minLength: 1, maxLength: 8 }), steps => {
        const plain = new Map<string, number>()
        const all = [SharedMap.of<number>()]
        for (const step of steps) {
          for (const [name, value] of step) {
            if (value === undefined) plain.delete(name)
            else plain.set(name, value)
          }
          const before = all.at(-1) as SharedMap<number>
          const held = sorted(before)
          const next = before.with(step)
          assert.deepEqual(sorted(before), held, 'a map never changes')
          assert.deepEqual(sorted(next), sorted(plain))
          assert.equal(next.size, plain.size)
          for (const [name] of step)
            assert.deepEqual([next.get(name), next.has(name)], [plain.get(name), plain.has(name)])
          assert.deepEqual(
            new Set([...next.keys()].map((name, at) => [name, [...next.values()][at]].join())),
            new Set([...plain].map(String)),
          )
          for (const other of all) {
            const different = [...new Set([...other.keys(), ...plain.keys()])].filter(
              name => other.get(name) !== plain.get(name),
            )
            assert.deepEqual(SharedMap.differences(other, next), different.sort())
            assert.deepEqual(SharedMap.differences(next, new Map(other)), different, 'from an ordinary map')
          }
          all.push(next)
        }
      }),
      { numRuns: 60 },
    )
  })

  it('is itself if nothing differs', () => {
    const map = numbered(1_000)
    assert.equal(
      map.with([
        ['10.1.0.7', 7],
        ['nobody', undefined],
      ]),
      map,
    )
    assert.equal(SharedMap.of(map), map)
  })

  it('takes and compares a change among thousands in as many steps as one among hundreds', () => {
    const steps = [500, 50_000].map(count => {
      const map = numbered(count)
      let found: string[] = []
      const taken = stepsOf(() => {
        found = SharedMap.differences(map, map.with([['10.1.0.7', 8]]))
      })
      assert.deepEqual(found, ['10.1.0.7'])
      return taken
    })
    assert.ok((steps[1] ?? 0) < 3 * (steps[0] ?? 0), `${steps}`)
  })

  it('keeps names apart whose hashes are equal', () => {
    // as they collide in 32 bits of FNV-1a
    const names = ['costarring', 'liquid', 'declinate', 'macallums', 'altarage', 'zinke']
    const map = SharedMap.of(names.map((name, at) => [name, at] as const))
    const more = map.with(numbered(500))
    assert.deepEqual(
      names.map(name => more.get(name)),
      [0, 1, 2, 3, 4, 5],
    )
    assert.deepEqual(SharedMap.differences(more, more.with([['liquid', undefined]])), ['liquid'])
  })
})
