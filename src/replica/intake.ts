/**
 * Batches from others, and what is left of them: size, schema, the sender's membership (the mesh saw to that), the signature and the place in the
 * writer's chain are checked; then the group is journalled, then applied. Nothing is judged here (I2).
 */
import type { Verify } from '../crdt/batch.ts'
import { type CompactUnit, isSignedPart, leavesOf, openPart, type Part } from '../crdt/compact-unit.ts'
import { meshIdOf } from '../crdt/identity.ts'
import { decodeLeaf } from '../crdt/leaf-codec.ts'
import type { Registry } from '../crdt/registry.ts'
import { errorText } from '../lib/errors.ts'
import type { PeerKey } from '../lib/keys.ts'
import type { Logger } from '../lib/log.ts'
import type { BatchLog } from './batch-log.ts'
import { isUnheld } from './other-history.ts'

export interface IntakeDeps {
  self: PeerKey
  registry: Pick<Registry, 'meshId' | 'mayWrite'>
  log: BatchLog
  verify: Verify
  /** Resolves when the batches are durable. */
  journal(batches: readonly Part[]): Promise<void>
  /** Called after each applied group. */
  applied(batches: readonly Part[]): void
  /** False if what is held of the run and not in the unit is needed, as far as can be said here. */
  mayTake(unit: CompactUnit): boolean
  /** Puts a durable part into the log and the registry. `from`: who sent it first. */
  add(part: Part, from: PeerKey | undefined): void
  /** A batch that this peer signed and does not hold: called before it is taken in like anybody's. */
  unknownOwn(from: PeerKey, batch: Part): void
  /** A batch came from a neighbour that `writer` did not sign. */
  wrongSignature(from: PeerKey, writer: PeerKey): void
  logger: Logger
}

export interface Received {
  /** Batches that were new and are durable now. */
  accepted: number
  /** Some could not be placed yet: something before them is missing here. */
  behind: boolean
  /** Writers of whom some were not taken in, for this or another reason: asking for them again at once is no use. */
  stuck: ReadonlySet<PeerKey>
  /** Of these, writers of whom what came follows on none of what is held, which goes as far. */
  astray: ReadonlySet<PeerKey>
}

/** Batches that arrived before what they follow on, kept for a while; anti-entropy brings them anyway. */
const maxEarly = 512
/** Of these, bytes in all: a hostile member can fill that much memory and no more. */
const maxEarlyBytes = 8 * 1024 * 1024

export class Intake {
  readonly #deps: IntakeDeps
  readonly #full = new Set<PeerKey>()
  /** From whom what is looked at came first. */
  readonly #senders = new WeakMap<Part, PeerKey>()
  #early: Part[] = []
  #tail: Promise<unknown> = Promise.resolve()

  constructor(deps: IntakeDeps) {
    this.#deps = deps
  }

  /** Takes encoded batches in; calls are handled one after the other. Rejects only when the journal does. */
  receive(from: PeerKey, encoded: readonly Uint8Array[]): Promise<Received> {
    const batches = encoded.flatMap(bytes => this.#open(from, bytes))
    return this.inTurn(() => this.#place(batches))
  }

  /** True if a history of the writer was one too many and is not kept. */
  hasRefused(writer: PeerKey): boolean {
    return this.#full.has(writer)
  }

  /** Runs when what came before has been taken in, and before what comes next is. */
  inTurn<T>(take: () => Promise<T>): Promise<T> {
    const result = this.#tail.then(take)
    this.#tail = result.catch(() => undefined) // the caller has the error; the next call must not
    return result
  }

  #open(from: PeerKey, bytes: Uint8Array): Part[] {
    try {
      const batch = openPart(bytes)
      this.#senders.set(batch, from)
      if (batch.meshId !== this.#deps.registry.meshId) throw new Error('batch is of another mesh')
      // nobody vouches for what a writer itself says is left of records that are held here
      if ('survivors' in batch && batch.writer === from && !this.#deps.mayTake(batch)) return []
      if (batch.writer === this.#deps.self && this.#isUnknown(batch)) this.#deps.unknownOwn(from, batch)
      return [batch]
    } catch (error) {
      this.#deps.logger.warn({ from, err: errorText(error) }, 'malformed batch ignored')
      return []
    }
  }

  #isUnknown(batch: Part): boolean {
    const { log, verify } = this.#deps
    return isUnheld(batch, log) && isSignedPart(batch, verify)
  }

  async #place(batches: readonly Part[]): Promise<Received> {
    const distinct = new Map([...this.#early, ...batches].map(batch => [batch.hash, batch]))
    let waiting: Part[] = [...distinct.values()].sort((a, b) => a.first - b.first)
    let accepted = 0
    for (;;) {
      const group = new Map<string, Part>()
      const marks = new Set<string>()
      waiting = waiting.filter(batch => !this.#takes(batch, group, marks))
      if (group.size === 0) break
      const taken = [...group.values()]
      await this.#deps.journal(taken)
      for (const batch of taken) this.#deps.add(batch, this.#senders.get(batch))
      accepted += taken.length
      this.#deps.applied(taken)
    }
    this.#early = earliest(waiting)
    const left = batches.filter(batch => this.#deps.log.standing(batch) !== 'known')
    const behind = left.some(batch => waiting.includes(batch))
    const astray = new Set(left.flatMap(batch => (this.#isAstray(batch) ? [batch.writer] : [])))
    return { accepted, behind, stuck: new Set(left.map(batch => batch.writer)), astray }
  }

  /** True if the batch needs no more waiting: it was put into the group, was known, or is worthless. */
  #takes(batch: Part, group: Map<string, Part>, marks: Set<string>): boolean {
    const { log, verify, logger } = this.#deps
    const standing = log.standing(batch, group)
    if (standing === 'known') return true
    if (standing === 'gap' || !this.#mayWrite(batch)) return false
    if (!isSignedPart(batch, verify)) {
      const from = this.#senders.get(batch)
      logger.warn({ writer: batch.writer, from }, 'batch with a wrong signature ignored')
      if (from !== undefined) this.#deps.wrongSignature(from, batch.writer)
      return true
    }
    if (standing === 'full') {
      this.#shownFull(batch)
      return true
    }
    // one that branches off may push others out: it is its writer's only one in a group
    const isExtension = group.has(batch.previous) || !log.branches(batch)
    const parent = isExtension ? `${batch.writer}:${batch.previous}` : batch.writer
    if (marks.has(batch.writer) || marks.has(parent)) return false
    if (!isExtension && [...group.values()].some(({ writer }) => writer === batch.writer)) return false
    marks.add(parent)
    group.set(batch.hash, batch)
    return true
  }

  /** True if it cannot be placed though what is held goes as far: it is of another history (R8), or signed by nobody. */
  #isAstray(part: Part): boolean {
    const { log } = this.#deps
    return part.first <= log.head(part.writer).counter && log.standing(part) === 'gap'
  }

  #shownFull({ writer, first }: Part): void {
    if (this.#full.has(writer)) return
    this.#full.add(writer)
    this.#deps.logger.error({ writer, counter: first }, 'a writer has too many histories; further ones are ignored')
  }

  /** Members write; before anything is known, the founder's first batch shows by itself that it founded this mesh. */
  #mayWrite(batch: Part): boolean {
    const { registry } = this.#deps
    if (registry.mayWrite(batch.writer)) return true
    const [first] = batch.first === 1 ? leavesOf(batch) : []
    const leaf = first?.counter === 1 ? decodeLeaf(first.bytes) : undefined
    if (leaf?.kind !== 'mesh' || leaf.founder !== batch.writer) return false
    return meshIdOf(leaf.founder, leaf.nonce) === registry.meshId
  }
}

/** The batches with the lowest counters, as many as may wait. */
function earliest(waiting: readonly Part[]): Part[] {
  let size = 0
  const end = waiting.findIndex((batch, i) => {
    size += batch.bytes.length
    return i >= maxEarly || size > maxEarlyBytes
  })
  return end === -1 ? [...waiting] : waiting.slice(0, end)
}
