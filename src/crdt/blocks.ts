/**
 * Blocks: runs of addresses with one owner. The genesis deals them to the roster, a pure function of the network's record
 * (changing it needs a new `genesisVersion`); after that each is a chain of transfers, each signed by the owner before (R1).
 */
import { fromHex, sha256, toHex } from '../lib/bytes.ts'
import { encode } from '../lib/cbor.ts'
import { SkeinError } from '../lib/errors.ts'
import type { PeerKey, Signer } from '../lib/keys.ts'
import type { NetworkId } from '../model/network.ts'
import type { Subnet } from '../model/subnet.ts'
import type { Verify } from './batch.ts'
import type { BlockLeaf, Transfer } from './leaves.ts'
import type { RegistryView } from './registry-view.ts'

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
  const { epoch, from, to, carved } = step
  const { network, index, removal } = leaf
  const mesh = fromHex(meshId)
  return encode(['skein transfer 1', mesh, fromHex(network), index, removal, epoch, fromHex(from), fromHex(to), carved])
}

/** The leaf by which `signer`, who owns the block in `view`, gives it to `to`. Throws when it does not own it (R1). */
export function transferLeaf(
  view: RegistryView,
  signer: Signer,
  network: NetworkId,
  index: number,
  to: PeerKey,
): BlockLeaf {
  const block = view.block(network, index)
  if (!block || block.owner !== signer.key || block.quarantined) {
    throw new SkeinError('conflict', `block ${index} of network ${network.slice(0, 6)} is not this peer's to give`)
  }
  const head = { network, index, removal: block.removal }
  const step = { epoch: block.epoch + 1, from: signer.key, to, carved: block.carved }
  const signature = signer.sign(transferBytes(view.meshId, head, step))
  return { kind: 'block', ...head, transfers: [...view.transfers(network, index), { ...step, signature }] }
}

/**
 * True if the chain is sound in itself: epochs 1, 2, …, each step given by who received the one before, carved sets that
 * only grow, every signature right, and written by the last giver. Whether it starts at the genesis owner is the view's to say.
 */
export function soundChain(meshId: string, leaf: BlockLeaf, writer: PeerKey, verify: Verify): boolean {
  const { transfers } = leaf
  if (transfers.length === 0 || transfers[transfers.length - 1]?.from !== writer) return false
  return transfers.every((step, i) => {
    const before = transfers[i - 1]
    if (step.epoch !== i + 1) return false
    if (before && (step.from !== before.to || !before.carved.every(ip => step.carved.includes(ip)))) return false
    return verify(step.from, transferBytes(meshId, leaf, step), step.signature)
  })
}

/** True if `a` is a beginning of `b` (or equal). */
export function isPrefix(a: BlockLeaf, b: BlockLeaf): boolean {
  if (a.removal !== b.removal || a.transfers.length > b.transfers.length) return false
  return a.transfers.every((step, i) => {
    const other = b.transfers[i]
    return other !== undefined && toHex(step.signature) === toHex(other.signature)
  })
}
