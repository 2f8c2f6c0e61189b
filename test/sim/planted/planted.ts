/** A deliberate fault: a faulty part in the place of the one that ships. */
import type { Parts } from '../parts.ts'

export interface Planted {
  readonly what: string
  readonly parts: Partial<Parts>
  /** What it breaks: the name of an invariant; of a told history also what that says. */
  readonly breaks: RegExp
  /** Within so many seeds; or the told history that is about it. */
  readonly budget: number | ((parts: Parts) => Promise<void>)
}
