/**
 * For a thousand peers in one process: what one of them decoded serves all, as long as the bytes are the same. Stands in the
 * place of the two modules that decode (`sharing` in lib/script.ts). What it changes of a peer's figures is said with them.
 */
import { openPart as open, type Part } from '../../src/crdt/compact-unit.ts'
import { decodeLeaf as decode } from '../../src/crdt/leaf-codec.ts'
import type { Leaf } from '../../src/crdt/leaves.ts'
import { sha256Latin1 } from '../../src/lib/bytes.ts'

export * from '../../src/crdt/compact-unit.ts'
export * from '../../src/crdt/leaf-codec.ts'

const parts = new Map<string, Part>()
const leaves = new WeakMap<Uint8Array, { readonly leaf: Leaf | undefined }>()

export function openPart(bytes: Uint8Array): Part {
  const name = sha256Latin1(bytes)
  const held = parts.get(name) ?? open(bytes)
  parts.set(name, held)
  return held
}

export function decodeLeaf(bytes: Uint8Array): Leaf | undefined {
  const held = leaves.get(bytes) ?? { leaf: decode(bytes) }
  leaves.set(bytes, held)
  return held.leaf
}
