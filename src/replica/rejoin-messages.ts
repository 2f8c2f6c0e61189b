/** The messages of `/skein/rejoin/1` and `/skein/places/1`. A rejoin is answered as a join is (join.ts). */
import { addresses, bytes, bytesOf, hex, key, list, text } from '../crdt/plain.ts'
import { decode, encode, type Plain } from '../lib/cbor.ts'
import { SkeinError } from '../lib/errors.ts'
import type { PeerKey } from '../lib/keys.ts'

export const rejoinProtocol = '/skein/rejoin/1'
/** Where a key was seen lately. */
export const placesProtocol = '/skein/places/1'

const version = 1
const maxBytes = 8 * 1024
/** Addresses of one machine; places of one key. */
const maxPlaces = 64

export interface RejoinRequest {
  /** The new key. */
  readonly key: PeerKey
  readonly name: string
  /** Where its mesh listens: `ADDR:PORT`. */
  readonly addresses: readonly string[]
  /** All addresses of this machine, dotted; the first 64 are sent. */
  readonly places: readonly string[]
  /** As `machineOf` has it; '' if it is not known. */
  readonly machine: string
  /** By the new key: it means this mesh and this predecessor. */
  readonly proof: Uint8Array
  /** By the former key; goes into the admission. */
  readonly succession: Uint8Array
}

export function encodeRejoin(request: RejoinRequest): Uint8Array {
  const { key: next, name, addresses, places, machine, proof, succession } = request
  const own = places.slice(0, maxPlaces)
  return encode([version, bytesOf(next), name, addresses, own, bytesOf(machine), proof, succession])
}

/** Throws SkeinError('invalid') when malformed. */
export function decodeRejoin(message: Uint8Array): RejoinRequest {
  const fields = decode(message, maxBytes)
  const [format, ...rest] = Array.isArray(fields) ? fields : []
  const next = key(rest[0])
  const name = text(rest[1], 253)
  const listen = addresses(rest[2])
  const places = placeList(rest[3])
  const machine = hex(rest[4], 16) ?? hex(rest[4], 0)
  const [proof, succession] = [bytes(rest[5], 64), bytes(rest[6], 64)]
  if (format !== version || !next || !name || !listen || !places || machine === undefined || !proof || !succession) {
    throw new SkeinError('invalid', 'malformed request to come back; both sides need the same version of skeind')
  }
  return { key: next, name, addresses: listen, places, machine, proof, succession }
}

/** The question where `peer` was seen. */
export function encodePlacesQuestion(peer: PeerKey): Uint8Array {
  return encode([version, bytesOf(peer)])
}

/** Throws SkeinError('invalid') when malformed. */
export function decodePlacesQuestion(message: Uint8Array): PeerKey {
  const fields = decode(message, maxBytes)
  const asked = Array.isArray(fields) && fields[0] === version ? key(fields[1]) : undefined
  if (!asked) throw new SkeinError('invalid', 'malformed question for the places of a member')
  return asked
}

/** The answer: the first 64 of these. */
export function encodePlaces(places: readonly string[]): Uint8Array {
  return encode([version, places.slice(0, maxPlaces)])
}

/** None of an answer that says nothing of the kind. */
export function decodePlaces(answer: Uint8Array): string[] {
  const message = decode(answer, maxBytes)
  return (Array.isArray(message) && message[0] === version ? placeList(message[1]) : undefined) ?? []
}

function placeList(value: Plain | undefined): string[] | undefined {
  return list(value, maxPlaces, item => text(item, 64))
}
