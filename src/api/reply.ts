/** Errors and writes on the wire. */
import type { FastifyError, FastifyReply } from 'fastify'
import type { z } from 'zod'
import type { Dot } from '../crdt/vector.ts'
import { errorText, SkeinError } from '../lib/errors.ts'
import { codeHeader, dotHeader } from './types.ts'

/** Long enough for any refusal; some HTTP clients limit the status line to 8 KiB. */
const maxReason = 1000

/**
 * Sends an error as one line. The text is the reason phrase too: Contiv's client prints the status line of whatever is
 * neither 404 nor 500, and drops the body.
 */
export function sendError(reply: FastifyReply, error: SkeinError): FastifyReply {
  reply.raw.statusMessage = error.message.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, maxReason)
  return reply
    .code(error.status)
    .header(codeHeader, error.code)
    .type('text/plain; charset=utf-8')
    .send(`${error.message}\n`)
}

/** Whatever was thrown, as an entry of the error table; `internal` only for what nobody foresaw. */
export function toSkeinError(error: unknown): SkeinError {
  if (error instanceof SkeinError) return error
  const { code, statusCode } = error as Partial<FastifyError>
  if (code === 'FST_ERR_HANDLER_TIMEOUT') {
    return new SkeinError('timeout', 'skeind did not answer in time: see its log, then try again')
  }
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    return new SkeinError(
      'invalid',
      'the request body is larger than 64 KiB (768 KiB for apply): nothing that Skein takes is',
    )
  }
  if (statusCode !== undefined && statusCode < 500) {
    return new SkeinError('invalid', `bad request: ${errorText(error)}`, { cause: error })
  }
  return new SkeinError('internal', `internal error: ${errorText(error)}: see the log of skeind`, { cause: error })
}

/** Checks a request's body; throws `invalid` naming every field that is wrong. */
export function checkBody<T>(schema: z.ZodType<T>, body: unknown): T {
  const result = schema.safeParse(body ?? {})
  if (result.success) return result.data
  const problems = result.error.issues.map(issue => [...issue.path, issue.message].join(': '))
  throw new SkeinError('invalid', `bad request body: ${problems.join('; ')}`)
}

/** Tells the client how to ask who has the write. */
export function setDot(reply: FastifyReply, dot: Dot | undefined): void {
  if (dot) reply.header(dotHeader, `${dot.writer}/${dot.counter}`)
}
