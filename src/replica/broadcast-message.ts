/** A broadcast: batches of one writer, as they are stored and relayed. */
import { list } from '../crdt/plain.ts'
import { decode, encode } from '../lib/cbor.ts'
import { maxMessageBytes } from '../mesh/transport.ts'

/** Batches in one message. */
const maxBatches = 4096

export function encodeBroadcast(batches: readonly Uint8Array[]): Uint8Array {
  return encode(batches)
}

/** Throws on what is no message of Skein's, undefined for one that is no broadcast. */
export function decodeBroadcast(bytes: Uint8Array): Uint8Array[] | undefined {
  return list(decode(bytes, maxMessageBytes), maxBatches, item => (item instanceof Uint8Array ? item : undefined))
}
