/**
 * R8: a member that holds records of ours which we do not hold, or holds others at our counters, proves that this data
 * directory is an old copy (or that its key is used twice). From that moment on, over restarts too, this peer writes
 * nothing; it goes on receiving, so that its containers keep their traffic.
 */
import { encode } from '../lib/cbor.ts'
import { errorText, SkeinError } from '../lib/errors.ts'
import type { PeerKey } from '../lib/keys.ts'
import type { Logger } from '../lib/log.ts'
import type { LocalFacts } from './replica.ts'

const fact = 'replica/rolled-back'

export class RollbackFence {
  readonly #journal: (bytes: Uint8Array) => Promise<void>
  readonly #facts: Pick<LocalFacts, 'get'>
  readonly #log: Logger
  #counter: string | undefined

  /** @param journal makes a local fact durable, also while nothing else is written */
  constructor(journal: (bytes: Uint8Array) => Promise<void>, facts: Pick<LocalFacts, 'get'>, log: Logger) {
    this.#journal = journal
    this.#facts = facts
    this.#log = log
  }

  /** Why nothing may be written; undefined while it may. */
  get refusal(): SkeinError | undefined {
    const counter = this.#counter ?? this.#facts.get(fact)
    if (counter === undefined) return undefined
    const text = `this peer's data directory is older than what other members hold of it (${counter} records)`
    return new SkeinError('forbidden', `${text}: remove the data directory and join again with a new token`)
  }

  close(knownBy: PeerKey, counter: number): void {
    if (this.refusal) return
    this.#counter = String(counter)
    this.#log.fatal({ knownBy, counter }, 'data directory rolled back; nothing more is written')
    this.#journal(encode([fact, this.#counter])).catch(error =>
      this.#log.error({ err: errorText(error) }, 'rollback not noted: it is found out again at the next contact'),
    )
  }
}
