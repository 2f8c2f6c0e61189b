/** What a failed dial of libp2p means. */
import { errorText } from '../lib/errors.ts'

/** True when the other end closed a connection whose encryption stood: it knows who we are, and does not want us. */
export function wasRefused(error: unknown): boolean {
  return error instanceof Error && ['ConnectionClosedError', 'MuxerUnavailableError'].includes(error.name)
}

/** Why an address was not reached, in a few words. */
export function dialFailure(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(dialFailure).join(', ')
  const text = errorText(error)
  if (text.includes('ECONNREFUSED')) return 'nothing listens there'
  if (/EHOSTUNREACH|ENETUNREACH/.test(text)) return 'no route to it'
  if (error instanceof Error && error.name === 'EncryptionFailedError')
    return 'it is stopping, or another peer or program answers there'
  return error instanceof Error && /Timeout|Abort/.test(error.name) ? 'no answer' : text
}
