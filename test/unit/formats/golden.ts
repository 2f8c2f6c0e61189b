/** Formats that stay: their golden bytes, and what every format is held to. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { fromHex, toHex } from '../../../src/lib/bytes.ts'

/** Bytes in hex, or another text, by what they are of. */
export type Golden = Record<string, string>

/** A file of the folder `golden`. */
export function golden<T = Golden>(name: string): T {
  return JSON.parse(readFileSync(new URL(`golden/${name}.json`, import.meta.url), 'utf8'))
}

/** One value of a format, and the shipped code that writes and reads it. */
export interface Format<T> {
  readonly value: T
  encode(value: T): Uint8Array | Promise<Uint8Array>
  decode(bytes: Uint8Array): T | Promise<T>
}

/** To have formats of several values in one table. */
export function format<T>(of: Format<T>): Format<unknown> {
  return of as Format<unknown>
}

/** Always the same bytes, which nobody takes apart. */
export function constant(value: Uint8Array): Format<unknown> {
  return format({ value, encode: bytes => bytes, decode: bytes => bytes })
}

/** The value has the golden bytes; they are read as the value, and written again as they were. */
export async function assertStays({ value, encode, decode }: Format<unknown>, hex: string | undefined): Promise<void> {
  assert.ok(hex, `no golden bytes: ${toHex(await encode(value))}`)
  assert.equal(toHex(await encode(value)), hex)
  const read = await decode(fromHex(hex))
  assert.deepEqual(read, value)
  assert.equal(toHex(await encode(read)), hex)
}
