/** How one kind of record is written and read. */
import type { Plain } from '../lib/cbor.ts'
import type { Leaf } from './leaves.ts'

export type Kind = Leaf['kind']
export type LeafOf<K extends Kind> = Extract<Leaf, { kind: K }>
/** Fields after the kind. */
export type Fields = readonly (Plain | undefined)[]

export interface Codec<K extends Kind> {
  write(leaf: LeafOf<K>): Plain[]
  /** Undefined if malformed. */
  read(fields: Fields): Omit<LeafOf<K>, 'kind'> | undefined
}

/** Of a family of kinds. */
export type Codecs<K extends Kind = Kind> = { readonly [Each in K]: Codec<Each> }
