/**
 * Takes in orphaned units that members give (orphans.ts), in the place of the records that they were made of, or of other units of these. Each
 * is judged as the checkpoint that made it would be: whoever gives it vouches for nothing.
 */
import { type CompactUnit, openPart, type Part } from '../crdt/compact-unit.ts'
import { toHex } from '../lib/bytes.ts'
import { errorText } from '../lib/errors.ts'
import type { PeerKey } from '../lib/keys.ts'
import type { Logger } from '../lib/log.ts'
import type { Compactor } from './compactor.ts'
import type { Contests } from './contests.ts'
import type { Intake } from './intake.ts'

export interface AdoptionDeps {
  compactor: Pick<Compactor, 'judged' | 'adopt'>
  contests: Pick<Contests, 'take' | 'adopted' | 'wasPutAside'>
  intake: Pick<Intake, 'inTurn' | 'receive'>
  meshId: string
  /** Resolves when the unit is durable. */
  journal(unit: CompactUnit): Promise<void>
  /** Called after each that took effect. */
  applied(unit: CompactUnit): void
  logger: Logger
}

export class Adoption {
  readonly #deps: AdoptionDeps

  constructor(deps: AdoptionDeps) {
    this.#deps = deps
  }

  /** Takes what is good for something here. Rejects only when the journal does. */
  async take(from: PeerKey, encoded: readonly Uint8Array[]): Promise<void> {
    const { intake, contests } = this.#deps
    const parts = encoded.flatMap(bytes => this.#open(from, bytes))
    const units = parts.filter(part => 'survivors' in part)
    const distinct = new Map(units.map(unit => [toHex(unit.signature), unit]))
    // whoever was asked for histories takes a unit that they lead to for held here, and does not give it
    await intake.receive(
      from,
      units.map(({ bytes }) => bytes),
    )
    for (const unit of distinct.values()) await intake.inTurn(() => this.#adopt(unit))
    await intake.inTurn(() => contests.take(from, parts))
  }

  #open(from: PeerKey, bytes: Uint8Array): Part[] {
    try {
      const part = openPart(bytes)
      if (part.meshId !== this.#deps.meshId) throw new Error('of another mesh')
      return [part]
    } catch (error) {
      this.#deps.logger.warn({ from, err: errorText(error) }, 'malformed unit ignored')
      return []
    }
  }

  async #adopt(given: CompactUnit): Promise<void> {
    const { compactor, contests, journal, applied } = this.#deps
    const unit = compactor.judged(given, contests.wasPutAside(given))
    if (!unit) return
    await journal(unit)
    // a record of this peer's own may have let more of the run go meanwhile
    if (!compactor.adopt(unit)) return
    contests.adopted(unit)
    applied(unit)
  }
}
