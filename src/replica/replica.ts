/**
 * The one replicated registry of a peer: what is written here is durable before the call returns, then reaches every
 * member; what members wrote arrives here. (Interface; `create.ts` builds it.)
 */
import type { Leaf } from '../crdt/leaves.ts'
import type { RegistryView } from '../crdt/registry-view.ts'
import type { Dot, Vector } from '../crdt/vector.ts'
import type { SkeinError } from '../lib/errors.ts'
import type { PeerKey } from '../lib/keys.ts'
import type { Difference } from './agreement.ts'
import type { CollectionStatus } from './collection.ts'
import type { Contradicted } from './contests.ts'
import type { RemovalNotice } from './removal-fence.ts'
import type { WrongSignatures } from './wrong-signatures.ts'

/** Decides what to write. `first` is the counter of the first leaf: custody steps name theirs (R9). */
export type BuildLeaves = (view: RegistryView, first: number) => readonly Leaf[]

export interface Replica {
  readonly self: PeerKey
  readonly view: RegistryView
  /**
   * False of a newcomer that has not yet covered what a member showed it (R4): its writes wait, and are refused when that
   * takes too long. True for good from then on.
   */
  readonly isComplete: boolean
  /** Own batches that take effect in the view and are not durable yet. */
  readonly unwritten: number
  /** Why this peer writes nothing any more and hands nothing out, for good (R8, R9), with the command to type. */
  readonly fenced: SkeinError | undefined
  /** Fenced, and maybe the only machine with its key: it may come back in the place of that (rejoin.ts). */
  readonly maySucceed: boolean
  /** It was removed, and nothing says that another machine has its key: when it gives that up, nobody uses it any more (R9). */
  readonly isOffForGood: boolean
  /** The key is given up for good, which is noted outside the data directory. Never rejects. */
  seal(): Promise<void>
  /**
   * Signs the leaves as one batch, makes it durable (fsync), applies it, publishes it. Resolves with the dot of the
   * batch's last leaf. `build` is called once, at the write's place in the order, so it can decide on the newest view, with
   * the counter that its first leaf gets; it throws to refuse, or gives [] to write nothing (then undefined is resolved). Only
   * the founder of a mesh writes without having heard from it (`isComplete`).
   */
  write(build: BuildLeaves, asFounder?: boolean): Promise<Dot | undefined>
  /** Called after each change of the view, once per batch of changes, in the same turn of the event loop. */
  onChange(listener: () => void): () => void
  /** Resolves once `test(view)` holds, rejects after `limitMs`. */
  waitFor(test: (view: RegistryView) => boolean, limitMs: number): Promise<void>
  /** One anti-entropy round with every connected member, at most `limitMs` in all. Never rejects. */
  syncNow(limitMs: number): Promise<void>
  /** Which connected members have this dot; asks them, at most `limitMs`. */
  whoHas(dot: Dot, limitMs: number): Promise<{ have: PeerKey[]; missing: PeerKey[] }>
  /**
   * Facts of this host alone, in the same journal: latest value per key, surviving kill -9. `set(key, undefined)` forgets.
   * Resolves when durable.
   */
  readonly local: LocalFacts
  /** Anti-entropy state per member, for `status`. */
  syncStatus(): { peer: PeerKey; behind: boolean; lastSyncMs: number | undefined }[]
  /** Neighbours that batches came from which their writers did not sign: they took no effect. */
  wrongSignatures(): readonly WrongSignatures[]
  /** Writers that said something else of their records to this peer than they wrote, as others showed: what they wrote counts. */
  contradicted(): readonly Contradicted[]
  /** In what members differ from this peer, though they synchronise, for a minute at least. */
  differences(): readonly Difference[]
  /** What keeps records that nobody needs any more from going, for `status`. */
  collectionStatus(): CollectionStatus
  /** What is held durably. */
  vector(): Vector
  /** The encoded batch that has this record (or what is left of a run of them), as its writer signed it; undefined if it is not held. */
  batchAt(dot: Dot): Uint8Array | undefined
  /** What this peer itself wrote behind a counter, in order; without records of a newer version. */
  written(after: number): Leaf[]
  /** The removal by which this peer was fenced (R9). */
  readonly removedBy: RemovalNotice | undefined
  /** From now on, over restarts too, nothing is written: this peer was removed. Resolves when that is durable; never rejects. */
  fence(notice: RemovalNotice): Promise<void>
  /**
   * Somebody shows this as a record of this peer's own. It fences itself when it lacks it (R8): whoever brings it, its key has signed it. Throws
   * why that proves nothing.
   */
  takeProof(bytes: Uint8Array): Promise<void>
  /** Called when a member was seen to hold exactly this. */
  onShown(listener: (peer: PeerKey, vector: Vector) => void): void
  start(): void
  stop(): Promise<void>
}

export interface LocalFacts {
  get(key: string): string | undefined
  entries(prefix: string): [key: string, value: string][]
  set(pairs: readonly (readonly [key: string, value: string | undefined])[]): Promise<void>
}
