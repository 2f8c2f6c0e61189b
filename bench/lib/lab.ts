/** A lab for one measurement. */
import { type Lab, upLab } from '../../lab/index.ts'
import type { BenchContext } from './measurement.ts'

/** Brings a lab with a peer per host up, hands it to `use`, takes it down whatever happens. */
export async function withLab<T>(hosts: number, context: BenchContext, use: (lab: Lab) => Promise<T>): Promise<T> {
  const { signal, progress } = context
  const lab = await upLab({ hosts, signal, onProgress: line => progress(`lab: ${line}`) })
  try {
    return await use(lab)
  } finally {
    await lab.down()
  }
}
