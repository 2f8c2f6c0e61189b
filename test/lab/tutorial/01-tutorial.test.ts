/** docs/tutorial.md, carried out: every command that it shows, on the lab that it tells its reader to start. */
import { useNoLab } from '../support/index.ts'
import { carryOutChapters } from './chapters.ts'
import { labStage } from './stage.ts'

describe('the tutorial', function () {
  this.timeout(120_000)
  useNoLab()
  carryOutChapters('', labStage)
})
