/** The two messages of `/skein/api/1`: a request to the management API of another member, and what that answers. */
import type { HTTPMethods } from 'fastify'
import { text as textOf } from '../crdt/plain.ts'
import { decode, encode, type Plain } from '../lib/cbor.ts'
import { errorText, SkeinError } from '../lib/errors.ts'
import { codeHeader, dotHeader, existedHeader } from './types.ts'

export const apiProtocol = '/skein/api/1'

const format = 1
/** A path of two names, with room for a query. */
const maxPathLength = 2048
const maxMessageBytes = 1024 * 1024
/** Of a request or an answer: leaves room for what is around it in a message of the mesh. */
export const maxBodyBytes = maxMessageBytes - 8192

const methods: readonly string[] = ['GET', 'POST', 'PUT', 'DELETE']
/** Headers of an answer that are passed on. */
const passedHeaders: readonly string[] = [dotHeader, existedHeader, codeHeader, 'content-type']

export interface RelayedRequest {
  readonly method: string
  readonly url: string
  /** '' for none. */
  readonly body: string
}

export interface RelayedAnswer {
  readonly status: number
  /** Those of `passedHeaders` that there are. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export function encodeRelayed({ method, url, body }: RelayedRequest): Uint8Array {
  return encode([format, method, url, body])
}

/** Throws SkeinError('invalid') when malformed. */
export function decodeRelayed(bytes: Uint8Array): RelayedRequest & { readonly method: HTTPMethods } {
  const fields = fieldsOf(bytes)
  const [method, url, body] = [textOf(fields[1], 8), textOf(fields[2], maxPathLength), textOf(fields[3], maxBodyBytes)]
  if (method === undefined || !methods.includes(method) || !url?.startsWith('/') || body === undefined) {
    throw new SkeinError(
      'invalid',
      'the request cannot be read here: see that both hosts run the same version of Skein',
    )
  }
  return { method: method as HTTPMethods, url, body }
}

/** `headers`: all that the API answered. */
export function encodeRelayedAnswer(answer: {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: string
}): Uint8Array {
  const headers = passedHeaders.flatMap(header => {
    const value = answer.headers[header]
    return value === undefined ? [] : [[header, String(value)]]
  })
  return encode([format, answer.status, headers, answer.body])
}

/** Throws `unavailable`, naming the member that answered so, when malformed. */
export function decodeRelayedAnswer(bytes: Uint8Array, name: string): RelayedAnswer {
  const [, status, headers, body] = fieldsOf(bytes)
  const isRead = typeof status === 'number' && Number.isInteger(status) && status >= 200 && status <= 599
  if (!isRead || !Array.isArray(headers) || typeof body !== 'string') {
    throw new SkeinError(
      'unavailable',
      `the answer of ${name} cannot be read: see that both run the same version of Skein`,
    )
  }
  const known: Record<string, string> = {}
  for (const pair of headers) {
    const [header, value] = Array.isArray(pair) ? pair : []
    if (passedHeaders.includes(header as string) && typeof value === 'string' && /^[\x20-\x7e]{0,200}$/.test(value)) {
      known[header as string] = value
    }
  }
  return { status, headers: known, body }
}

/** The fields of a message of our format; [] for anything else. */
function fieldsOf(bytes: Uint8Array): readonly Plain[] {
  try {
    const value = decode(bytes, maxMessageBytes)
    return Array.isArray(value) && value[0] === format ? value : []
  } catch (error) {
    throw new SkeinError('invalid', `malformed message: ${errorText(error)}`)
  }
}
