/** The two messages of `/skein/leave/1`. */
import { decode, encode } from '../lib/cbor.ts'
import { SkeinError } from '../lib/errors.ts'

export const leaveProtocol = '/skein/leave/1'

const version = 1
const maxBytes = 64

/** `counter`: of the newest record of who leaves. */
export function encodeLeave(counter: number): Uint8Array {
  return encode([version, counter])
}

/** The counter. Throws SkeinError('invalid') when malformed. */
export function decodeLeave(request: Uint8Array): number {
  const message = decode(request, maxBytes)
  const counter = Array.isArray(message) && message[0] === version ? message[1] : undefined
  if (typeof counter !== 'number') throw new SkeinError('invalid', 'malformed request to leave')
  return counter
}

/** The answer: the removal was started. */
export const leaveAnswer = encode([version])
