/** Removing the lab, whole or in ruins. Namespaces, mounts, cables and rules go with their last process. */
import { rmSync } from 'node:fs'
import { dataDir } from './plan.ts'
import { dropState } from './records.ts'
import { sweep } from './sweep.ts'

/** Ends every process of the lab, removes its files. Does nothing, and succeeds, where there is none. */
export async function downLab(): Promise<void> {
  await sweep()
  rmSync(dataDir, { recursive: true, force: true })
  dropState()
}
