/** Gossip that comes in: opened within limits, taken in, and asked after where something before it is missing. */
import { errorText } from '../lib/errors.ts'
import type { PeerKey } from '../lib/keys.ts'
import type { Logger } from '../lib/log.ts'
import { decodeBroadcast } from './broadcast-message.ts'
import type { Received } from './intake.ts'

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
      batches = decodeBroadcast(bytes)
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
