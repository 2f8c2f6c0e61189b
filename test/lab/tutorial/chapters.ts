/** docs/tutorial.md as tests. */
import { readFileSync } from 'node:fs'
import { packageRoot } from '../../../lab/plan.ts'
import { parseDocument } from '../../support/tutorial/document.ts'
import { createPlayer, type Stage } from '../../support/tutorial/play.ts'

const file = 'docs/tutorial.md'

/** A test per chapter, in a `describe` that brings the hosts up. @param place of the blocks that are carried out: '' in the lab */
export function carryOutChapters(place: string, stage: Stage): void {
  const all = parseDocument(readFileSync(`${packageRoot()}/${file}`, 'utf8'))
  const steps = all.filter(step => step.place === place)
  const player = createPlayer(file, stage)
  let failed: string | undefined
  after(() => player.close())

  for (const chapter of new Set(steps.map(step => step.chapter))) {
    it(chapter, async () => {
      if (failed !== undefined) throw new Error(`not carried out, since this failed: ${failed}`)
      failed = chapter
      for (const step of steps.filter(candidate => candidate.chapter === chapter)) await player.play(step)
      failed = undefined
    })
  }
}
