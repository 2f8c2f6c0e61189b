/**
 * One request and one answer on a stream of their own. The request is a frame; so is the answer: 0 and the body, or 1
 * and [error code, text]. The asker ends its side after the request, so that both sides know when a stream is done.
 */
import type { Stream } from '@libp2p/interface'
import { decode, encode } from '../lib/cbor.ts'
import { type Clock, withDeadline } from '../lib/clock.ts'
import { type ErrorCode, errorTable, errorText, SkeinError } from '../lib/errors.ts'
import type { PeerKey } from '../lib/keys.ts'
import type { Logger } from '../lib/log.ts'
import { frame, readFrame } from './frames.ts'
import { type AskBack, maxMessageBytes, type RequestHandler } from './transport.ts'

/** A whole request must be there after this, ms. */
const requestLimitMs = 10_000
/** A handler answers within this, ms; askers wait less (Docker's handlers 8 s). */
const handlerLimitMs = 30_000
/** Characters of an error's text that are passed on. */
const maxTextLength = 500
/** Room for an error answer: `maxTextLength` characters of at most 4 bytes, the code, the array around them. */
const maxErrorBytes = 4096
const ok = 0
const refused = 1

export interface AskOptions {
  clock: Clock
  timeoutMs: number
  /** Who is asked, for errors. */
  name: string
}

/**
 * Asks on a stream that `open` gives. Rejects with the other side's SkeinError, with 'timeout' after `timeoutMs`, or
 * with 'unavailable' when the stream ends without an answer.
 */
export async function ask(
  open: (signal: AbortSignal) => Promise<Stream>,
  request: Uint8Array,
  { clock, timeoutMs, name }: AskOptions,
): Promise<Uint8Array> {
  const controller = new AbortController()
  let stream: Stream | undefined
  const exchange = async () => {
    try {
      stream = await open(controller.signal)
      const answer = readFrame(stream, maxMessageBytes + 1)
      answer.catch(() => undefined) // `send` may throw before it is waited for; whoever waits gets the error
      stream.send(frame(request))
      await Promise.all([answer, stream.close({ signal: controller.signal })])
      return await answer
    } catch (error) {
      const text = `${name} gave no answer (${errorText(error)}): try again, or look at its log`
      throw new SkeinError('unavailable', text, { cause: error })
    }
  }
  const late = () => new SkeinError('timeout', `${name} did not answer within ${timeoutMs} ms: try again`)
  try {
    return decodeAnswer(await withDeadline(clock, exchange(), timeoutMs, late), name)
  } catch (error) {
    controller.abort()
    stream?.abort(new Error('no longer wanted'))
    throw error
  }
}

/** The body of an answer. Throws what a refusal says; `name`: of who answered. */
export function decodeAnswer(answer: Uint8Array, name: string): Uint8Array {
  if (answer[0] === ok) return answer.subarray(1)
  const [code, text] = decodeRefusal(answer)
  if (typeof code !== 'string' || typeof text !== 'string') {
    throw new SkeinError('unavailable', `${name} gave a malformed answer: see that both run the same version of Skein`)
  }
  throw new SkeinError(code in errorTable ? (code as ErrorCode) : 'unavailable', text.slice(0, maxTextLength))
}

function decodeRefusal(answer: Uint8Array): unknown[] {
  try {
    const value = answer[0] === refused ? decode(answer.subarray(1), maxErrorBytes) : undefined
    return Array.isArray(value) ? value : []
  } catch {
    return [] // reported as malformed
  }
}

export interface ServeOptions {
  clock: Clock
  log: Logger
  /** Handed to the handler. */
  askBack: AskBack
}

/** Reads the request of `from`, lets `handler` answer it, and ends the stream; never rejects. */
export async function serve(
  stream: Stream,
  from: PeerKey,
  handler: RequestHandler,
  options: ServeOptions,
): Promise<void> {
  const { clock, log } = options
  try {
    const late = () => new Error('no whole request in time')
    const request = await withDeadline(clock, readFrame(stream, maxMessageBytes), requestLimitMs, late)
    stream.send(frame(await answerOf(handler, from, request, options)))
    await stream.close()
    // the asker has ended its side, or does not keep to the protocol
    if (stream.remoteWriteStatus !== 'closed') stream.abort(new Error('the asker did not end its request'))
  } catch (error) {
    log.debug({ peer: from, protocol: stream.protocol, err: error }, 'request was not answered')
    stream.abort(error instanceof Error ? error : new Error(String(error)))
  }
}

async function answerOf(
  handler: RequestHandler,
  from: PeerKey,
  request: Uint8Array,
  { clock, log, askBack }: ServeOptions,
) {
  try {
    const late = () => new SkeinError('timeout', `no answer within ${handlerLimitMs} ms: try again`)
    // not called before `withDeadline` watches it: a handler may throw at once
    const body = await withDeadline(
      clock,
      Promise.resolve().then(() => handler(from, request, askBack)),
      handlerLimitMs,
      late,
    )
    if (body.length > maxMessageBytes) throw new Error(`an answer of ${body.length} bytes is too large`)
    return encodeAnswer(body)
  } catch (error) {
    if (!(error instanceof SkeinError)) log.error({ peer: from, err: error }, 'request handler failed')
    return encodeRefusal(error)
  }
}

/** The answer that is `body`. */
export function encodeAnswer(body: Uint8Array): Uint8Array {
  return Buffer.concat([new Uint8Array([ok]), body])
}

/** The answer that passes `error` on. */
export function encodeRefusal(error: unknown): Uint8Array {
  const code = error instanceof SkeinError ? error.code : 'unavailable'
  return Buffer.concat([new Uint8Array([refused]), encode([code, errorText(error).slice(0, maxTextLength)])])
}
