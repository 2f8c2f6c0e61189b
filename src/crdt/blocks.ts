/**
 * Blocks: runs of addresses with one owner. The genesis deals them to the roster, a pure function of the network's record
 * (changing it needs a new `genesisVersion`); after that each is a chain of transfers, each signed by the owner before (R1).
 * An address that was carved out follows a chain of its own (addresses.ts).
 */
import { fromHex, sha256, toHex } from '../lib/bytes.ts'
import { encode } from '../lib/cbor.ts'
import { SkeinError } from '../lib/errors.ts'
import type { PeerKey, Signer } from '../lib/keys.ts'
import type { NetworkId } from '../model/network.ts'
import type { Subnet } from '../model/subnet.ts'
import type { Verify } from './batch.ts'
import { encodeLeaf } from './leaf-codec.ts'
import { type BlockLeaf, maxLeafBytes, type Step, type Transfer } from './leaves.ts'
import type { RegistryView } from './registry-view.ts'
import type { Dot } from './vector.ts'

/** About a quarter of an even share each: a power of two from 1 to 64 addresses (gossip.md 5.3). */
export function blockSize(subnet: Subnet, rosterSize: number): number {
  const usable = subnet.last - subnet.first + 1
  const share = usable / (4 * Math.max(rosterSize, 4))
  return Math.min(64, Math.max(1, 2 ** Math.floor(Math.log2(share))))
}

/** Blocks are aligned to the prefix; the first and the last may hold addresses that are never handed out. */
export function blockCount(subnet: Subnet, rosterSize: number): number {
  const size = blockSize(subnet, rosterSize)
  return Math.floor((subnet.last - subnet.base) / size) - Math.floor((subnet.first - subnet.base) / size) + 1
}

/** First and last address of a block, inclusive. */
export function blockRange(subnet: Subnet, rosterSize: number, index: number): { first: number; last: number } {
  const size = blockSize(subnet, rosterSize)
  const first = subnet.base + (Math.floor((subnet.first - subnet.base) / size) + index) * size
  return { first, last: first + size - 1 }
}

/** Index of the block that holds `ip`; undefined when none does. */
export function blockIndex(subnet: Subnet, rosterSize: number, ip: number): number | undefined {
  const size = blockSize(subnet, rosterSize)
  const index = Math.floor((ip - subnet.base) / size) - Math.floor((subnet.first - subnet.base) / size)
  return index >= 0 && index < blockCount(subnet, rosterSize) ? index : undefined
}

/** The roster in the order in which blocks are dealt to it: block i belongs to `order[i % order.length]`. */
export function dealOrder(id: NetworkId, roster: readonly PeerKey[]): PeerKey[] {
  const rank = (key: PeerKey) => toHex(sha256(fromHex(id), fromHex(key)))
  return roster
    .map(key => ({ key, rank: rank(key) }))
    .sort((a, b) => (a.rank < b.rank ? -1 : 1))
    .map(item => item.key)
}

function transferBytes(
  meshId: string,
  leaf: Pick<BlockLeaf, 'network' | 'index' | 'removal'>,
  step: Omit<Transfer, 'signature'>,
): Uint8Array {
  const { epoch, from, to, counter, carved } = step
  const { network, index, removal } = leaf
  const head = ['skein transfer 2', fromHex(meshId), fromHex(network), index, removal, epoch]
  return encode([...head, fromHex(from), fromHex(to), counter, carved])
}

/**
 * The leaf by which `signer`, who owns the block in `view`, gives it to `to`, or, with `to` itself, carves addresses out.
 * `counter` is the one that the leaf is written at. Throws when it does not own the block (R1).
 */
export function transferLeaf(
  view: RegistryView,
  signer: Signer,
  network: NetworkId,
  index: number,
  to: PeerKey,
  counter: number,
  carve: readonly number[] = [],
): BlockLeaf {
  const block = view.block(network, index)
  if (!block || block.owner !== signer.key || block.quarantined) {
    throw new SkeinError('conflict', `block ${index} of network ${network.slice(0, 6)} is not this peer's to give`)
  }
  const head = { network, index, removal: block.removal }
  const carved = [...new Set([...block.carved, ...carve])].sort((a, b) => a - b)
  const step = { epoch: block.epoch + 1, from: signer.key, to, counter, carved }
  const signature = signer.sign(transferBytes(view.meshId, head, step))
  const leaf: BlockLeaf = {
    kind: 'block',
    ...head,
    transfers: [...view.transfers(network, index), { ...step, signature }],
  }
  if (encodeLeaf(leaf).length > maxLeafBytes) {
    const moves = `${view.transfers(network, index).length} times`
    throw new SkeinError(
      'exhausted',
      `block ${index} of network ${network.slice(0, 6)} has changed hands ${moves} and stays here: ask another host, or a new network`,
    )
  }
  return leaf
}

/** What a step takes in a record at most, bytes: by itself, and for each address that it names as carved out. */
const [stepBytes, carvedBytes] = [152, 5]
/** The record without its steps, and a next step that carves out a whole block. */
const roomBytes = 100 + stepBytes + 64 * carvedBytes

/** False once the next step may be too much for a record: what has moved so often stays where it is (decision 0018). */
export function mayMove(steps: readonly (Step & { readonly carved?: readonly number[] })[]): boolean {
  const bytes = steps.reduce((sum, { carved = [] }) => sum + stepBytes + carved.length * carvedBytes, roomBytes)
  return bytes <= maxLeafBytes
}

/**
 * True if the chain is sound in itself: epochs 1, 2, …, carved sets that only grow, every signature right, and written by the
 * last giver at the counter that it signed. Whether each giver was the owner is the state's to say (custody.ts).
 */
export function soundChain(meshId: string, leaf: BlockLeaf, dot: Dot, verify: Verify): boolean {
  const { transfers } = leaf
  if (!isSequence(transfers, dot)) return false
  return transfers.every((step, i) => {
    const before = transfers[i - 1]?.carved ?? []
    if (!before.every(ip => step.carved.includes(ip))) return false
    return verify(step.from, transferBytes(meshId, leaf, step), step.signature)
  })
}

/** True if the epochs are 1, 2, …, and the leaf at `dot` is by whom the last step is, at its counter. */
export function isSequence(steps: readonly Step[], dot: Dot): boolean {
  const last = steps.at(-1)
  return last?.from === dot.writer && last.counter === dot.counter && steps.every((step, i) => step.epoch === i + 1)
}

/** What the records of blocks and of carved addresses have in common. */
export interface Chain {
  readonly removal: number
  readonly transfers: readonly Step[]
}

/** True if `a` is a beginning of `b` (or equal). */
export function isPrefix(a: Chain, b: Chain): boolean {
  if (a.removal !== b.removal || a.transfers.length > b.transfers.length) return false
  return a.transfers.every((step, i) => {
    const other = b.transfers[i]
    return other !== undefined && toHex(step.signature) === toHex(other.signature)
  })
}
