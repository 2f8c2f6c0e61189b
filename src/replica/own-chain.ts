/** The chain of this peer's own batches, and its clock: durable or not, each write decides on what was written before it. */
import { type Batch, makeBatch, maxBatchBytes, maxBatchLeaves, noBatch } from '../crdt/batch.ts'
import { type Hlc, maxHlc, nextHlc } from '../crdt/hlc.ts'
import { decodeLeaf, encodeLeaf } from '../crdt/leaf-codec.ts'
import type { Leaf } from '../crdt/leaves.ts'
import type { Head } from '../crdt/vector.ts'
import type { Clock } from '../lib/clock.ts'
import { SkeinError } from '../lib/errors.ts'
import type { Signer } from '../lib/keys.ts'

export interface OwnChainDeps {
  meshId: string
  signer: Signer
  clock: Pick<Clock, 'now'>
}

export class OwnChain {
  /** Own batches that are applied and not yet durable, in their order. */
  readonly unwritten = new Set<Batch>()
  readonly #deps: OwnChainDeps
  #tip: Head = { counter: 0, hash: noBatch }
  #hlc: Hlc = [0, 0]

  constructor(deps: OwnChainDeps) {
    this.#deps = deps
  }

  /** Counter of the next leaf. */
  get next(): number {
    return this.#tip.counter + 1
  }

  /** The chain goes on behind this batch, as the journal has it. */
  resume(tip: Head): void {
    this.#tip = tip
  }

  /** Whatever is written from now on is later. */
  saw(hlc: Hlc): void {
    this.#hlc = maxHlc(this.#hlc, hlc)
  }

  /** The next batch. Throws on what other peers would refuse: that must not get into the chain. */
  extend(leaves: readonly Leaf[]): Batch {
    const { meshId, signer, clock } = this.#deps
    const encoded = leaves.map(encodeLeaf)
    const unreadable = leaves.find((_, i) => !decodeLeaf(encoded[i] as Uint8Array))
    if (unreadable) {
      throw new SkeinError(
        'invalid',
        `a record of kind ${unreadable.kind} cannot be read: a field of it is too long or malformed`,
      )
    }
    this.#hlc = nextHlc(this.#hlc, clock.now())
    const { counter, hash: previous } = this.#tip
    const batch = makeBatch(signer, { meshId, first: counter + 1, previous, hlc: this.#hlc, leaves: encoded })
    if (batch.bytes.length > maxBatchBytes || leaves.length > maxBatchLeaves) {
      const size = `${batch.bytes.length} bytes and ${leaves.length} records`
      throw new SkeinError('invalid', `a write of ${size} is too large: split it up`)
    }
    this.#tip = { counter: batch.last, hash: batch.hash }
    this.unwritten.add(batch)
    return batch
  }
}
