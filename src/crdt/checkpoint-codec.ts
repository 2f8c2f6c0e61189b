/** How checkpoints are written and read. */
import type { Codecs } from './codec.ts'
import { maxRunCounters } from './leaves.ts'
import { bytes, integer, whole } from './plain.ts'

export const checkpointCodecs: Codecs<'checkpoint'> = {
  checkpoint: {
    write: l => [l.first, l.last, l.bitmap, l.signature],
    read: f => {
      const first = integer(f[0], 1, Number.MAX_SAFE_INTEGER - maxRunCounters)
      const last = first && integer(f[1], first, first + maxRunCounters - 1)
      const size = first && last ? Math.ceil((last - first + 1) / 8) : 0
      return first && last ? whole({ first, last, bitmap: bytes(f[2], size), signature: bytes(f[3], 64) }) : undefined
    },
  },
}
