/** Ed25519 keys as raw bytes. A peer is named by its public key, in hex: `PeerKey`. */
import { createPrivateKey, createPublicKey, type KeyObject, randomBytes, sign, verify } from 'node:crypto'
import { fromHex, toHex } from './bytes.ts'

/** A peer's (or an invitation's) raw Ed25519 public key, 64 lower-case hex digits. */
export type PeerKey = string

/** Whoever can sign with one key. */
export interface Signer {
  readonly key: PeerKey
  sign(bytes: Uint8Array): Uint8Array
}

// RFC 8410: the fixed DER heads of an Ed25519 private key (PKCS #8) and public key (SPKI)
const pkcs8Head = Buffer.from('302e020100300506032b657004220420', 'hex')
const spkiHead = Buffer.from('302a300506032b6570032100', 'hex')

/** 32 fresh random bytes, a private key. */
export function newSeed(): Uint8Array {
  return new Uint8Array(randomBytes(32))
}

/** The signer of a 32-byte private seed. */
export function signerOf(seed: Uint8Array): Signer {
  const privateKey = createPrivateKey({ key: Buffer.concat([pkcs8Head, seed]), format: 'der', type: 'pkcs8' })
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' })
  const key = toHex(spki.subarray(spkiHead.length))
  return { key, sign: bytes => new Uint8Array(sign(null, bytes, privateKey)) }
}

const publicKeys = new Map<PeerKey, KeyObject>()

function publicKeyOf(key: PeerKey): KeyObject {
  let found = publicKeys.get(key)
  if (!found) {
    // OpenSSL reads a key with something behind it: one key must have one text
    if (!/^[0-9a-f]{64}$/.test(key)) throw new Error('not a key')
    found = createPublicKey({ key: Buffer.concat([spkiHead, fromHex(key)]), format: 'der', type: 'spki' })
    if (publicKeys.size > 4096) publicKeys.clear()
    publicKeys.set(key, found)
  }
  return found
}

/** True if `signature` over `bytes` was made by `key`; false for any malformed input. */
export function verifySignature(key: PeerKey, bytes: Uint8Array, signature: Uint8Array): boolean {
  try {
    return verify(null, bytes, publicKeyOf(key), signature)
  } catch {
    return false // malformed key or signature: simply not valid
  }
}
