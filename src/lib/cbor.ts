/**
 * CBOR as Skein uses it: positional arrays of integers, strings, byte strings, booleans and null, nothing else. Arrays
 * only, because cbor-x keeps the key order of maps: equal values must have equal bytes, since they are hashed and signed.
 */
import { Decoder, Encoder } from 'cbor-x'

const options = { useRecords: false, tagUint8Array: false, mapsAsObjects: true, variableMapSize: true }
const encoder = new Encoder(options)
const decoder = new Decoder(options)

/** A value that may be encoded, hashed and signed. */
export type Plain = null | boolean | number | string | Uint8Array | readonly Plain[]

/** Canonical bytes of `value`. */
export function encode(value: Plain): Uint8Array {
  return new Uint8Array(encoder.encode(value))
}

/** Depth of nesting that a decoded value may have; the deepest record (a block's transfers) needs 5. */
const maxDepth = 12

/**
 * Decodes untrusted bytes. Throws when they are larger than `maxBytes`, malformed, nested too deeply, or hold
 * anything but `Plain`. Byte strings are copies.
 */
export function decode(bytes: Uint8Array, maxBytes: number): Plain {
  return plain(raw(bytes, maxBytes), 0, copyOf)
}

/** The same, but byte strings are parts of `bytes`: they keep it in memory, and change with it. */
export function decodeInPlace(bytes: Uint8Array, maxBytes: number): Plain {
  return plain(raw(bytes, maxBytes), 0, viewOf)
}

function raw(bytes: Uint8Array, maxBytes: number): unknown {
  if (bytes.length > maxBytes) throw new Error(`message of ${bytes.length} bytes exceeds the limit of ${maxBytes}`)
  return decoder.decode(bytes)
}

const copyOf = (bytes: Uint8Array) => new Uint8Array(bytes)
/** Never Node's Buffer, whose methods differ. */
const viewOf = (bytes: Uint8Array) =>
  bytes instanceof Buffer ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength) : bytes

function plain(value: unknown, depth: number, take: (bytes: Uint8Array) => Uint8Array): Plain {
  if (depth > maxDepth) throw new Error('message is nested too deeply')
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value
  if (typeof value === 'number' && Number.isFinite(value)) return value
  if (value instanceof Uint8Array) return take(value)
  if (Array.isArray(value)) {
    for (let at = 0; at < value.length; at++) value[at] = plain(value[at], depth + 1, take)
    return value
  }
  throw new Error('message holds a value of an unexpected type')
}
