/**
 * Who this peer is, in one small file of the data directory: an incarnation is a key (R8), and a key belongs to one mesh.
 * A peer that is about to join writes the new key and the token first, so that a crash in the middle joins again with
 * the same key, which the issuer answers again.
 */

import { meshIdOf } from '../crdt/identity.ts'
import { hex, list, text } from '../crdt/plain.ts'
import { fromHex, toHex } from '../lib/bytes.ts'
import type { Plain } from '../lib/cbor.ts'
import { SkeinError } from '../lib/errors.ts'
import { newSeed, type PeerKey, signerOf } from '../lib/keys.ts'
import type { Introductions } from '../replica/join.ts'
import type { Disk } from '../store/disk.ts'
import {
  type CheckedFile,
  damagedFile,
  readChecked,
  readTwice,
  setAside,
  writeChecked,
  writeTwice,
} from './checked-file.ts'

export interface Identity {
  /** Private key, 32 bytes. */
  readonly seed: Uint8Array
  readonly meshId: string
  /** The founder's nonce (16 bytes, hex), from which the mesh id follows; '' for a peer that joined. */
  readonly nonce: string
  /** Members to connect to before the first synchronisation. */
  readonly introductions: Introductions
  /** Keys that this machine had in the mesh, was removed under, and gave up, the latest first: no other is known to run with them (R9). */
  readonly former: readonly PeerKey[]
}

export interface Joining {
  readonly seed: Uint8Array
  readonly token: string
  /** As of the identity that this becomes, if its mesh is the one of the present. */
  readonly former: readonly PeerKey[]
}

const identityName = 'identity'
const joiningName = 'joining'
const comingBackName = 'coming-back'
const format = 1
/** Keys that one machine gave up, of which a removal may be left. */
export const maxFormer = 16

/** A new mesh of one. */
export function foundMesh(): Identity {
  const seed = newSeed()
  const nonce = newSeed().subarray(0, 16)
  return { seed, meshId: meshIdOf(signerOf(seed).key, nonce), nonce: toHex(nonce), introductions: [], former: [] }
}

/** Told what was damaged on the disk, and is dealt with. */
export type Problem = (text: string) => void

/** The identity on disk; undefined if there is none. Throws SkeinError('damaged') when both of its files are. */
export async function readIdentity(disk: Disk, problem: Problem): Promise<Identity | undefined> {
  const value = await readTwice(disk, identityName, 6, problem)
  if (!value) return undefined
  const seed = hex(value[1], 32)
  const meshId = hex(value[2], 16)
  const nonce = text(value[3], 32)
  const introductions = list(value[4], 4096, introduction)
  const former = formerIn(value[5])
  if (value[0] !== format || !seed || !meshId || nonce === undefined || !introductions || !former)
    throw damagedFile(identityName)
  return { seed: fromHex(seed), meshId, nonce, introductions, former }
}

export async function writeIdentity(disk: Disk, identity: Identity): Promise<void> {
  const { seed, meshId, nonce, introductions, former } = identity
  const members = introductions.map((member): Plain => [fromHex(member.key), member.addresses])
  await writeTwice(disk, identityName, [format, seed, fromHex(meshId), nonce, members, former.map(fromHex)])
}

/** A join that was begun and not finished. One of which the file is damaged never began: it is set aside. */
export function readJoining(disk: Disk, problem: Problem): Promise<Joining | undefined> {
  return orSetAside(disk, joiningName, 4, problem, value => {
    const seed = hex(value[1], 32)
    const token = text(value[2], 8192)
    const former = formerIn(value[3])
    return value[0] === format && seed && token && former ? { seed: fromHex(seed), token, former } : undefined
  })
}

export async function writeJoining(disk: Disk, joining: Joining | undefined): Promise<void> {
  if (joining) await writeChecked(disk, joiningName, [format, joining.seed, joining.token, joining.former.map(fromHex)])
  else await disk.remove(joiningName)
}

/**
 * The private key under which this host was about to come back (R8), so that it asks again with the same one. A damaged file is
 * set aside.
 */
export function readComingBack(disk: Disk, problem: Problem): Promise<Uint8Array | undefined> {
  return orSetAside(disk, comingBackName, 2, problem, value => {
    const seed = hex(value[1], 32)
    return value[0] === format && seed ? fromHex(seed) : undefined
  })
}

export async function writeComingBack(disk: Disk, seed: Uint8Array | undefined): Promise<void> {
  if (seed) await writeChecked(disk, comingBackName, [format, seed])
  else await disk.remove(comingBackName)
}

/** Where the records of this incarnation live, below the data directory. */
export function recordsDirectory(identity: Identity): string {
  return `records-${signerOf(identity.seed).key.slice(0, 16)}`
}

/** A file of an older version has none. */
function formerIn(value: Plain | undefined): PeerKey[] | undefined {
  return value === undefined ? [] : list(value, maxFormer, item => hex(item, 32))
}

/** What the file says; undefined if there is none, or none that can be read. */
async function orSetAside<T>(
  disk: Disk,
  name: CheckedFile,
  count: number,
  problem: Problem,
  read: (value: readonly Plain[]) => T | undefined,
): Promise<T | undefined> {
  try {
    const value = await readChecked(disk, name, count)
    if (!value) return undefined
    const found = read(value)
    if (found === undefined) throw damagedFile(name)
    return found
  } catch (error) {
    if (!(error instanceof SkeinError) || error.code !== 'damaged') throw error
    await setAside(disk, name)
    problem(`the file ${name} in the data directory was damaged, and is set aside`)
    return undefined
  }
}

function introduction(value: Plain): Introductions[number] | undefined {
  if (!Array.isArray(value)) return undefined
  const key = hex(value[0], 32)
  const addresses = list(value[1], 16, item => text(item, 64))
  return key && addresses ? { key, addresses } : undefined
}
