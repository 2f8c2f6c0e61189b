/**
 * The donation protocol, `/skein/ipam/1`. Asker: [1, 'want', network id, blocks wanted, nonce, even the last one].
 * Owner: [index, …], the blocks that it has durably transferred (R2). A request that is repeated under its nonce, because
 * the reply was lost, is answered again and gives nothing more; the asker uses a block only once its own state shows the
 * transfer (R3), so that a lost, doubled or late reply harms nobody.
 */
import { decode, encode } from '../../lib/cbor.ts'
import type { NetworkId } from '../../model/network.ts'

export const donationProtocol = '/skein/ipam/1'

/** More blocks are never given at once. */
export const maxBlocksPerRequest = 16

const maxBytes = 1024

export interface Want {
  readonly network: NetworkId
  /** 1 to `maxBlocksPerRequest`. */
  readonly count: number
  readonly nonce: number
  readonly evenLast: boolean
}

export function encodeWant(want: Want): Uint8Array {
  return encode([1, 'want', want.network, want.count, want.nonce, want.evenLast])
}

/** Throws on anything but a want of this version. */
export function decodeWant(bytes: Uint8Array): Want {
  const value = decode(bytes, maxBytes)
  if (!Array.isArray(value) || value[0] !== 1 || value[1] !== 'want') throw new Error('unknown address request')
  const [, , network, count, nonce, evenLast] = value
  if (typeof network !== 'string' || !/^[0-9a-f]{64}$/.test(network))
    throw new Error('address request names no network')
  if (!isIndex(count) || count < 1 || count > maxBlocksPerRequest)
    throw new Error('address request for no or too many blocks')
  if (!isIndex(nonce) || typeof evenLast !== 'boolean') throw new Error('malformed address request')
  return { network, count, nonce, evenLast }
}

export function encodeGrant(indices: readonly number[]): Uint8Array {
  return encode(indices)
}

/** Throws on anything but a list of block numbers. */
export function decodeGrant(bytes: Uint8Array): number[] {
  const value = decode(bytes, maxBytes)
  if (!Array.isArray(value) || value.length > maxBlocksPerRequest || !value.every(isIndex)) {
    throw new Error('malformed reply to an address request')
  }
  return value
}

function isIndex(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}
