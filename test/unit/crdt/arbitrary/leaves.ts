/** A random record of each kind that there is. */
import fc, { type Arbitrary } from 'fast-check'
import type { Kind } from '../../../../src/crdt/codec.ts'
import type { Leaf } from '../../../../src/crdt/leaves.ts'
import { addressArbitraries, checkpointArbitraries, endpointArbitraries } from './addresses.ts'
import type { Fields } from './fields.ts'
import type { Arbitraries } from './kinds.ts'
import { memberArbitraries, removalArbitraries } from './members.ts'
import { networkArbitraries } from './networks.ts'
import { objectArbitraries } from './objects.ts'

/** By kind; a kind that no family has is an error of types. */
export function leafArbitraries(fields: Fields): ReadonlyMap<Kind, Arbitrary<Leaf>> {
  const all: Arbitraries = {
    ...memberArbitraries(fields),
    ...removalArbitraries(fields),
    ...networkArbitraries(fields),
    ...endpointArbitraries(fields),
    ...addressArbitraries(fields),
    ...checkpointArbitraries(fields),
    ...objectArbitraries(fields),
  }
  return new Map(
    Object.entries<Arbitrary<object>>(all).map(([kind, fieldsOfKind]) => [
      kind as Kind,
      fieldsOfKind.map(values => ({ kind, ...values }) as Leaf),
    ]),
  )
}

/** Of any kind. */
export function anyLeaf(of: ReadonlyMap<Kind, Arbitrary<Leaf>>): Arbitrary<Leaf> {
  return fc.oneof(...of.values())
}
