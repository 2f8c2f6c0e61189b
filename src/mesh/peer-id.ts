/** The one place where Skein's peer keys and libp2p's peer ids meet: both are made from the same Ed25519 public key. */
import { generateKeyPairFromSeed, publicKeyFromRaw } from '@libp2p/crypto/keys'
import type { PeerId, PrivateKey } from '@libp2p/interface'
import { peerIdFromPublicKey } from '@libp2p/peer-id'
import { fromHex, toHex } from '../lib/bytes.ts'
import type { PeerKey } from '../lib/keys.ts'

/** True for 64 lower-case hex digits. */
export function isPeerKey(key: string): boolean {
  return /^[0-9a-f]{64}$/.test(key)
}

/** Throws for anything but a `PeerKey`. */
export function peerIdOf(key: PeerKey): PeerId {
  if (!isPeerKey(key)) throw new Error(`not a peer key: ${key.slice(0, 70)}`)
  return peerIdFromPublicKey(publicKeyFromRaw(fromHex(key)))
}

/** Undefined for an id that was not made from an Ed25519 key: no member and no invitation has one. */
export function peerKeyOf(id: PeerId): PeerKey | undefined {
  return id.type === 'Ed25519' ? toHex(id.publicKey.raw) : undefined
}

/** libp2p's form of a 32-byte seed. */
export function privateKeyOf(seed: Uint8Array): Promise<PrivateKey> {
  return generateKeyPairFromSeed('Ed25519', seed)
}
