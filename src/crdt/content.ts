/** Content that other records name by its hash. */
import { fromHex, sha256Hex } from '../lib/bytes.ts'
import type { PeerKey } from '../lib/keys.ts'
import { encodeLeaf } from './leaf-codec.ts'
import type { Leaf } from './leaves.ts'

/** The name by which other records refer to a roster or a list: SHA-256 of its bytes, hex. */
export function contentName(leaf: Leaf): string {
  return sha256Hex(encodeLeaf(leaf))
}

/** The roster leaf of these peers, in its canonical order. */
export function rosterLeaf(keys: readonly PeerKey[]): Leaf {
  return { kind: 'roster', keys: [...keys].sort((a, b) => Buffer.compare(fromHex(a), fromHex(b))) }
}
