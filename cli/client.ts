/** HTTP to skeind: one request a connection, each with a deadline. */
import { type IncomingMessage, type RequestOptions, request } from 'node:http'
import { codeHeader, dotHeader, existedHeader, hostHeader } from '../src/api/types.ts'
import { type ErrorCode, errorTable, SkeinError } from '../src/lib/errors.ts'
import type { Target } from './target.ts'

/** Above the server's own 25 s, so that its reason arrives. */
const deadlineMs = 30_000
/** Far above the largest answer (a network's inspect with 10,000 endpoints, some 4 MB). */
const maxAnswerBytes = 64 * 1024 * 1024

export interface Reply<T = unknown> {
  body: T
  /** `writer/counter` of the write; undefined if nothing was written. */
  dot: string | undefined
  /** An equal object was there already. */
  existed: boolean
}

export interface Client {
  get<T>(path: string): Promise<T>
  /** Throws the server's refusal as the `SkeinError` it is, `unreachable` if there is no server. */
  send<T>(method: 'POST' | 'DELETE', path: string, body?: unknown): Promise<Reply<T>>
}

export function createClient(target: Target): Client {
  const send = async <T>(method: string, path: string, body?: unknown): Promise<Reply<T>> => {
    const { message, text } = await exchange(target, method, path, body)
    if (message.statusCode !== 200) throw refusal(message, text)
    const dot = message.headers[dotHeader]
    return {
      body: parse<T>(target, text),
      dot: typeof dot === 'string' ? dot : undefined,
      existed: message.headers[existedHeader] === 'true',
    }
  }
  return { send, get: async <T>(path: string) => (await send<T>('GET', path)).body }
}

interface Exchange {
  message: IncomingMessage
  text: string
}

function exchange(target: Target, method: string, path: string, body: unknown): Promise<Exchange> {
  const payload = body === undefined ? undefined : JSON.stringify(body)
  const options: RequestOptions = {
    ...(target.kind === 'socket' ? { socketPath: target.path } : { host: target.host, port: target.port }),
    method,
    path,
    agent: false,
    signal: AbortSignal.timeout(deadlineMs),
    headers: {
      ...(target.via === undefined ? {} : { [hostHeader]: target.via }),
      ...(payload === undefined
        ? {}
        : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) }),
    },
  }
  return new Promise((resolve, reject) => {
    const outgoing = request(options, message => {
      readAll(message).then(
        text => resolve({ message, text }),
        error => reject(failure(target, error)),
      )
    })
    outgoing.on('error', error => reject(failure(target, error)))
    outgoing.end(payload)
  })
}

async function readAll(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of message as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > maxAnswerBytes) throw new Error(`the answer is larger than ${maxAnswerBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function refusal(message: IncomingMessage, text: string): SkeinError {
  const code = String(message.headers[codeHeader])
  const line = text.trim() || `HTTP ${message.statusCode}`
  return new SkeinError(code in errorTable ? (code as ErrorCode) : 'internal', line)
}

function failure(target: Target, error: NodeJS.ErrnoException): SkeinError {
  const cause = { cause: error }
  if (error.code === 'EACCES' || error.code === 'EPERM') {
    return new SkeinError(
      'forbidden',
      `no permission for ${target.text}: run as root, or as a member of its group`,
      cause,
    )
  }
  if (error.name === 'TimeoutError' || error.name === 'AbortError') {
    return new SkeinError(
      'timeout',
      `skeind at ${target.text} did not answer within ${deadlineMs / 1000} s: see its log`,
      cause,
    )
  }
  const known = error.code === 'ENOENT' || error.code === 'ECONNREFUSED'
  const why = known ? '' : ` (${error.message})`
  return new SkeinError(
    'unreachable',
    `cannot reach skeind at ${target.text}${why}: is it running? Start it with: skeind`,
    cause,
  )
}

function parse<T>(target: Target, text: string): T {
  try {
    return JSON.parse(text) as T
  } catch (error) {
    throw new SkeinError('unreachable', `what answers at ${target.text} is not skeind: give its address with --host`, {
      cause: error,
    })
  }
}
