/**
 * Gives members the orphaned units of this peer, which anti-entropy never asks for: their heads are known there. A member that holds other histories
 * of a forked writer gets them too: it may have no room for these before some have gone into a unit (branches.ts). And what contradicts a unit of its
 * own is shown to it (contests.ts).
 */
import { type Vector, vectorHash } from '../crdt/vector.ts'
import { toHex } from '../lib/bytes.ts'
import { errorText } from '../lib/errors.ts'
import type { PeerKey } from '../lib/keys.ts'
import type { Logger } from '../lib/log.ts'
import type { Asking } from './asking.ts'
import type { Contests } from './contests.ts'
import type { Orphans, Shown } from './orphans.ts'
import { ask, chunkBytes } from './sync-messages.ts'

/** So much that one member showed is remembered; a hostile one can show any number of things. */
const maxShown = 64

export class Handover {
  readonly #orphans: Pick<Orphans, 'all' | 'hash' | 'version' | 'besides' | 'contested'>
  readonly #contests: Pick<Contests, 'owedTo'>
  readonly #logger: Logger
  /** Members that were asked since they were connected, each with what it showed then. */
  readonly #asked = new Map<PeerKey, Set<string>>()
  /** Of what they were asked about. */
  #version = ''

  constructor(
    orphans: Pick<Orphans, 'all' | 'hash' | 'version' | 'besides' | 'contested'>,
    contests: Pick<Contests, 'owedTo'>,
    logger: Logger,
  ) {
    this.#orphans = orphans
    this.#contests = contests
    this.#logger = logger
  }

  /** It may be of another version now, or not have heard all of it before. */
  connected(peer: PeerKey): void {
    this.#asked.delete(peer)
  }

  /**
   * Gives what there is, once, and again when the member shows something else of writers whose histories differ. Never rejects: a member of an
   * earlier version refuses, and one that goes away is met again.
   */
  async give(peer: PeerKey, asking: Asking, apart: Vector): Promise<void> {
    try {
      await this.#giveOrphans(peer, asking, apart)
      const owed = this.#contests.owedTo(peer)
      for (const units of chunksOf(owed)) await asking([ask.orphans, this.#orphans.hash(), units])
    } catch (error) {
      this.#logger.debug({ peer, err: errorText(error) }, 'orphaned units not taken')
    }
  }

  async #giveOrphans(peer: PeerKey, asking: Asking, apart: Vector): Promise<void> {
    const [orphans, contested] = [this.#orphans.all(), this.#orphans.contested()]
    if (orphans.length + contested.length + apart.size === 0) return
    const version = this.#orphans.version()
    if (version !== this.#version) this.#asked.clear()
    this.#version = version
    const shown = toHex(vectorHash(apart))
    const asked = this.#asked.get(peer) ?? new Set()
    if (asked.has(shown)) return
    if (asked.size >= maxShown) asked.clear()
    this.#asked.set(peer, asked.add(shown))
    const hash = this.#orphans.hash()
    // of a writer that it knows nothing of it pulls what there is
    const known = [...apart].filter(([, tips]) => tips.length > 0)
    const besides = this.#orphans.besides(known.map(([writer]) => writer))
    if (orphans.length + contested.length + besides.length === 0) return
    let reply = await asking([ask.orphans, hash])
    for (const units of chunksOf(besides)) reply = await asking([ask.orphans, hash, units])
    for (const units of chunksOf([...orphans, ...contested])) {
      if (Array.isArray(reply) && reply[0] === true) return
      reply = await asking([ask.orphans, hash, units])
    }
  }
}

function chunksOf(orphans: readonly Pick<Shown, 'bytes'>[]): Uint8Array[][] {
  const chunks: Uint8Array[][] = []
  let size = chunkBytes
  for (const { bytes } of orphans) {
    if (size >= chunkBytes) {
      chunks.push([])
      size = 0
    }
    chunks.at(-1)?.push(bytes)
    size += bytes.length
  }
  return chunks
}
