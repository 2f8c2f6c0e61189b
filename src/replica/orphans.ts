/**
 * Orphaned units: compact units that others with the same heads may hold the records of, and not make. Of writers that bring nothing more those
 * whose checkpoint is not here, since whoever had it may be gone; of writers with several histories all, since each of these may have let go of
 * what another one keeps (unmade.ts, decision 0018).
 */
import { isMadeBy } from '../crdt/checkpoint.ts'
import { type CompactUnit, openUnit } from '../crdt/compact-unit.ts'
import type { Registry } from '../crdt/registry.ts'
import type { Head, Vector } from '../crdt/vector.ts'
import { sha256, toHex } from '../lib/bytes.ts'
import type { PeerKey } from '../lib/keys.ts'
import type { BatchLog } from './batch-log.ts'

export interface Orphan {
  /** Names it, hex: the writer signed this and nothing else with it. */
  readonly signature: string
  readonly bytes: Uint8Array
}

type RegistryPart = Pick<Registry, 'member' | 'succeededBy' | 'membersVersion' | 'checkpoints'>

/** True if nothing more is written under this key: its host was removed, came back under another one, or is fenced because it has copies. */
export function isSilent(
  registry: Pick<Registry, 'member' | 'succeededBy'>,
  log: Pick<BatchLog, 'isForked'>,
  writer: PeerKey,
): boolean {
  return !registry.member(writer) || registry.succeededBy(writer) !== undefined || log.isForked(writer)
}

export class Orphans {
  readonly #registry: RegistryPart
  readonly #log: BatchLog
  /** Of each silent writer, as of these tips, which are another array after each change. */
  #ofWriters = new Map<PeerKey, { tips: readonly Head[]; orphans: readonly Orphan[] }>()
  #all: readonly Orphan[] = []
  /** What `#all` was last looked for in. */
  #seen: { vector: Vector; members: number } | undefined

  constructor(registry: RegistryPart, log: BatchLog) {
    this.#registry = registry
    this.#log = log
  }

  /** Ascending by signature. Looks again only at writers of whom something has changed. */
  all(): readonly Orphan[] {
    const [vector, members] = [this.#log.vector(), this.#registry.membersVersion()]
    if (this.#seen?.vector === vector && this.#seen.members === members) return this.#all
    const silent = [...vector].filter(([writer]) => isSilent(this.#registry, this.#log, writer))
    this.#ofWriters = new Map(
      silent.map(([writer, tips]) => {
        const known = this.#ofWriters.get(writer)
        return [writer, known?.tips === tips ? known : { tips, orphans: this.#orphansOf(writer) }]
      }),
    )
    const found = [...this.#ofWriters.values()].flatMap(({ orphans }) => orphans)
    this.#all = found.sort((a, b) => (a.signature < b.signature ? -1 : 1))
    this.#seen = { vector, members }
    return this.#all
  }

  /** Of these writers, whom a member has several histories of, the units that are no orphans here: it is nobody else's matter. */
  besides(writers: readonly PeerKey[]): Orphan[] {
    return writers.flatMap(writer => (isSilent(this.#registry, this.#log, writer) ? [] : this.#unitsOf(writer)))
  }

  /** SHA-256 of their signatures, ascending. */
  hash(): Uint8Array {
    return sha256(
      Buffer.from(
        this.all()
          .map(({ signature }) => signature)
          .join(''),
        'hex',
      ),
    )
  }

  /** Another text whenever there are others, or members are others: these may take now what they did not before. */
  version(): string {
    return `${this.#registry.membersVersion()} ${toHex(this.hash())}`
  }

  #orphansOf(writer: PeerKey): Orphan[] {
    const checkpoints = this.#registry.checkpoints.of(writer)
    const isMade = (unit: CompactUnit) => checkpoints.some(({ leaf }) => isMadeBy(unit, leaf))
    return this.#unitsOf(writer, unit => this.#log.isForked(writer) || !isMade(unit))
  }

  #unitsOf(writer: PeerKey, isMeant: (unit: CompactUnit) => boolean = () => true): Orphan[] {
    const units = [...(this.#log.missing(writer, []) ?? [])].filter(({ compact }) => compact)
    return units.flatMap(({ bytes }) => {
      const unit = openUnit(bytes)
      return isMeant(unit) ? [{ signature: toHex(unit.signature), bytes }] : []
    })
  }
}
