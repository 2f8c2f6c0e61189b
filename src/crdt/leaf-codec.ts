/** Leaves to canonical bytes and back. */
import { decodeInPlace, encode, type Plain } from '../lib/cbor.ts'
import { addressCodecs } from './address-codec.ts'
import { checkpointCodecs } from './checkpoint-codec.ts'
import type { Codec, Codecs, Kind } from './codec.ts'
import { endpointCodecs } from './endpoint-codec.ts'
import { type Leaf, maxLeafBytes } from './leaves.ts'
import { memberCodecs } from './member-codec.ts'
import { networkCodecs } from './network-codec.ts'
import { objectCodecs } from './object-codec.ts'
import { removalCodecs } from './removal-codec.ts'

const codecs: Codecs = {
  ...memberCodecs,
  ...removalCodecs,
  ...networkCodecs,
  ...endpointCodecs,
  ...addressCodecs,
  ...checkpointCodecs,
  ...objectCodecs,
}

/** Canonical bytes: [kind, field, …]. */
export function encodeLeaf(leaf: Leaf): Uint8Array {
  const codec = codecs[leaf.kind] as Codec<Kind>
  return encode([leaf.kind, ...codec.write(leaf)])
}

/** The leaf; undefined if its kind is unknown or a field malformed (it then takes no effect). */
export function decodeLeaf(leafBytes: Uint8Array): Leaf | undefined {
  let value: Plain
  try {
    value = decodeInPlace(leafBytes, maxLeafBytes)
  } catch {
    return undefined // not CBOR as we write it: no effect
  }
  if (!Array.isArray(value) || typeof value[0] !== 'string' || !Object.hasOwn(codecs, value[0])) return undefined
  const kind = value[0] as Kind
  const fields = (codecs[kind] as Codec<Kind>).read(value.slice(1))
  return fields === undefined ? undefined : (Object.assign(fields, { kind }) as Leaf)
}
