/**
 * R8: what proves that this data directory is not the newest of its key. A member that holds records of ours which we do
 * not hold, or others at our counters; a note outside of the directory that is ahead of it; a damaged journal. From that
 * moment on, over restarts too, this peer writes nothing and hands nothing out; it goes on receiving, so that its
 * containers keep their traffic.
 */
import { encode } from '../lib/cbor.ts'
import { errorText, SkeinError } from '../lib/errors.ts'
import type { Logger } from '../lib/log.ts'
import type { LocalFacts } from './replica.ts'

const fact = 'replica/fenced'

/** `counter` is that of this peer's own records. */
export type FenceReason =
  | { readonly kind: 'members'; readonly counter: number }
  | { readonly kind: 'witness'; readonly counter: number }
  | { readonly kind: 'damage' }

export class Fence {
  readonly #journal: (bytes: Uint8Array) => Promise<void>
  readonly #facts: Pick<LocalFacts, 'get'>
  readonly #log: Logger
  #text: string | undefined

  /** @param journal makes a local fact durable, also while nothing else is written */
  constructor(journal: (bytes: Uint8Array) => Promise<void>, facts: Pick<LocalFacts, 'get'>, log: Logger) {
    this.#journal = journal
    this.#facts = facts
    this.#log = log
  }

  /** Why nothing may be written; undefined while it may. */
  get refusal(): SkeinError | undefined {
    const text = this.#text ?? this.#facts.get(fact)
    if (text === undefined) return undefined
    return new SkeinError('forbidden', `${text}: bring this host back under a new key with: skein peer rejoin`)
  }

  /** Resolves when that is durable; never rejects. */
  async close(reason: FenceReason): Promise<void> {
    if (this.refusal) return
    this.#text = textOf(reason)
    this.#log.fatal({ reason }, 'fenced: nothing more is written')
    await this.#journal(encode([fact, this.#text])).catch(error =>
      this.#log.error({ err: errorText(error) }, 'fence not noted: it is found out again at the next contact'),
    )
  }
}

function textOf(reason: FenceReason): string {
  if (reason.kind === 'damage') return "this peer's journal was damaged and may lack records"
  const who = reason.kind === 'members' ? 'other members hold of it' : 'was noted outside of it'
  return `this peer's data directory is older than what ${who} (${reason.counter} records)`
}
