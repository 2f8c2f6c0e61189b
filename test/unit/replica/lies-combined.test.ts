/** Issue 4: nobody diverges by a member that lies in several ways at a time: forged units, false checkpoints, several histories. */
import fc from 'fast-check'
import { describe, it } from 'mocha'
import { agreeAfter, sayTo } from './crosswise.ts'
import { histories, type Move, shareOf, showings } from './random-histories.ts'
import { hostileMoves, lies, withLie } from './random-lies.ts'

const isTold = fc.array(fc.boolean(), { minLength: 15, maxLength: 15 })

/** Some of them make a history part. */
const parting = hostileMoves.map(list => list.map((move, i): Move => (i % 5 === 4 ? { ...move, kind: 'part' } : move)))

describe('replica: several lies about one’s own records at a time, at random', function () {
  this.timeout(120_000)

  for (const [what, moves] of [
    ['of one history', hostileMoves],
    ['of several histories', parting],
  ] as const) {
    it(`a false unit, and checkpoints that let go of anything, ${what}: all hold the same in the end`, async () => {
      const law = fc.asyncProperty(moves, lies, showings, isTold, (made, lie, shown, told) =>
        agreeAfter(async (mesh, web) => {
          const all = histories(mesh.hand, web, made)
          const lied = all.map(path => withLie(mesh.hand, path, lie))
          for (const [i, showing] of shown.entries())
            await sayTo(mesh, showing.host, shareOf(told[i] ? lied : all, showing))
        }),
      )
      await fc.assert(law, { numRuns: 40 })
    })
  }
})
