/** Gossip that comes in: opened within limits, taken in, and asked after where something before it is missing. */
import { list } from '../crdt/plain.ts'
import { decode } from '../lib/cbor.ts'
import { errorText } from '../lib/errors.ts'
import type { PeerKey } from '../lib/keys.ts'
import type { Logger } from '../lib/log.ts'
import { maxMessageBytes } from '../mesh/transport.ts'
import type { Received } from './intake.ts'

/** Batches in one message. */
const maxBatches = 4096

export interface HearingDeps {
  receive(from: PeerKey, batches: readonly Uint8Array[]): Promise<Received>
  /** Something before what `from` sent is not here. */
  behind(from: PeerKey): void
  log: Logger
}

/** The listener of broadcasts. Never throws: what is malformed or cannot be taken in is logged. */
export function createHearing({ receive, behind, log }: HearingDeps): (from: PeerKey, bytes: Uint8Array) => void {
  return (from, bytes) => {
    let batches: Uint8Array[] | undefined
    try {
      batches = list(decode(bytes, maxMessageBytes), maxBatches, item =>
        item instanceof Uint8Array ? item : undefined,
      )
    } catch (error) {
      log.warn({ from, err: errorText(error) }, 'malformed gossip ignored')
    }
    if (!batches) return
    receive(from, batches).then(
      received => received.behind && behind(from),
      error => log.warn({ from, err: errorText(error) }, 'gossip not taken in'),
    )
  }
}
