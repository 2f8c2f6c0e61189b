/**
 * Small files of the data directory: an array of so many plain values, and behind them a checksum. A file of an earlier version has
 * none, and an earlier version does not look at it.
 */
import { equalBytes, sha256 } from '../lib/bytes.ts'
import { decode, encode, type Plain } from '../lib/cbor.ts'
import { SkeinError } from '../lib/errors.ts'
import type { Disk } from '../store/disk.ts'

const maxBytes = 1024 * 1024
/** The checksum: the first bytes of the SHA-256 of the array without it. */
const sumBytes = 16

/** All that there are: docs/reference/wire.md describes each, and test/unit/formats has the bytes of each. */
export const checkedFiles = ['identity', 'joining', 'coming-back'] as const

export type CheckedFile = (typeof checkedFiles)[number]

/** Beside a file of which there are two, the second. */
const copySuffix = '.copy'
const damagedSuffix = '.damaged'

export async function writeChecked(disk: Disk, name: CheckedFile, values: readonly Plain[]): Promise<void> {
  await disk.replace(name, encoded(values))
}

/** The values, `count` of them or fewer; undefined if there is no such file. Throws SkeinError('damaged'). */
export async function readChecked(disk: Disk, name: CheckedFile, count: number): Promise<readonly Plain[] | undefined> {
  const bytes = await disk.read(name)
  return bytes && decoded(bytes, name, count)
}

/** A file that nothing else on this machine could replace: it is there twice. */
export async function writeTwice(disk: Disk, name: CheckedFile, values: readonly Plain[]): Promise<void> {
  for (const each of [name, name + copySuffix]) await disk.replace(each, encoded(values))
}

/**
 * What `writeTwice` wrote, by whichever of the two is sound; the other one is made anew. Throws SkeinError('damaged') if neither is.
 *
 * @param repaired told what was wrong
 */
export async function readTwice(
  disk: Disk,
  name: CheckedFile,
  count: number,
  repaired: (problem: string) => void,
): Promise<readonly Plain[] | undefined> {
  const [first, second] = await Promise.all([name, name + copySuffix].map(each => disk.read(each)))
  if (!first && !second) return undefined
  try {
    if (!first) throw missing(name)
    const values = decoded(first, name, count)
    // of an earlier version, with fewer values: left as it is until it is written again
    if (values.length < count) return values
    const wanted = encoded(values)
    if (!equalBytes(first, wanted) || !second || !equalBytes(second, wanted)) await writeTwice(disk, name, values)
    return values
  } catch (error) {
    if (!(error instanceof SkeinError) || error.code !== 'damaged' || !second) throw error
    const values = decoded(second, name, count)
    await writeTwice(disk, name, values)
    repaired(error.message)
    return values
  }
}

/** Moves a file aside that says nothing any more. */
export async function setAside(disk: Disk, name: CheckedFile): Promise<void> {
  const bytes = await disk.read(name)
  if (bytes) await disk.replace(name + damagedSuffix, bytes)
  await disk.remove(name)
}

export function damagedFile(name: CheckedFile): SkeinError {
  return new SkeinError(
    'damaged',
    `the file ${name} in the data directory is damaged: move the directory away and join again with a new token`,
  )
}

function missing(name: CheckedFile): SkeinError {
  return new SkeinError('damaged', `the file ${name} in the data directory is missing`)
}

function encoded(values: readonly Plain[]): Uint8Array {
  return encode([...values, sumOf(values)])
}

function decoded(bytes: Uint8Array, name: CheckedFile, count: number): readonly Plain[] {
  const values = plainList(bytes)
  if (!values) throw damagedFile(name)
  const counted = values.slice(0, count)
  const sum = values[count]
  if (sum !== undefined && !(sum instanceof Uint8Array && equalBytes(sum, sumOf(counted)))) throw damagedFile(name)
  return counted
}

function plainList(bytes: Uint8Array): readonly Plain[] | undefined {
  try {
    const values = decode(bytes, maxBytes)
    return Array.isArray(values) ? values : undefined
  } catch {
    // whatever the reason, the file is not what we wrote
    return undefined
  }
}

function sumOf(values: readonly Plain[]): Uint8Array {
  return sha256(encode(values)).subarray(0, sumBytes)
}
