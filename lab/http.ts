/** HTTP with the daemons of a host, over their Unix sockets as seen from outside. */
import { request } from 'node:http'
import { patience } from './wait.ts'

export interface HttpAnswer {
  readonly status: number
  readonly text: string
}

export interface AskOptions {
  /** Sent as JSON. */
  body?: object
  /** @default 5000 */
  timeoutMs?: number
}

/** One request; rejects if the socket is not there, or there is no answer in time. */
export function ask(socketPath: string, method: string, path: string, options: AskOptions = {}): Promise<HttpAnswer> {
  const headers = options.body === undefined ? {} : { 'content-type': 'application/json' }
  const signal = AbortSignal.timeout((options.timeoutMs ?? 5000) * patience)
  return new Promise((resolve, reject) => {
    const outgoing = request({ socketPath, method, path, headers, signal, agent: false }, answer => {
      let text = ''
      answer.setEncoding('utf8')
      answer.on('data', (chunk: string) => {
        text += chunk
      })
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text }))
      answer.on('error', reject)
    })
    outgoing.on('error', reject)
    outgoing.end(options.body === undefined ? undefined : JSON.stringify(options.body))
  })
}
