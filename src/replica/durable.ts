/** The journal as the replica uses it: one that failed once is never trusted again, what it holds is unknown until it is read anew. */
import { errorText, SkeinError } from '../lib/errors.ts'
import type { Logger } from '../lib/log.ts'
import type { Journal, JournalEntry } from '../store/journal.ts'

export class Durable {
  readonly #journal: Journal
  readonly #logger: Logger
  #failure: SkeinError | undefined
  #newest: Promise<void> = Promise.resolve()

  constructor(journal: Journal, logger: Logger) {
    this.#journal = journal
    this.#logger = logger
  }

  /** Why nothing is written any more. */
  get failure(): SkeinError | undefined {
    return this.#failure
  }

  /** Of the newest own record or local fact: resolves when it is durable. */
  get newest(): Promise<void> {
    return this.#newest
  }

  /** What this peer itself decided. */
  async decided(entries: JournalEntry[]): Promise<void> {
    const durable = this.put(entries)
    this.#newest = durable
    durable.catch(() => undefined) // the caller has the error; whoever waits for `newest` gets it too
    await durable
  }

  /** Resolves when the entries are durable. */
  async put(entries: JournalEntry[]): Promise<void> {
    if (this.#failure) throw this.#failure
    try {
      await this.#journal.append(entries)
    } catch (error) {
      this.#failure = new SkeinError('internal', `the journal cannot be written: ${errorText(error)}; restart skeind`, {
        cause: error,
      })
      this.#logger.fatal({ err: errorText(error) }, 'journal failed; nothing more is written')
      throw this.#failure
    }
  }

  /** What was begun is finished; what comes now is refused before it is applied, and is no failure of the journal. */
  async close(): Promise<void> {
    this.#failure ??= new SkeinError('unavailable', 'this peer is stopping: try again when skeind runs')
    await this.#journal.close()
  }
}
