/**
 * What a removed peer is told by `/skein/removed/1`: the batch with its removal and the one with the end of that, by the starter.
 * The acknowledgements are not shown: a member that lies about them could as well sign a removal of its own.
 */
import type { Verify } from '../crdt/batch.ts'
import { isSignedPart, openPart, type Part, leavesOf as placedLeaves } from '../crdt/compact-unit.ts'
import type { Hlc } from '../crdt/hlc.ts'
import { decodeLeaf } from '../crdt/leaf-codec.ts'
import type { Leaf } from '../crdt/leaves.ts'
import { list } from '../crdt/plain.ts'
import type { RegistryView } from '../crdt/registry-view.ts'
import { type Dot, dotText } from '../crdt/vector.ts'
import { decode, encode } from '../lib/cbor.ts'
import type { PeerKey } from '../lib/keys.ts'
import { maxMessageBytes } from '../mesh/transport.ts'
import type { RemovalNotice } from './removal-fence.ts'

const version = 1

export function encodeNotice(removal: Uint8Array, end: Uint8Array): Uint8Array {
  return encode([version, [removal, end]])
}

/** The two batches of an answer, unread. Throws when malformed. */
export function decodeNotice(bytes: Uint8Array): readonly [removal: Uint8Array, end: Uint8Array] {
  const message = decode(bytes, maxMessageBytes)
  const [removal, end] =
    (Array.isArray(message) && message[0] === version ? list(message[1], 2, bytesIn) : undefined) ?? []
  if (!removal || !end) throw new Error('not two batches')
  return [removal, end]
}

export interface NoticeContext {
  self: PeerKey
  /** Who showed it: a member whose key the connection proved. */
  from: PeerKey
  view: RegistryView
  verify: Verify
}

/** Checks an answer. Throws why it proves nothing. */
export function readNotice(bytes: Uint8Array, context: NoticeContext): RemovalNotice {
  const [removal, end] = decodeNotice(bytes)
  const [removalBatch, endBatch] = [openChecked(removal, context), openChecked(end, context)]
  const { writer } = removalBatch
  if (endBatch.writer !== writer || writer === context.self) throw new Error('not both by one other peer')
  // the starter may have joined while this peer was away: then the word of a member that it knows counts as much
  const teller = [writer, context.from].find(key => context.view.everMember(key) !== undefined)
  if (teller === undefined) throw new Error('neither by a member nor from one')
  for (const { dot, leaf: removal } of leavesOf(removalBatch)) {
    const at = removal?.kind === 'removal' ? removal.targets.findIndex(({ key }) => key === context.self) : -1
    if (at < 0) continue
    for (const { dot: endDot, hlc, leaf: end } of leavesOf(endBatch)) {
      if (end?.kind !== 'removal-end' || !end.effective || endDot.counter <= dot.counter) continue
      if (dotText(end.removal) !== dotText(dot)) continue
      const startedOn = context.view.everMember(writer)?.name ?? `host ${writer.slice(0, 12)}`
      return { starter: writer, startedOn, sinceMs: hlc[0], cut: end.cut[at] ?? 0 }
    }
  }
  throw new Error('no effective removal of this peer in it')
}

function bytesIn(value: unknown): Uint8Array | undefined {
  return value instanceof Uint8Array ? value : undefined
}

function openChecked(bytes: Uint8Array, { view, verify }: NoticeContext): Part {
  const part = openPart(bytes)
  if (part.meshId !== view.meshId) throw new Error('a batch of another mesh')
  if (!isSignedPart(part, verify)) throw new Error('a batch with a wrong signature')
  return part
}

function leavesOf(part: Part): { dot: Dot; hlc: Hlc; leaf: Leaf | undefined }[] {
  return placedLeaves(part).map(({ counter, hlc, bytes }) => {
    return { dot: { writer: part.writer, counter }, hlc, leaf: decodeLeaf(bytes) }
  })
}
