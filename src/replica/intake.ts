/**
 * Batches from others: size, schema, the sender's membership (the mesh saw to that), the signature and the place in the
 * writer's chain are checked; then the group is journalled, then applied. Nothing is judged here (I2).
 */
import { type Batch, isSigned, openBatch, type Verify } from '../crdt/batch.ts'
import { meshIdOf } from '../crdt/identity.ts'
import { decodeLeaf } from '../crdt/leaf-codec.ts'
import type { Registry } from '../crdt/registry.ts'
import type { Head } from '../crdt/vector.ts'
import { errorText } from '../lib/errors.ts'
import type { PeerKey } from '../lib/keys.ts'
import type { Logger } from '../lib/log.ts'
import type { BatchLog } from './batch-log.ts'

export interface IntakeDeps {
  self: PeerKey
  registry: Registry
  log: BatchLog
  verify: Verify
  /** Resolves when the batches are durable. */
  journal(batches: readonly Batch[]): Promise<void>
  /** Called after each applied group. */
  applied(batches: readonly Batch[]): void
  /** A batch that this peer signed and does not hold. */
  unknownOwn(from: PeerKey, batch: Batch): void
  /** A signed batch contradicts what is held of its writer. */
  forked(batch: Batch): void
  logger: Logger
}

export interface Received {
  /** Batches that were new and are durable now. */
  accepted: number
  /** Some could not be placed yet: something before them is missing here. */
  behind: boolean
}

/** Batches that arrived before what they follow on, kept for a while; anti-entropy brings them anyway. */
const maxEarly = 512

export class Intake {
  readonly #deps: IntakeDeps
  readonly #heads = new Map<PeerKey, Head>()
  #early: Batch[] = []
  #tail: Promise<unknown> = Promise.resolve()

  constructor(deps: IntakeDeps) {
    this.#deps = deps
  }

  /** Takes encoded batches in; calls are handled one after the other. Rejects only when the journal does. */
  receive(from: PeerKey, encoded: readonly Uint8Array[]): Promise<Received> {
    const batches = encoded.flatMap(bytes => this.#open(from, bytes))
    const result = this.#tail.then(() => this.#place(batches))
    this.#tail = result.catch(() => undefined) // the caller has the error; the next call must not
    return result
  }

  #open(from: PeerKey, bytes: Uint8Array): Batch[] {
    try {
      const batch = openBatch(bytes)
      if (batch.meshId !== this.#deps.registry.meshId) throw new Error('batch is of another mesh')
      if (batch.writer !== this.#deps.self) return [batch]
      const isHeld = this.#deps.log.holds(batch.writer, { counter: batch.last, hash: batch.hash })
      if (!isHeld && isSigned(batch, this.#deps.verify)) this.#deps.unknownOwn(from, batch)
      return []
    } catch (error) {
      this.#deps.logger.warn({ from, err: errorText(error) }, 'malformed batch ignored')
      return []
    }
  }

  async #place(batches: readonly Batch[]): Promise<Received> {
    const distinct = new Map([...this.#early, ...batches].map(batch => [batch.hash, batch]))
    let waiting: Batch[] = [...distinct.values()].sort((a, b) => a.first - b.first)
    let accepted = 0
    for (;;) {
      const group: Batch[] = []
      waiting = waiting.filter(batch => !this.#takes(batch, group))
      if (group.length === 0) break
      await this.#deps.journal(group)
      for (const batch of group) {
        this.#deps.log.add(batch)
        this.#deps.registry.apply(batch)
      }
      this.#heads.clear()
      accepted += group.length
      this.#deps.applied(group)
    }
    this.#early = waiting.slice(0, maxEarly)
    return { accepted, behind: batches.some(batch => waiting.includes(batch)) }
  }

  /** True if the batch needs no more waiting: it was put into the group, was known, or is worthless. */
  #takes(batch: Batch, group: Batch[]): boolean {
    const head = this.#heads.get(batch.writer) ?? this.#deps.log.head(batch.writer)
    const standing = this.#deps.log.standing(batch, head)
    if (standing === 'known') return true
    if (standing === 'gap' || !this.#mayWrite(batch)) return false
    if (!isSigned(batch, this.#deps.verify)) {
      this.#deps.logger.warn({ writer: batch.writer }, 'batch with a wrong signature ignored')
      return true
    }
    if (standing === 'fork') {
      this.#deps.forked(batch)
      return true
    }
    this.#heads.set(batch.writer, { counter: batch.last, hash: batch.hash })
    group.push(batch)
    return true
  }

  /** Members write; before anything is known, the founder's first batch shows by itself that it founded this mesh. */
  #mayWrite(batch: Batch): boolean {
    const { registry } = this.#deps
    if (registry.member(batch.writer)) return true
    const leaf = batch.first === 1 && batch.leaves[0] ? decodeLeaf(batch.leaves[0]) : undefined
    if (leaf?.kind !== 'mesh' || leaf.founder !== batch.writer) return false
    return meshIdOf(leaf.founder, leaf.nonce) === registry.meshId
  }
}
