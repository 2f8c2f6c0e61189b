/**
 * Writers whose parts were put together anew, since others contradicted what was held (contests.ts), as the journal has it: a local fact that names the writer
 * and says how many parts follow, and these, in one group. They are all that counts of this writer up to there.
 */
import type { Part } from '../crdt/compact-unit.ts'
import { encode } from '../lib/cbor.ts'
import type { PeerKey } from '../lib/keys.ts'
import type { BatchLog } from './batch-log.ts'
import { openFact } from './local-facts.ts'
import { unitOf } from './unit.ts'

const prefix = 'replica/restated/'

/** What stands in the journal before that many parts. */
export function restatement(writer: PeerKey, count: number): Uint8Array {
  return encode([prefix + writer, `${count}`])
}

/** The writer and the number of parts that follow, if the local fact says so. */
export function openRestatement(bytes: Uint8Array): { writer: PeerKey; count: number } | undefined {
  const { key = '', value } = openFact(bytes) ?? {}
  return key.startsWith(prefix) ? { writer: key.slice(prefix.length), count: Number(value) } : undefined
}

/** Reads them again at start. */
export class Restating {
  readonly #log: Pick<BatchLog, 'restate'>
  #awaited: { readonly writer: PeerKey; readonly count: number; readonly parts: Part[] } | undefined

  constructor(log: Pick<BatchLog, 'restate'>) {
    this.#log = log
  }

  /** True if this local fact is none but says what follows. */
  replayFact(bytes: Uint8Array): boolean {
    const restated = openRestatement(bytes)
    if (restated && restated.count > 0) this.#awaited = { ...restated, parts: [] }
    return restated !== undefined
  }

  /** True if the part belongs to what was said to follow; `isWhole` with the last one of it. */
  replay(part: Part): { isTaken: boolean; isWhole: boolean } {
    const awaited = this.#awaited
    if (!awaited) return { isTaken: false, isWhole: false }
    awaited.parts.push(part)
    const isWhole = awaited.parts.length === awaited.count
    if (isWhole) {
      this.#log.restate(awaited.writer, awaited.parts.map(unitOf))
      this.#awaited = undefined
    }
    return { isTaken: true, isWhole }
  }
}
