/**
 * Addresses that were carved out of their block (R6): each follows a register of its own, for ever, whoever owns the block.
 * The register is a chain of signed transfers as a block's is; it starts at the owner who carved the address out.
 */
import { fromHex, toHex } from '../lib/bytes.ts'
import { encode } from '../lib/cbor.ts'
import { SkeinError } from '../lib/errors.ts'
import type { PeerKey, Signer } from '../lib/keys.ts'
import type { NetworkId } from '../model/network.ts'
import type { Verify } from './batch.ts'
import { isSequence, transferLeaf } from './blocks.ts'
import type { AddressLeaf, BlockLeaf, Step, Transfer } from './leaves.ts'
import type { RegistryView } from './registry-view.ts'
import type { Dot } from './vector.ts'

function stepBytes(
  meshId: string,
  leaf: Pick<AddressLeaf, 'network' | 'ip' | 'removal'>,
  step: Omit<Step, 'signature'>,
): Uint8Array {
  const { epoch, from, to, counter } = step
  const { network, ip, removal } = leaf
  const mesh = fromHex(meshId)
  return encode(['skein address 2', mesh, fromHex(network), ip, removal, epoch, fromHex(from), fromHex(to), counter])
}

/** True if the chain is sound in itself, as `soundChain` says of blocks. Whether it starts at the carver is the view's to say. */
export function soundAddressChain(meshId: string, leaf: AddressLeaf, dot: Dot, verify: Verify): boolean {
  const { transfers } = leaf
  if (!isSequence(transfers, dot)) return false
  return transfers.every(step => verify(step.from, stepBytes(meshId, leaf, step), step.signature))
}

/**
 * The leaves by which `signer` gives single addresses that it owns in `view` to `to`: those that still belong to their
 * block are carved out first, all of one block in one step. They must be written as one batch, the first at `counter`. Throws
 * when one of them is not this peer's to give (R1).
 */
export function giveAddressLeaves(
  view: RegistryView,
  signer: Signer,
  network: NetworkId,
  ips: readonly number[],
  to: PeerKey,
  counter: number,
): (BlockLeaf | AddressLeaf)[] {
  const carvings = new Map<number, number[]>()
  for (const ip of ips) {
    const index = view.blockOf(network, ip)
    if (index === undefined) throw notOurs(network)
    if (!view.address(network, ip)) carvings.set(index, [...(carvings.get(index) ?? []), ip])
  }
  const blocks = [...carvings].map(([index, carve], i) =>
    transferLeaf(view, signer, network, index, signer.key, counter + i, carve),
  )
  const behind = counter + blocks.length
  return [...blocks, ...ips.map((ip, i) => addressLeaf(view, signer, network, ip, to, behind + i))]
}

function addressLeaf(
  view: RegistryView,
  signer: Signer,
  network: NetworkId,
  ip: number,
  to: PeerKey,
  counter: number,
): AddressLeaf {
  // one that is carved out by this very batch begins with its carver
  const address = view.address(network, ip) ?? { owner: signer.key, epoch: 0, removal: 0, quarantined: false }
  if (address.owner !== signer.key || address.quarantined) throw notOurs(network)
  const head = { network, ip, removal: address.removal }
  const step = { epoch: address.epoch + 1, from: signer.key, to, counter }
  const signature = signer.sign(stepBytes(view.meshId, head, step))
  return { kind: 'address', ...head, transfers: [...view.addressTransfers(network, ip), { ...step, signature }] }
}

function notOurs(network: NetworkId): SkeinError {
  return new SkeinError('conflict', `an address of network ${network.slice(0, 6)} is not this peer's to give`)
}

/** Where an address left its block. */
export interface Carving {
  readonly carver: PeerKey
  /** The block's chains differ in how the address left it: nobody may use it. */
  readonly disputed: boolean
}

/**
 * How the address was carved out, by the chains of its block: one, or several after a fork. A fork that is younger than the
 * carving leaves the address alone. Undefined if it was not.
 */
export function carvingOf(chains: readonly (readonly Transfer[])[], ip: number): Carving | undefined {
  const steps = chains.map(chain =>
    chain.at(-1)?.carved.includes(ip) ? chain.find(step => step.carved.includes(ip)) : undefined,
  )
  const first = steps.find(step => step !== undefined)
  if (!first) return undefined
  const signature = toHex(first.signature)
  return { carver: first.from, disputed: steps.some(step => !step || toHex(step.signature) !== signature) }
}
