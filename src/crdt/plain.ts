/** Readers of decoded fields: undefined for whatever is not of the asked shape. */
import { fromHex, toHex } from '../lib/bytes.ts'
import type { Plain } from '../lib/cbor.ts'
import type { PeerKey } from '../lib/keys.ts'
import { isName, isNetworkName } from '../model/names.ts'
import { type Dot, dotFromPlain } from './vector.ts'

/** The object itself if none of its values is undefined: the check that every field was well formed. */
export function whole<T extends object>(fields: { [F in keyof T]: T[F] | undefined }): T | undefined {
  for (const name in fields) if (fields[name] === undefined) return undefined
  return fields as T
}

export function text(value: Plain | undefined, maxLength: number): string | undefined {
  return typeof value === 'string' && value.length <= maxLength ? value : undefined
}

/** An integer from `min` to `max`. */
export function integer(value: Plain | undefined, min: number, max: number): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max ? value : undefined
}

/** Bytes of one length, as hex. */
export function hex(value: Plain | undefined, length: number): string | undefined {
  return value instanceof Uint8Array && value.length === length ? toHex(value) : undefined
}

/** What `decodeHashes` makes of bytes of one length. */
export function hash(value: Plain | undefined, length: number): string | undefined {
  return typeof value === 'string' && value.length === 2 * length ? value : undefined
}

/** Bytes of one length, copied. */
export function bytes(value: Plain | undefined, length: number): Uint8Array | undefined {
  return value instanceof Uint8Array && value.length === length ? new Uint8Array(value) : undefined
}

export function flag(value: Plain | undefined): boolean | undefined {
  return typeof value === 'boolean' ? value : undefined
}

/** An IPv4 address as a number. */
export function ip(value: Plain | undefined): number | undefined {
  return integer(value, 0, 0xffffffff)
}

/** `ADDR:PORT`, at most 16, of any text. */
export function addresses(value: Plain | undefined): string[] | undefined {
  return list(value, 16, item => text(item, 64))
}

/** Every item by `read`; undefined if it is no array, too long, or an item is malformed. */
export function list<T>(
  value: Plain | undefined,
  maxLength: number,
  read: (item: Plain) => T | undefined,
): T[] | undefined {
  if (!Array.isArray(value) || value.length > maxLength) return undefined
  const items: T[] = []
  for (const item of value) {
    const read1 = read(item)
    if (read1 === undefined) return undefined
    items.push(read1)
  }
  return items
}

/** A hash, or '' as no bytes. */
export function optionalHash(value: Plain | undefined): string | undefined {
  return hex(value, 32) ?? hex(value, 0)
}

export function key(value: Plain | undefined): PeerKey | undefined {
  return hex(value, 32)
}

export function dots(value: Plain | undefined): Dot[] | undefined {
  return list(value, 4096, dotFromPlain)
}

export function bytesOf(hexText: string): Uint8Array {
  return fromHex(hexText)
}

/** The name of a tenant, group, policy, rule or profile. */
export function name(value: Plain | undefined): string | undefined {
  const read = text(value, 64)
  return read !== undefined && isName(read) ? read : undefined
}

export function networkName(value: Plain | undefined): string | undefined {
  const read = text(value, 64)
  return read !== undefined && isNetworkName(read) ? read : undefined
}

/** Labels or options of Docker: at most 256, each [name ≤ 512, value ≤ 16384]. */
export function pairs(value: Plain | undefined): (readonly [name: string, value: string])[] | undefined {
  return list(value, 256, item => {
    if (!Array.isArray(item)) return undefined
    const [left, right] = [text(item[0], 512), text(item[1], 16_384)]
    return left === undefined || right === undefined ? undefined : ([left, right] as const)
  })
}
