/** How a member is asked, in anti-entropy. */
import { decode, encode, type Plain } from '../lib/cbor.ts'
import type { PeerKey } from '../lib/keys.ts'
import { type AskBack, maxMessageBytes, type Transport } from '../mesh/transport.ts'
import { syncProtocol } from './sync-messages.ts'

/** Deadline of one request, ms. */
export const requestMs = 5000

/** Asks one member. Rejects as `Transport.request` does, or when the answer cannot be decoded. */
export type Asking = (message: Plain) => Promise<Plain>

export function askOf(transport: Pick<Transport, 'request'>, peer: PeerKey, timeoutMs = requestMs): Asking {
  return async message =>
    decode(await transport.request(peer, syncProtocol, encode(message), timeoutMs), maxMessageBytes)
}

export function askOver(askBack: AskBack): Asking {
  return async message => decode(await askBack(syncProtocol, encode(message), requestMs), maxMessageBytes)
}
