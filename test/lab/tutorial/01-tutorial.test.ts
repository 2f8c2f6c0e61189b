/** docs/tutorial.md, carried out: every command that it shows, on the lab that it tells its reader to start. */
import { readFileSync } from 'node:fs'
import { packageRoot } from '../../../lab/plan.ts'
import { parseDocument } from '../../support/tutorial/document.ts'
import { createPlayer } from '../../support/tutorial/play.ts'
import { useNoLab } from '../support/index.ts'
import { labStage } from './stage.ts'

const file = 'docs/tutorial.md'
const steps = parseDocument(readFileSync(`${packageRoot()}/${file}`, 'utf8')).filter(step => step.place === '')

describe('the tutorial', function () {
  this.timeout(120_000)
  useNoLab()
  const player = createPlayer(file, labStage)
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
})
