/**
 * R9: a peer that knows that it was removed writes nothing and hands out nothing from that moment on, over restarts too. It goes
 * on receiving what it still gets, and its containers keep their traffic.
 */
import { encode } from '../lib/cbor.ts'
import { errorText, SkeinError } from '../lib/errors.ts'
import type { PeerKey } from '../lib/keys.ts'
import type { Logger } from '../lib/log.ts'
import type { LocalFacts } from './replica.ts'

/** A removal of this peer. */
export interface RemovalNotice {
  readonly starter: PeerKey
  /** Name of the host where it was started. */
  readonly startedOn: string
  /** When it was declared effective, wall clock of that host, ms. */
  readonly sinceMs: number
  /** This peer itself asked for it, and it is not effective yet. */
  readonly isLeaving?: true
  /** Counter up to which this peer's records count for the others. */
  readonly cut: number
}

const fact = 'replica/removed'

export class RemovalFence {
  readonly #journal: (bytes: Uint8Array) => Promise<void>
  readonly #facts: Pick<LocalFacts, 'get'>
  readonly #log: Logger
  #notice: RemovalNotice | undefined
  #isNoted = false

  /** @param journal makes a local fact durable, also while nothing else is written */
  constructor(journal: (bytes: Uint8Array) => Promise<void>, facts: Pick<LocalFacts, 'get'>, log: Logger) {
    this.#journal = journal
    this.#facts = facts
    this.#log = log
  }

  get notice(): RemovalNotice | undefined {
    const written = this.#notice ? undefined : this.#facts.get(fact)
    if (written !== undefined) {
      this.#notice = JSON.parse(written) as RemovalNotice
      this.#isNoted = true
    }
    return this.#notice
  }

  /** Why nothing may be written; undefined while it may. */
  get refusal(): SkeinError | undefined {
    return this.notice && new SkeinError('forbidden', `${removedText(this.notice)}: ${rejoinText(this.notice)}`)
  }

  /**
   * True if this is news. The fence holds at once; it is durable, or said not to be, when this resolves. Rejects where a peer leaves and
   * that is not durable: others may hand its addresses out then, so it may not forget it in a crash.
   */
  async close(notice: RemovalNotice): Promise<boolean> {
    const { notice: before } = this
    const isKnown = before !== undefined && (!before.isLeaving || notice.isLeaving === true)
    if (isKnown && (this.#isNoted || !before.isLeaving)) return false
    this.#notice = notice
    const text = notice.isLeaving ? 'this host leaves its mesh' : 'this host was removed'
    this.#log.warn({ startedOn: notice.startedOn, cut: notice.cut }, `${text}; nothing more is written`)
    try {
      await this.#journal(encode([fact, JSON.stringify(notice)]))
      this.#isNoted = true
    } catch (error) {
      if (notice.isLeaving) throw notNoted(error)
      this.#log.error({ err: errorText(error) }, 'removal not noted: it is found out again at the next contact')
    }
    return true
  }
}

function notNoted(error: unknown): SkeinError {
  const text = `that this host leaves could not be written to its disk (${errorText(error)})`
  return new SkeinError(
    'internal',
    `${text}, and nobody was told: repair that, restart skeind, run skein peer leave again`,
  )
}

/** The cause, for people. */
export function removedText({ startedOn, sinceMs, isLeaving }: RemovalNotice): string {
  if (isLeaving) return 'this host is leaving its mesh'
  const at = sinceMs <= 8.64e15 ? ` at ${new Date(sinceMs).toISOString()}` : ''
  return `this host was removed from its mesh (skein peer rm on ${startedOn}${at})`
}

/** The remedy. */
export function rejoinText({ startedOn, isLeaving }: RemovalNotice): string {
  if (isLeaving) return 'run skein peer leave again, until it says that it has left'
  return `run skein peer invite on ${startedOn} or another member, and here: skein join TOKEN`
}
