/**
 * Who this peer is, in one small file of the data directory: an incarnation is a key (R8), and a key belongs to one mesh.
 * A peer that is about to join writes the new key and the token first, so that a crash in the middle joins again with
 * the same key, which the issuer answers again.
 */

import { meshIdOf } from '../crdt/identity.ts'
import { hex, list, text } from '../crdt/plain.ts'
import { fromHex, toHex } from '../lib/bytes.ts'
import { decode, encode, type Plain } from '../lib/cbor.ts'
import { SkeinError } from '../lib/errors.ts'
import { newSeed, type PeerKey, signerOf } from '../lib/keys.ts'
import type { Introductions } from '../replica/join.ts'
import type { Disk } from '../store/disk.ts'

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
const maxIdentityBytes = 1024 * 1024

/** A new mesh of one. */
export function foundMesh(): Identity {
  const seed = newSeed()
  const nonce = newSeed().subarray(0, 16)
  return { seed, meshId: meshIdOf(signerOf(seed).key, nonce), nonce: toHex(nonce), introductions: [], former: [] }
}

/** The identity on disk; undefined if there is none. Throws when the file is damaged. */
export async function readIdentity(disk: Disk): Promise<Identity | undefined> {
  const bytes = await disk.read(identityName)
  if (!bytes) return undefined
  const value = readPlain(bytes, identityName)
  const seed = hex(value[1], 32)
  const meshId = hex(value[2], 16)
  const nonce = text(value[3], 32)
  const introductions = list(value[4], 4096, introduction)
  const former = formerIn(value[5])
  if (value[0] !== format || !seed || !meshId || nonce === undefined || !introductions || !former)
    throw damaged(identityName)
  return { seed: fromHex(seed), meshId, nonce, introductions, former }
}

export async function writeIdentity(disk: Disk, identity: Identity): Promise<void> {
  const { seed, meshId, nonce, introductions, former } = identity
  const members = introductions.map((member): Plain => [fromHex(member.key), member.addresses])
  await disk.replace(identityName, encode([format, seed, fromHex(meshId), nonce, members, former.map(fromHex)]))
}

/** A join that was begun and not finished. */
export async function readJoining(disk: Disk): Promise<Joining | undefined> {
  const bytes = await disk.read(joiningName)
  if (!bytes) return undefined
  const value = readPlain(bytes, joiningName)
  const seed = hex(value[1], 32)
  const token = text(value[2], 8192)
  const former = formerIn(value[3])
  if (value[0] !== format || !seed || !token || !former) throw damaged(joiningName)
  return { seed: fromHex(seed), token, former }
}

export async function writeJoining(disk: Disk, joining: Joining | undefined): Promise<void> {
  if (joining)
    await disk.replace(joiningName, encode([format, joining.seed, joining.token, joining.former.map(fromHex)]))
  else await disk.remove(joiningName)
}

/** The private key under which this host was about to come back (R8), so that it asks again with the same one. */
export async function readComingBack(disk: Disk): Promise<Uint8Array | undefined> {
  const bytes = await disk.read(comingBackName)
  if (!bytes) return undefined
  const value = readPlain(bytes, comingBackName)
  const seed = hex(value[1], 32)
  if (value[0] !== format || !seed) throw damaged(comingBackName)
  return fromHex(seed)
}

export async function writeComingBack(disk: Disk, seed: Uint8Array | undefined): Promise<void> {
  if (seed) await disk.replace(comingBackName, encode([format, seed]))
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

function readPlain(bytes: Uint8Array, name: string): readonly Plain[] {
  try {
    const value = decode(bytes, maxIdentityBytes)
    if (Array.isArray(value)) return value
  } catch {
    // falls through: whatever the reason, the file is not what we wrote
  }
  throw damaged(name)
}

function damaged(name: string): SkeinError {
  return new SkeinError(
    'internal',
    `the file ${name} in the data directory is damaged: move the directory away and join again with a new token`,
  )
}

function introduction(value: Plain): Introductions[number] | undefined {
  if (!Array.isArray(value)) return undefined
  const key = hex(value[0], 32)
  const addresses = list(value[1], 16, item => text(item, 64))
  return key && addresses ? { key, addresses } : undefined
}
