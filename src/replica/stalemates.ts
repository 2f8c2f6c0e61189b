/**
 * Writers of whom this peer and a member go on holding different things, whatever they show each other: hostile ones, that lie in several ways at a
 * time (decision 0031). Once nothing has changed here for a while, all that the member holds of the writer is asked for, and both take
 * the same one of the two sets (whole-sets.ts). Only writers with several histories, or with units that are not everybody's, are spoken of.
 */
import { openPart, type Part } from '../crdt/compact-unit.ts'
import { bytesOf } from '../crdt/plain.ts'
import { fromHex, sha256Hex } from '../lib/bytes.ts'
import { errorText } from '../lib/errors.ts'
import type { PeerKey } from '../lib/keys.ts'
import type { Logger } from '../lib/log.ts'
import type { Asking } from './asking.ts'
import type { BatchLog } from './batch-log.ts'
import { maxChainBytes } from './contests.ts'
import type { Orphans } from './orphans.ts'
import { ask, maxStands, openStands, openWhole, type Stand, standBytes } from './sync-messages.ts'
import { maxParts } from './whole-sets.ts'

/** So often a member was seen to hold the same other thing, while what is held here stayed the same, before all of it is asked for. */
const patience = 3
/** So many requests in a row that a member does not answer, as one of an earlier version, and it is asked no more until it is connected again. */
const maxFailures = 3
/** So often all that a member holds of some writer is asked for while it is connected: to weigh it keeps everything else waiting. */
const maxFetches = 16

export interface StalemateDeps {
  self: PeerKey
  log: BatchLog
  orphans: Pick<Orphans, 'writers' | 'unitsOf'>
  /** False while this peer may lack what it would have to judge by. */
  mayJudge(): boolean
  /** Takes what the member holds of the writer in the place of what is held, if that counts more. */
  settle(from: PeerKey, writer: PeerKey, parts: readonly Part[]): Promise<void>
  logger: Logger
}

/** What is known of one member since it was connected, by writer. */
class Met {
  /** What was held here, as a stand, when it held the same. */
  readonly equal = new Map<PeerKey, string>()
  /** Of these it said that it holds something else. */
  readonly asked = new Set<PeerKey>()
  /** How often this was seen to be held here, and that there. */
  readonly seen = new Map<PeerKey, { readonly both: string; readonly times: number }>()
  fetches = 0
  /** Requests in a row that it did not answer. */
  failures = 0
}

export class Stalemates {
  readonly #deps: StalemateDeps
  readonly #met = new Map<PeerKey, Met>()
  readonly #known = new WeakMap<object, string>()

  constructor(deps: StalemateDeps) {
    this.#deps = deps
  }

  /** It may be of another version now. */
  connected(peer: PeerKey): void {
    this.#met.delete(peer)
  }

  /** Of what a member holds, that which is held otherwise here. */
  differing(from: PeerKey, stands: readonly Stand[]): Stand[] {
    const held = stands.flatMap(({ writer, stand }) => {
      const own = this.#standOf(writer)
      return own === undefined || own === stand ? [] : [{ writer, stand: own }]
    })
    const { asked, equal } = this.#metOf(from)
    for (const { writer } of held) {
      equal.delete(writer)
      if (asked.size < maxStands) asked.add(writer)
    }
    return held
  }

  /** Compares what is held of writers in doubt with a member, after a synchronisation. Never rejects. */
  async meet(peer: PeerKey, asking: Asking): Promise<void> {
    const met = this.#metOf(peer)
    if (met.failures >= maxFailures || !this.#deps.mayJudge()) return
    const stands = this.#inDoubt(met)
    if (stands.length === 0) return
    try {
      const reply = await asking([ask.stands, stands.map(({ writer, stand }) => [bytesOf(writer), fromHex(stand)])])
      const theirs = new Map(openStands(reply).map(({ writer, stand }) => [writer, stand]))
      for (const { writer, stand } of stands) {
        const other = theirs.get(writer)
        if (other === undefined) {
          met.equal.set(writer, stand)
          met.asked.delete(writer)
        } else if (isStuck(met, writer, stand + other) && this.#standOf(writer) === stand) {
          const parts = await this.#wholeOf(writer, asking)
          met.fetches++
          if (parts) await this.#deps.settle(peer, writer, parts)
        }
      }
      met.failures = 0
    } catch (error) {
      met.failures++
      this.#deps.logger.debug({ peer, err: errorText(error) }, 'what is held of writers in doubt was not compared')
    }
  }

  #inDoubt({ equal, asked }: Met): Stand[] {
    const { self, log, orphans } = this.#deps
    const forked = log.writers().filter(writer => log.isForked(writer) && log.compactUnits(writer) > 0)
    const writers = new Set([...forked, ...orphans.writers(), ...asked])
    const stands = [...writers].flatMap(writer => {
      const stand = this.#standOf(writer)
      return stand === undefined || writer === self || equal.get(writer) === stand ? [] : [{ writer, stand }]
    })
    return stands.slice(0, maxStands)
  }

  /** @returns undefined if it is more than a chain may be */
  async #wholeOf(writer: PeerKey, asking: Asking): Promise<Part[] | undefined> {
    const parts: Part[] = []
    for (let size = 0; ; ) {
      const { units, more } = openWhole(await asking([ask.whole, bytesOf(writer), parts.length]))
      parts.push(...units.map(openPart))
      size += units.reduce((sum, unit) => sum + unit.length, 0)
      if (!more) return parts.length > maxParts ? undefined : parts
      if (size > maxChainBytes || parts.length > maxParts || units.length === 0) return undefined
    }
  }

  /** First bytes of the SHA-256 of what tells apart what is held of the writer, hex; undefined if nothing is. */
  #standOf(writer: PeerKey): string | undefined {
    const { log, orphans } = this.#deps
    const tips = log.tips(writer)
    if (tips.length === 0) return undefined
    // the tips are another array after each change
    const known = this.#known.get(tips)
    if (known !== undefined) return known
    const signatures = orphans.unitsOf(writer).map(({ signature }) => signature)
    const batches = [...(log.missing(writer, []) ?? [])].flatMap(({ compact, hash }) => (compact ? [] : [hash]))
    const named = [...batches, ...signatures].sort().join('')
    const stand = sha256Hex(Buffer.from(named, 'hex')).slice(0, 2 * standBytes)
    this.#known.set(tips, stand)
    return stand
  }

  #metOf(peer: PeerKey): Met {
    const met = this.#met.get(peer) ?? new Met()
    this.#met.set(peer, met)
    return met
  }
}

/** Counts it as well: true once, when it was seen often enough. */
function isStuck({ seen, fetches }: Met, writer: PeerKey, both: string): boolean {
  const before = seen.get(writer)
  const times = before?.both === both ? before.times + 1 : 1
  seen.set(writer, { both, times })
  return times === patience && fetches < maxFetches
}
