/** Has the journal rewritten when most of it is dead: batches that were compacted, facts that were replaced. */
import type { Registry } from '../crdt/registry.ts'
import type { Clock } from '../lib/clock.ts'
import { errorText } from '../lib/errors.ts'
import type { Logger } from '../lib/log.ts'
import type { Journal } from '../store/journal.ts'
import { entryOverheadBytes } from '../store/journal-format.ts'
import type { BatchLog } from './batch-log.ts'
import type { Compactor } from './compactor.ts'
import { selectionOf } from './journal-selection.ts'
import type { JournalledFacts } from './local-facts.ts'

export interface RewritingPace {
  /** A smaller file stays as it is, bytes. */
  readonly floorBytes: number
  /** So much of the file must be dead, 0 to 1. */
  readonly deadShare: number
  /** From one attempt to the next at least, ms. */
  readonly restMs: number
}

export const usualRewriting: RewritingPace = { floorBytes: 1024 * 1024, deadShare: 0.5, restMs: 60_000 }

export interface JournalRewriterDeps {
  journal: Pick<Journal, 'size' | 'rewrite'>
  registry: Registry
  log: BatchLog
  compactor: Pick<Compactor, 'hasExpelled'>
  facts: Pick<JournalledFacts, 'weight'>
  /** False while the file is to stay as it is: a newcomer's, or a fenced peer's. */
  mayRewrite(): boolean
  /** @default usualRewriting */
  pace?: RewritingPace
  clock: Pick<Clock, 'monotonic'>
  logger: Logger
}

export class JournalRewriter {
  readonly #deps: JournalRewriterDeps
  readonly #pace: RewritingPace
  #isBusy = false
  /** Not before, monotonic ms. */
  #restsUntil = Number.NEGATIVE_INFINITY
  /** Bytes that the last attempt left though the log and the facts do not have them. */
  #unweighed = 0

  constructor(deps: JournalRewriterDeps) {
    this.#deps = deps
    this.#pace = deps.pace ?? usualRewriting
  }

  /** Has it rewritten if that is worth while now; costs next to nothing if not. Never rejects; nobody has to wait for it. */
  async consider(): Promise<void> {
    if (!this.#isDue()) return
    const { journal, registry, log, compactor, clock, logger } = this.#deps
    this.#isBusy = true
    const [before, begunMs] = [journal.size(), clock.monotonic()]
    try {
      const collected = registry.checkpoints.collectedNetworks()
      const isDone = await journal.rewrite(selectionOf({ log, compactor, collected }))
      this.#unweighed = Math.max(0, journal.size() - this.#live())
      const ms = Math.round(clock.monotonic() - begunMs)
      if (isDone) logger.info({ before, after: journal.size(), ms }, 'journal rewritten')
    } catch (error) {
      logger.warn({ err: errorText(error) }, 'journal not rewritten; it goes on as it is')
    }
    this.#restsUntil = clock.monotonic() + this.#pace.restMs
    this.#isBusy = false
  }

  #isDue(): boolean {
    const { journal, mayRewrite, clock } = this.#deps
    const { floorBytes, deadShare } = this.#pace
    const size = journal.size()
    if (this.#isBusy || size < floorBytes || clock.monotonic() < this.#restsUntil) return false
    return size - this.#live() - this.#unweighed > deadShare * size && mayRewrite()
  }

  /** Bytes of the file that are needed, about. */
  #live(): number {
    const [units, facts] = [this.#deps.log.weight(), this.#deps.facts.weight()]
    return units.bytes + facts.bytes + entryOverheadBytes * (units.units + facts.count)
  }
}
