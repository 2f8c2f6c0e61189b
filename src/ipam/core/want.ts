/**
 * Requests of `/skein/ipam/1`.
 *
 * For any address: [1, 'want', network id, blocks wanted, nonce, even the last one, single addresses]. The last says how
 * many single addresses the asker takes if there is no block for it; older askers leave it out, which is 0. The owner
 * answers with what it has durably transferred (R2): [index, …], or, to who takes single addresses,
 * [[index, …], [address, …], ms], where ms says when the next address that cools down may move, 0 if none does.
 *
 * For a given address: [1, 'claim', network id, address, nonce]. The owner answers [true] when the address is the asker's,
 * [false] when it is not the owner's to give, and refuses with the reason when it is not free.
 *
 * A request that is repeated under its nonce, because the reply was lost, is answered again and gives nothing more; the
 * asker uses what it gets only once its own state shows the transfer (R3), so that a lost, doubled or late reply harms
 * nobody.
 */
import { decode, encode, type Plain } from '../../lib/cbor.ts'
import type { NetworkId } from '../../model/network.ts'

export const donationProtocol = '/skein/ipam/1'

/** More blocks, or single addresses, are never given at once. */
export const maxBlocksPerRequest = 16

const maxBytes = 1024

export interface Want {
  readonly kind: 'want'
  readonly network: NetworkId
  /** 1 to `maxBlocksPerRequest`. */
  readonly count: number
  readonly nonce: number
  readonly evenLast: boolean
  /** 0 to `maxBlocksPerRequest`. */
  readonly singles: number
}

export interface Claim {
  readonly kind: 'claim'
  readonly network: NetworkId
  readonly ip: number
  readonly nonce: number
}

/** What an owner gave. */
export interface Grant {
  readonly blocks: readonly number[]
  readonly ips: readonly number[]
  /** When nothing was given: in how many ms a freed address of the owner may move; 0 if there is none. */
  readonly coolsInMs: number
}

export function encodeWant({ network, count, nonce, evenLast, singles }: Omit<Want, 'kind'>): Uint8Array {
  return encode([1, 'want', network, count, nonce, evenLast, singles])
}

export function encodeClaim({ network, ip, nonce }: Omit<Claim, 'kind'>): Uint8Array {
  return encode([1, 'claim', network, ip, nonce])
}

/** Throws on anything but a request of this version. */
export function decodeRequest(bytes: Uint8Array): Want | Claim {
  const value = decode(bytes, maxBytes)
  if (!Array.isArray(value) || value[0] !== 1) throw new Error('unknown address request')
  const [, kind, network, ...fields] = value
  if (typeof network !== 'string' || !/^[0-9a-f]{64}$/.test(network))
    throw new Error('address request names no network')
  if (kind === 'want') return readWant(network, fields)
  if (kind === 'claim') return readClaim(network, fields)
  throw new Error('unknown address request')
}

function readWant(network: NetworkId, [count, nonce, evenLast, singles = 0]: readonly Plain[]): Want {
  if (!isIndex(count) || count < 1 || count > maxBlocksPerRequest)
    throw new Error('address request for no or too many blocks')
  if (!isIndex(singles) || singles > maxBlocksPerRequest) throw new Error('address request for too many addresses')
  if (!isIndex(nonce) || typeof evenLast !== 'boolean') throw new Error('malformed address request')
  return { kind: 'want', network, count, nonce, evenLast, singles }
}

function readClaim(network: NetworkId, [ip, nonce]: readonly Plain[]): Claim {
  if (!isIndex(ip) || ip > 0xffffffff || !isIndex(nonce)) throw new Error('malformed address request')
  return { kind: 'claim', network, ip, nonce }
}

export function encodeGrant({ blocks, ips, coolsInMs }: Grant, singles: number): Uint8Array {
  return encode(singles > 0 ? [blocks, ips, coolsInMs] : blocks)
}

/** Throws on anything but a grant, of an owner of this version or an older one. */
export function decodeGrant(bytes: Uint8Array): Grant {
  const value = decode(bytes, maxBytes)
  if (Array.isArray(value) && !Array.isArray(value[0])) return { blocks: indices(value), ips: [], coolsInMs: 0 }
  const [blocks, ips, coolsInMs] = Array.isArray(value) ? value : []
  if (!isIndex(coolsInMs)) throw malformed()
  return { blocks: indices(blocks), ips: indices(ips), coolsInMs }
}

export function encodeVerdict(isYours: boolean): Uint8Array {
  return encode([isYours])
}

/** Throws on anything but the answer to a claim. */
export function decodeVerdict(bytes: Uint8Array): boolean {
  const value = decode(bytes, maxBytes)
  if (!Array.isArray(value) || typeof value[0] !== 'boolean') throw malformed()
  return value[0]
}

function indices(value: Plain | undefined): number[] {
  if (!Array.isArray(value) || value.length > maxBlocksPerRequest || !value.every(isIndex)) throw malformed()
  return value
}

function malformed(): Error {
  return new Error('malformed reply to an address request')
}

function isIndex(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}
