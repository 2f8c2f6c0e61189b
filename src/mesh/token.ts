/** The text of an invitation: `skein1.` and base64url of a CBOR array and four bytes of its sha256. */
import { equalBytes, fromHex, sha256, toHex } from '../lib/bytes.ts'
import { decode, encode, type Plain } from '../lib/cbor.ts'
import { SkeinError } from '../lib/errors.ts'
import { parseAddress } from './address.ts'
import { isPeerKey } from './peer-id.ts'
import type { Invitation } from './transport.ts'

const prefix = 'skein1.'
/** Longer than any token with `maxAddresses` addresses. */
const maxTextLength = 1024
const maxAddresses = 8
const maxMeshIdLength = 128
const checkBytes = 4

/** Throws SkeinError('invalid') for an invitation that no token can carry. */
export function encodeToken(invitation: Invitation): string {
  const { meshId, issuer, seed, addresses, expiresMs } = invitation
  if (!isInvitation(invitation))
    throw new SkeinError('invalid', 'this invitation does not fit in a token: see --listen')
  const body = encode([meshId, fromHex(issuer), seed, addresses, expiresMs])
  return prefix + Buffer.concat([body, check(body)]).toString('base64url')
}

/** Throws SkeinError('invalid'), one line, for everything that `encodeToken` did not make; blanks around it do not count. */
export function decodeToken(text: string): Invitation {
  const token = text.trim()
  if (!token.startsWith(prefix)) throw notAToken(`it does not begin with "${prefix}"`)
  if (token.length > maxTextLength) throw notAToken('it is too long')
  const bytes = new Uint8Array(Buffer.from(token.slice(prefix.length), 'base64url'))
  const body = bytes.subarray(0, -checkBytes)
  if (!equalBytes(check(body), bytes.subarray(-checkBytes))) throw notAToken('a part is missing or changed')
  const invitation = fromPlain(body)
  // one invitation has one text: no odd base64, no odd CBOR
  if (!invitation || encodeToken(invitation) !== token) throw notAToken('it is malformed')
  return invitation
}

function check(body: Uint8Array): Uint8Array {
  return sha256(body).subarray(0, checkBytes)
}

function fromPlain(body: Uint8Array): Invitation | undefined {
  const value = decodeOrNull(body)
  if (!Array.isArray(value) || value.length !== 5) return undefined
  const [meshId, issuer, seed, addresses, expiresMs] = value as readonly Plain[]
  if (typeof meshId !== 'string' || !(issuer instanceof Uint8Array) || !(seed instanceof Uint8Array)) return undefined
  if (!Array.isArray(addresses) || typeof expiresMs !== 'number') return undefined
  const texts = addresses.filter(address => typeof address === 'string')
  const invitation = { meshId, issuer: toHex(issuer), seed, addresses: texts, expiresMs }
  return isInvitation(invitation) ? invitation : undefined
}

function decodeOrNull(body: Uint8Array): Plain {
  try {
    return decode(body, maxTextLength)
  } catch {
    return null // reported as malformed
  }
}

function isInvitation({ meshId, issuer, seed, addresses, expiresMs }: Invitation): boolean {
  return (
    meshId.length > 0 &&
    meshId.length <= maxMeshIdLength &&
    isPeerKey(issuer) &&
    seed.length === 32 &&
    addresses.length > 0 &&
    addresses.length <= maxAddresses &&
    addresses.every(address => (parseAddress(address)?.port ?? 0) > 0) &&
    Number.isSafeInteger(expiresMs) &&
    expiresMs >= 0
  )
}

function notAToken(reason: string): SkeinError {
  return new SkeinError(
    'invalid',
    `not a token of Skein (${reason}): copy the whole line that \`skein peer invite\` printed`,
  )
}
