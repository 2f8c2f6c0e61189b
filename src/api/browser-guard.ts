/**
 * Keeps web pages out of the API on a loopback port: a page may post to 127.0.0.1, and a page whose name was rebound to
 * 127.0.0.1 may read from it. Browsers send `Origin` with the former and the page's name in `Host` with the latter.
 */
import type { FastifyRequest } from 'fastify'
import { SkeinError } from '../lib/errors.ts'

const loopbackHost = /^(?:127(?:\.\d{1,3}){3}|\[::1\]|localhost)(?::\d+)?$/i

/** Throws `forbidden` for a request that a browser made for some page. */
export function refuseBrowsers(request: FastifyRequest): void {
  if (request.headers.origin !== undefined) {
    throw new SkeinError('forbidden', 'requests of web pages are refused: use skein, netctl or curl')
  }
  if (!loopbackHost.test(request.headers.host ?? '')) {
    throw new SkeinError('forbidden', 'the Host header names no loopback address: use http://127.0.0.1:PORT')
  }
}
