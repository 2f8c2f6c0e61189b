/** Gives a member that holds all that this peer does the orphaned units of this peer, which anti-entropy never asks for: their heads are known there. */
import { errorText } from '../lib/errors.ts'
import type { PeerKey } from '../lib/keys.ts'
import type { Logger } from '../lib/log.ts'
import type { Asking } from './asking.ts'
import type { Orphan, Orphans } from './orphans.ts'
import { ask, chunkBytes } from './sync-messages.ts'

export class Handover {
  readonly #orphans: Pick<Orphans, 'all' | 'hash' | 'version'>
  readonly #logger: Logger
  /** Members that were asked since they were connected. */
  readonly #asked = new Set<PeerKey>()
  /** Of what they were asked about. */
  #version = ''

  constructor(orphans: Pick<Orphans, 'all' | 'hash' | 'version'>, logger: Logger) {
    this.#orphans = orphans
    this.#logger = logger
  }

  /** It may be of another version now, or not have heard all of it before. */
  connected(peer: PeerKey): void {
    this.#asked.delete(peer)
  }

  /** Gives what there is, once. Never rejects: a member of an earlier version refuses, and one that goes away is met again. */
  async give(peer: PeerKey, asking: Asking): Promise<void> {
    const orphans = this.#orphans.all()
    if (orphans.length === 0) return
    const version = this.#orphans.version()
    if (version !== this.#version) this.#asked.clear()
    this.#version = version
    if (this.#asked.has(peer)) return
    this.#asked.add(peer)
    const hash = this.#orphans.hash()
    try {
      let reply = await asking([ask.orphans, hash])
      for (const units of chunksOf(orphans)) {
        if (Array.isArray(reply) && reply[0] === true) return
        reply = await asking([ask.orphans, hash, units])
      }
    } catch (error) {
      this.#logger.debug({ peer, err: errorText(error) }, 'orphaned units not taken')
    }
  }
}

function chunksOf(orphans: readonly Orphan[]): Uint8Array[][] {
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
