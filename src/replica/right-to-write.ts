/**
 * Whether this peer may write and hand out anything: not with a data directory that is not the newest of its key (R8), not after it
 * was removed (R9), and not while its own records say either before anybody has told it.
 */
import type { RegistryView } from '../crdt/registry-view.ts'
import { SkeinError } from '../lib/errors.ts'
import type { PeerKey } from '../lib/keys.ts'
import type { Logger } from '../lib/log.ts'
import { Fence, type FenceReason } from './fence.ts'
import { RemovalFence, type RemovalNotice } from './removal-fence.ts'
import type { LocalFacts } from './replica.ts'

export class RightToWrite {
  readonly #self: PeerKey
  readonly #view: RegistryView
  readonly #fence: Fence
  readonly #removal: RemovalFence

  /** @param journal makes local facts durable, also while nothing else is written */
  constructor(
    self: PeerKey,
    view: RegistryView,
    facts: Pick<LocalFacts, 'get'>,
    journal: (entries: readonly Uint8Array[]) => Promise<void>,
    log: Logger,
  ) {
    this.#self = self
    this.#view = view
    this.#fence = new Fence(journal, facts, log)
    this.#removal = new RemovalFence(bytes => journal([bytes]), facts, log)
  }

  /** Why nothing may be written; undefined while it may. */
  get refusal(): SkeinError | undefined {
    return this.#removal.refusal ?? this.#fence.refusal ?? this.#gone()
  }

  /** True if something proved that this data directory is not the newest of its key. */
  get isOutdated(): boolean {
    return this.#fence.refusal !== undefined
  }

  /** The removal that this peer was told of. */
  get removedBy(): RemovalNotice | undefined {
    return this.#removal.notice
  }

  /** Fenced, and maybe the only machine with its key. */
  get maySucceed(): boolean {
    return this.#fence.maySucceed && !this.#removal.notice
  }

  /** It was removed, and nothing says that another machine has its key. */
  get isOffForGood(): boolean {
    const isTwin = this.isOutdated || this.#view.isFenced(this.#self)
    return this.#removal.notice !== undefined && !isTwin
  }

  /**
   * Judges what was read at start, which is the newest as far as can be said without meeting anybody.
   * @param machine this one, '' if it is not known
   * @param noted the counter outside of the directory, if it is ahead of the journal
   */
  async judge(machine: string, damaged: boolean, noted: number | undefined): Promise<void> {
    const recorded = this.#view.everMember(this.#self)?.machine ?? ''
    if (machine !== '' && recorded !== '' && machine !== recorded) await this.#fence.close({ kind: 'machine' })
    else if (damaged) await this.#fence.close({ kind: 'damage' })
    else if (noted !== undefined) await this.#fence.close({ kind: 'witness', counter: noted })
  }

  /** This data directory is not the newest of its key. Resolves when that is durable; never rejects. */
  close(reason: FenceReason): Promise<void> {
    return this.#fence.close(reason)
  }

  /** This peer was removed. True if this is news; it is durable, or said not to be, when this resolves. */
  remove(notice: RemovalNotice): Promise<boolean> {
    return this.#removal.close(notice)
  }

  /** Before it has fenced itself a peer may hold the records of its own removal or succession: it writes nothing more then. */
  #gone(): SkeinError | undefined {
    const self = this.#self
    if (this.#view.succeededBy(self) !== undefined) {
      const text = 'this host has come back under another key; for this data directory, another one'
      return new SkeinError('forbidden', `${text}: run skein peer invite on another host, and here: skein join TOKEN`)
    }
    const isGone = this.#view.everMember(self) && !this.#view.member(self)
    return isGone ? new SkeinError('forbidden', 'this host was removed from its mesh: see skein status') : undefined
  }
}
