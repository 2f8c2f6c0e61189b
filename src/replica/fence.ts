/**
 * R8: what proves that this data directory is not the newest of its key. A member that holds records of ours which we do
 * not hold, or others at our counters; a note outside of the directory that is ahead of it; a damaged journal; a record by
 * another machine. From that moment on, over restarts too, this peer writes nothing and hands nothing out; it goes on
 * receiving, so that its containers keep their traffic.
 */
import { encode } from '../lib/cbor.ts'
import { errorText, SkeinError } from '../lib/errors.ts'
import type { Logger } from '../lib/log.ts'
import type { LocalFacts } from './replica.ts'
import { sealedCounter } from './witness.ts'

/** Of a peer whose data directory is not the newest of its key: why. */
export const fencedFact = 'replica/fenced'
const kindFact = 'replica/fenced-by'

/** `counter` is that of this peer's own records. `machine`: the directory is that of another machine. */
export type FenceReason =
  | { readonly kind: 'members'; readonly counter: number }
  | { readonly kind: 'witness'; readonly counter: number }
  | { readonly kind: 'damage' }
  | { readonly kind: 'machine' }

export class Fence {
  readonly #journal: (entries: readonly Uint8Array[]) => Promise<void>
  readonly #facts: Pick<LocalFacts, 'get'>
  readonly #log: Logger
  #closed: { text: string; isFinal: boolean } | undefined

  /** @param journal makes local facts durable, also while nothing else is written */
  constructor(journal: (entries: readonly Uint8Array[]) => Promise<void>, facts: Pick<LocalFacts, 'get'>, log: Logger) {
    this.#journal = journal
    this.#facts = facts
    this.#log = log
  }

  /** Why nothing may be written; undefined while it may. */
  get refusal(): SkeinError | undefined {
    const closed = this.#reason
    if (closed === undefined) return undefined
    const join = 'run skein peer invite on another host, and here, for a new key: skein join TOKEN'
    const remedy = closed.isFinal ? join : `run skein peer rejoin; if another machine runs with its key, ${join}`
    return new SkeinError('forbidden', `${closed.text}: ${remedy}`)
  }

  /** True if this may be a machine whose key no other has: it may come back in the place of its old key. */
  get maySucceed(): boolean {
    return this.#reason?.isFinal === false
  }

  /** Resolves when that is durable; never rejects. */
  async close(reason: FenceReason): Promise<void> {
    if (this.refusal) return
    const text = textOf(reason)
    const kind = isFinal(reason) ? 'final' : reason.kind
    this.#closed = { text, isFinal: kind === 'final' }
    this.#log.fatal({ reason }, 'fenced: nothing more is written')
    await this.#journal([encode([fencedFact, text]), encode([kindFact, kind])]).catch(error =>
      this.#log.error({ err: errorText(error) }, 'fence not noted: it is found out again at the next contact'),
    )
  }

  get #reason(): { text: string; isFinal: boolean } | undefined {
    const text = this.#closed ? undefined : this.#facts.get(fencedFact)
    if (text !== undefined) this.#closed = { text, isFinal: this.#facts.get(kindFact) === 'final' }
    return this.#closed
  }
}

function isFinal(reason: FenceReason): boolean {
  return reason.kind === 'machine' || (reason.kind === 'witness' && reason.counter === sealedCounter)
}

function textOf(reason: FenceReason): string {
  if (reason.kind === 'damage') return "this peer's journal was damaged and may lack records"
  if (reason.kind === 'machine') return "this peer's data directory was copied from another machine"
  if (isFinal(reason)) return 'this host has come back under another key since this data directory was copied'
  const who = reason.kind === 'members' ? 'other members hold of it' : 'was noted outside of it'
  return `this peer's data directory is older than what ${who} (${reason.counter} records)`
}
