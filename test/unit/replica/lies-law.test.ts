/** Issue 4: nobody diverges by what a member says is left of its records, nor by checkpoints that let go of anything. */
import fc from 'fast-check'
import { describe, it } from 'mocha'
import { agreeAfter, agreeOrSaySo, sayTo } from './crosswise.ts'
import { histories, moves, shareOf, showings } from './random-histories.ts'
import { hostileMoves, lies, plainMoves, withLie } from './random-lies.ts'

describe('replica: lies about one’s own records, at random', function () {
  this.timeout(120_000)

  it('whoever is told one in the place of the records: all hold the same in the end', async () => {
    const law = fc.asyncProperty(
      plainMoves,
      lies,
      showings,
      fc.infiniteStream(fc.boolean()),
      (made, lie, shown, isTold) =>
        agreeAfter(async (mesh, web) => {
          const all = histories(mesh.hand, web, made)
          const told = [withLie(mesh.hand, all[0] ?? [], lie)]
          for (const showing of shown)
            await sayTo(mesh, showing.host, shareOf(isTold.next().value ? told : all, showing))
        }),
    )
    await fc.assert(law, { numRuns: 60 })
  })

  it('whatever its checkpoints let go of: all hold the same in the end', async () => {
    const law = fc.asyncProperty(hostileMoves, showings, (made, shown) =>
      agreeAfter(async (mesh, web) => {
        const all = histories(mesh.hand, web, made)
        for (const showing of shown) await sayTo(mesh, showing.host, shareOf(all, showing))
      }),
    )
    await fc.assert(law, { numRuns: 60 })
  })

  it('whatever it combines, with several histories too: whoever then differs from another names it', async () => {
    const law = fc.asyncProperty(
      fc.oneof(moves, hostileMoves),
      lies,
      showings,
      fc.infiniteStream(fc.boolean()),
      (made, lie, shown, isTold) =>
        agreeOrSaySo(async (mesh, web) => {
          const all = histories(mesh.hand, web, made)
          const told = all.map(path => withLie(mesh.hand, path, lie))
          for (const showing of shown)
            await sayTo(mesh, showing.host, shareOf(isTold.next().value ? told : all, showing))
        }),
    )
    await fc.assert(law, { numRuns: 60, endOnFailure: true })
  })
})
