/**
 * Takes in orphaned units that members give (orphans.ts), in the place of the records that they were made of, or of other units of these. Each
 * is judged as the checkpoint that made it would be: whoever gives it vouches for nothing.
 */
import { isMadeBy } from '../crdt/checkpoint.ts'
import { type CompactUnit, openUnit } from '../crdt/compact-unit.ts'
import type { Registry } from '../crdt/registry.ts'
import { toHex } from '../lib/bytes.ts'
import { errorText } from '../lib/errors.ts'
import type { PeerKey } from '../lib/keys.ts'
import type { Logger } from '../lib/log.ts'
import type { BatchLog } from './batch-log.ts'
import type { Compactor } from './compactor.ts'
import type { Intake } from './intake.ts'
import { isSilent } from './orphans.ts'

export interface AdoptionDeps {
  registry: Pick<Registry, 'member' | 'succeededBy' | 'checkpoints'>
  log: Pick<BatchLog, 'isForked'>
  compactor: Pick<Compactor, 'judged' | 'adopt'>
  intake: Pick<Intake, 'inTurn' | 'receive' | 'isParted'>
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
    const units = encoded.flatMap(bytes => this.#open(from, bytes))
    const distinct = new Map(units.map(unit => [toHex(unit.signature), unit]))
    // whoever was asked for histories takes a unit that they lead to for held here, and does not give it
    await this.#deps.intake.receive(
      from,
      units.map(({ bytes }) => bytes),
    )
    for (const unit of distinct.values()) await this.#deps.intake.inTurn(() => this.#adopt(unit))
  }

  #open(from: PeerKey, bytes: Uint8Array): CompactUnit[] {
    try {
      return [openUnit(bytes)]
    } catch (error) {
      this.#deps.logger.warn({ from, err: errorText(error) }, 'malformed unit ignored')
      return []
    }
  }

  async #adopt(given: CompactUnit): Promise<void> {
    const { registry, log, compactor, intake, journal, applied } = this.#deps
    // a living writer brings the checkpoint itself
    const isHeld = registry.checkpoints.of(given.writer).some(({ leaf }) => isMadeBy(given, leaf))
    if (!isHeld && !intake.isParted(given.writer) && !isSilent(registry, log, given.writer)) return
    const unit = compactor.judged(given)
    if (!unit) return
    await journal(unit)
    // a record of this peer's own may have let more of the run go meanwhile
    if (compactor.adopt(unit)) applied(unit)
  }
}
