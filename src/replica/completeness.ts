/**
 * R4's newcomer. Until it covers what some member showed it at the beginning of a pass it knows too little to be counted
 * on: it shows no vector, acknowledges nothing, creates nothing and hands nothing out. Then it is complete, for good.
 */
import type { Head, Vector } from '../crdt/vector.ts'
import { encode } from '../lib/cbor.ts'
import type { PeerKey } from '../lib/keys.ts'
import type { BatchLog } from './batch-log.ts'
import type { LocalFacts } from './replica.ts'

const fact = 'replica/complete'

export interface CompletenessDeps {
  self: string
  log: BatchLog
  facts: Pick<LocalFacts, 'get'>
  /** Makes a local fact durable. */
  journal(bytes: Uint8Array): Promise<void>
  /** True of a writer of whom histories were shown that are not kept here, as others are (branches.ts). */
  hasRefused(writer: PeerKey): boolean
  /** Called once it is complete, durably. */
  completed(): void
}

export class Completeness {
  readonly #deps: CompletenessDeps
  #target: Vector | undefined
  #complete = false

  constructor(deps: CompletenessDeps) {
    this.#deps = deps
  }

  get isComplete(): boolean {
    const { log, facts, self } = this.#deps
    // a peer that has written was complete when it did; the founder of a mesh begins with writing
    this.#complete ||= facts.get(fact) !== undefined || log.tips(self).length > 0
    return this.#complete
  }

  /** A member shows what it holds: a pass begins. */
  begin(shown: Vector): void {
    if (!this.isComplete && shown.size > 0) this.#target = shown
  }

  /**
   * Looks whether the pass has come to its end. Rejects when that cannot be noted.
   * @param pulled what a member showed and was asked for to the end: what is missing of it now was refused
   */
  async look(pulled?: Vector): Promise<void> {
    const { log, hasRefused, journal, completed } = this.#deps
    const target = this.#target
    if (!target || this.isComplete) return
    // members do not keep that history either, once this peer is complete and may show them the one that is kept
    const isCovered = (writer: PeerKey, tips: readonly Head[]) =>
      tips.every(tip => log.mayHold(writer, tip)) || (target === pulled && hasRefused(writer))
    if (![...target].every(([writer, tips]) => isCovered(writer, tips))) return
    this.#target = undefined
    await journal(encode([fact, '1']))
    this.#complete = true
    completed()
  }
}
