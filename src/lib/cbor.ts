/**
 * CBOR as Skein uses it: positional arrays of integers, strings, byte strings, booleans and null, nothing else. Arrays
 * only, because cbor-x keeps the key order of maps: equal values must have equal bytes, since they are hashed and signed.
 */
import { Encoder } from 'cbor-x'
import { CborReader, type Take } from './cbor-reader.ts'

const encoder = new Encoder({ useRecords: false, tagUint8Array: false, mapsAsObjects: true, variableMapSize: true })

/** A value that may be encoded, hashed and signed. */
export type Plain = null | boolean | number | string | Uint8Array | readonly Plain[]

/** Canonical bytes of `value`. */
export function encode(value: Plain): Uint8Array {
  return new Uint8Array(encoder.encode(value))
}

/**
 * Decodes untrusted bytes. Throws when they are larger than `maxBytes`, malformed, nested too deeply, or hold
 * anything but `Plain`. Byte strings are copies.
 */
export function decode(bytes: Uint8Array, maxBytes: number): Plain {
  return read(bytes, maxBytes, copyOf)
}

/** The same, but byte strings are parts of `bytes`: they keep it in memory, and change with it. */
export function decodeInPlace(bytes: Uint8Array, maxBytes: number): Plain {
  return read(bytes, maxBytes, viewOf)
}

/**
 * The same of numbers and hashes alone: byte strings come as hex, which is made in less time than bytes that become hex later. Texts, which
 * could be taken for it, come as null.
 */
export function decodeHashes(bytes: Uint8Array, maxBytes: number): Plain {
  return read(bytes, maxBytes, hexOf, false)
}

function read(bytes: Uint8Array, maxBytes: number, take: Take, hasTexts = true): Plain {
  if (bytes.length > maxBytes) throw new Error(`message of ${bytes.length} bytes exceeds the limit of ${maxBytes}`)
  return new CborReader(bytes, take, hasTexts).whole()
}

// never Node's Buffer, whose methods differ
const copyOf: Take = (bytes, from, to) => new Uint8Array(viewOf(bytes, from, to))
const viewOf = (bytes: Uint8Array, from: number, to: number) =>
  new Uint8Array(bytes.buffer, bytes.byteOffset + from, to - from)
const hexOf: Take = (bytes, from, to) => bytes.toString('hex', from, to)
