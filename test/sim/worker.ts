/** A process of the fleet: gets seeds, sends results; ends with its parent. */
import { runSeed } from './run-seed.ts'

process.on('message', async seed => {
  process.send?.(await runSeed(Number(seed)))
})
process.on('disconnect', () => process.exit())
