/** By what it is decided whether a leaf may be let go of: the tables' `mayDrop` say it for each kind. */
import type { Dot } from './vector.ts'

export interface Drops {
  /** Whether what supersedes a leaf may be relied on: its writer knows that everybody has it; whoever judges others says yes. */
  stable(dot: Dot): boolean
  /** Whether this leaf is let go of in the same step. */
  goes(dot: Dot): boolean
  /**
   * True for whoever judges another's checkpoint: then only that counts which further records cannot change, so that all
   * judge alike whatever comes when. The writer itself looks at everything that it holds.
   */
  readonly judges: boolean
}
