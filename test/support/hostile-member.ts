/**
 * Three honest peers, and a settled member whose key the test holds: it has no replica, its batches are made by hand and
 * said to whom the test wants.
 */
import { type Batch, makeBatch, noBatch } from '../../src/crdt/batch.ts'
import type { Part } from '../../src/crdt/compact-unit.ts'
import type { Hlc } from '../../src/crdt/hlc.ts'
import { encodeLeaf } from '../../src/crdt/leaf-codec.ts'
import type { Leaf } from '../../src/crdt/leaves.ts'
import { type Head, vectorHash } from '../../src/crdt/vector.ts'
import { toHex } from '../../src/lib/bytes.ts'
import { encode } from '../../src/lib/cbor.ts'
import type { PeerKey, Signer } from '../../src/lib/keys.ts'
import { eventually } from './eventually.ts'
import type { MemoryHub } from './memory-mesh.ts'
import { foundPeer, joinPeer, type MemoryPeer } from './memory-peer.ts'

type Written = readonly (Leaf | Uint8Array)[]

export interface BatchWish {
  /** What it follows on. @default the newest batch that was made without this */
  after?: Head
  hlc?: Hlc
  meshId?: string
  /** Who signs, if not the one who is named as its writer. */
  signedBy?: Signer
}

/** One writer's chain, made by hand. */
export class Hand {
  readonly signer: Signer
  readonly meshId: string
  head: Head

  constructor(signer: Signer, meshId: string, head: Head = { counter: 0, hash: noBatch }) {
    this.signer = signer
    this.meshId = meshId
    this.head = head
  }

  get key(): PeerKey {
    return this.signer.key
  }

  /** The counter that its next leaf gets. */
  get next(): number {
    return this.head.counter + 1
  }

  make(leaves: Written, wish: BatchWish = {}): Batch {
    const { after = this.head, hlc = [Date.now(), 0], meshId = this.meshId, signedBy } = wish
    const signer = signedBy ? { key: this.key, sign: signedBy.sign } : this.signer
    const encoded = leaves.map(leaf => (leaf instanceof Uint8Array ? leaf : encodeLeaf(leaf)))
    const batch = makeBatch(signer, { meshId, first: after.counter + 1, previous: after.hash, hlc, leaves: encoded })
    if (Object.keys(wish).every(field => field === 'hlc')) this.head = { counter: batch.last, hash: batch.hash }
    return batch
  }
}

export interface HostileMesh {
  honest: MemoryPeer[]
  hand: Hand
  /** As the hostile member, by broadcast, to all honest peers or to some. */
  say(batches: readonly Part[], to?: readonly MemoryPeer[]): void
  /** Resolves once the honest hold the same; fails if their states or their conditions then differ. */
  agree(): Promise<void>
  stop(): Promise<void>
}

const settled = (peer: MemoryPeer) => peer.replica.view.members().filter(member => member.settled).length

export async function meshWithHostile(hub: MemoryHub): Promise<HostileMesh> {
  const peers = [await foundPeer(hub, 'host1')]
  for (const name of ['host2', 'host3', 'host4']) {
    peers.push(await joinPeer(hub, name, peers[0] as MemoryPeer))
    await Promise.all(peers.map(peer => peer.replica.waitFor(() => settled(peer) === peers.length, 5000)))
  }
  await sameVectors(peers)
  const hostile = peers.pop() as MemoryPeer
  const head = hostile.replica.vector().get(hostile.signer.key)?.[0]
  await hostile.stop()
  const hand = new Hand(hostile.signer, hostile.replica.view.meshId, head)
  return {
    honest: peers,
    hand,
    say(batches, to = peers) {
      for (const peer of to) peer.mesh.hear(hand.key, encode(batches.map(batch => batch.bytes)))
    },
    agree: () => sameVectors(peers),
    async stop() {
      hub.heal()
      await Promise.all(peers.map(peer => peer.stop()))
    },
  }
}

/** Resolves once all hold the same batches; fails unless their states and lists of conditions are then equal too. */
export async function sameVectors(peers: readonly MemoryPeer[]): Promise<void> {
  await eventually(async () => {
    await Promise.all(peers.map(peer => peer.replica.syncNow(1000)))
    return new Set(peers.map(peer => toHex(vectorHash(peer.replica.vector())))).size === 1
  }, 8000)
  const shown = (peer: MemoryPeer) => [peer.replica.view.digest(), JSON.stringify(peer.replica.view.conditions())]
  const all = peers.map(shown)
  for (const each of all) if (each.join() !== all[0]?.join()) throw new Error(`diverged: ${all.join('\n')}`)
}
