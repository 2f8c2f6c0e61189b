/** What each family of records gives: a random record for each of its kinds. */
import type { Arbitrary } from 'fast-check'
import type { Kind, LeafOf } from '../../../../src/crdt/codec.ts'

/** Without the kind itself. */
export type Arbitraries<K extends Kind = Kind> = {
  readonly [Each in K]: Arbitrary<Omit<LeafOf<Each>, 'kind'>>
}
