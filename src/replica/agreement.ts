/**
 * Whether this peer and the members agree (I2), where anti-entropy cannot bring it about: a member that holds the same may come to another state by it, and
 * of a writer with several histories each may hold what the other does not take. Both come about where a writer said something else of its own records to
 * each and nobody holds any more what it wrote (decision 0031, Costs), or where a program is wrong. So a hello carries the beginning of the digest. What
 * is found is this host's to say, and for its operator to end.
 */
import type { Registry } from '../crdt/registry.ts'
import type { Head, Vector } from '../crdt/vector.ts'
import { equalBytes, fromHex } from '../lib/bytes.ts'
import type { Clock } from '../lib/clock.ts'
import type { PeerKey } from '../lib/keys.ts'
import type { Logger } from '../lib/log.ts'
import type { BatchLog } from './batch-log.ts'

/** Of a digest, bytes that a hello carries: enough for what comes about by itself; a member that lies here tells of itself alone. */
export const stateHashBytes = 8
/** So long a difference has to last, from the first synchronisation that showed it to the latest: others are settled within seconds, ms. */
const patienceMs = 60_000
/** Differences that are looked at: who began first goes. */
const maxDifferences = 64

export interface Difference {
  /** Who differs from this peer. */
  readonly peer: PeerKey
  /** Of whom both hold other records; undefined where they hold the same. */
  readonly writer: PeerKey | undefined
  /** Wall clock, ms. */
  readonly sinceMs: number
}

interface Seen extends Difference {
  /** The heads on both sides, whichever holds which: each may drop what the other takes. '' where they hold the same. */
  readonly what: string
  /** Monotonic clock, ms. */
  readonly firstMs: number
  readonly lastMs: number
}

export interface AgreementDeps {
  registry: Pick<Registry, 'everybodysDigest'>
  log: Pick<BatchLog, 'tips'>
  isMember(peer: PeerKey): boolean
  /** Own batches that are in the registry and shown to nobody yet. */
  unwritten(): number
  clock: Pick<Clock, 'now' | 'monotonic'>
  logger: Logger
}

export class Agreement {
  readonly #deps: AgreementDeps
  readonly #seen = new Map<string, Seen>()

  constructor(deps: AgreementDeps) {
    this.#deps = deps
  }

  /** Of the state that what is held comes to; undefined while this peer's own says nothing to others. */
  stateHash(): Uint8Array | undefined {
    const { registry, unwritten } = this.#deps
    const digest = unwritten() > 0 ? undefined : registry.everybodysDigest()
    return digest === undefined ? undefined : fromHex(digest).subarray(0, stateHashBytes)
  }

  /** A member held the same as this peer did when the state was `mine`, and came to `theirs` by it. */
  compared(peer: PeerKey, mine: Uint8Array | undefined, theirs: Uint8Array | undefined): void {
    if (!mine || !theirs) return
    if (equalBytes(mine, theirs)) this.#seen.delete(nameOf(peer))
    else this.#note(peer, undefined, '')
  }

  /** Synchronised with a member, but for these histories (`Synchronised` of sync.ts). */
  synchronised(peer: PeerKey, apart: Vector): void {
    for (const [name, { peer: other, writer }] of this.#seen) {
      if (other === peer && writer !== undefined && !apart.has(writer)) this.#seen.delete(name)
    }
    for (const [writer, theirs] of apart) {
      const sides = [this.#deps.log.tips(writer), theirs]
      // who shows one history has not said something else to each: an old copy of another host may lack what let it in
      if (sides.some(({ length }) => length > 1)) this.#note(peer, writer, sides.map(heads).sort().join(' '))
    }
  }

  /** Those with members that have lasted, what began first first. */
  differences(): readonly Difference[] {
    const lasting = [...this.#seen.values()].filter(({ firstMs, lastMs }) => lastMs - firstMs >= patienceMs)
    return lasting
      .filter(({ peer }) => this.#deps.isMember(peer))
      .map(({ peer, writer, sinceMs }) => ({ peer, writer, sinceMs }))
  }

  #note(peer: PeerKey, writer: PeerKey | undefined, what: string): void {
    const { clock, logger } = this.#deps
    const name = nameOf(peer, writer)
    const before = this.#seen.get(name)
    const nowMs = clock.monotonic()
    const { firstMs, sinceMs } = before?.what === what ? before : { firstMs: nowMs, sinceMs: clock.now() }
    if (!before) logger.warn({ peer, writer }, 'this peer and a member differ, and cannot synchronise it')
    this.#seen.set(name, { peer, writer, what, sinceMs, firstMs, lastMs: nowMs })
    for (const oldest of this.#seen.keys()) if (this.#seen.size > maxDifferences) this.#seen.delete(oldest)
  }
}

function nameOf(peer: PeerKey, writer: PeerKey = ''): string {
  return `${peer} ${writer}`
}

function heads(tips: readonly Head[]): string {
  return tips
    .map(({ counter, hash }) => `${counter} ${hash}`)
    .sort()
    .join()
}
