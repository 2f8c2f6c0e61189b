/** Issue 4: forking one's own chain makes nobody diverge, also where the histories let go of what others have. */
import fc from 'fast-check'
import { describe, it } from 'mocha'
import { agreeAfter, sayTo } from './crosswise.ts'
import { histories, moves, shareOf, showings } from './random-histories.ts'

describe('replica: histories of one key that let go of what others have', function () {
  this.timeout(120_000)

  it('whatever of them is shown to whom, in whatever order: all hold the same in the end', async () => {
    const law = fc.asyncProperty(moves, showings, (made, shown) =>
      agreeAfter(async (mesh, web) => {
        const all = histories(mesh.hand, web, made)
        for (const showing of shown) await sayTo(mesh, showing.host, shareOf(all, showing))
      }),
    )
    await fc.assert(law, { numRuns: 60 })
  })
})
