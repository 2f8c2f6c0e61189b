/**
 * The management API that skein, netctl and Contiv's netctl speak: on a Unix socket, and if asked on a loopback port.
 * Up before the peer is: until `serve` it says that it is still starting.
 */
import { chmod } from 'node:fs/promises'
import type { FastifyInstance } from 'fastify'
import { type Clock, systemClock, withDeadline } from '../lib/clock.ts'
import { errorText, SkeinError } from '../lib/errors.ts'
import type { Logger } from '../lib/log.ts'
import { buildApp } from './app.ts'
import { refuseBrowsers } from './browser-guard.ts'
import type { ApiDeps } from './deps.ts'
import { answerRelayed, passOn, refuseJoin } from './relay.ts'
import { claimSocket } from './socket.ts'

export interface ApiOptions {
  socketPath: string
  /** A loopback address. */
  listen?: { address: string; port: number } | undefined
  /** When known at once; else `serve`. */
  deps?: ApiDeps
  log: Logger
  /** @default the system's */
  clock?: Clock
}

export interface Api {
  /** Listens. Throws `conflict` when another peer has the socket or the port. */
  start(): Promise<void>
  /** From now on requests are answered; with undefined, they are told that skeind is still starting. */
  serve(deps: ApiDeps | undefined): void
  /** Where it listens over HTTP: `ADDR:PORT`; undefined if it does not. */
  httpAddress(): string | undefined
  /** Ends at the latest after 2 s, with open requests cut off. */
  stop(): Promise<void>
}

const stopLimitMs = 2000

export function createApi(options: ApiOptions): Api {
  const { socketPath, listen, log, clock = systemClock } = options
  let deps = options.deps
  const apps: FastifyInstance[] = []
  let loopback: FastifyInstance | undefined
  const ready = (): ApiDeps => {
    if (deps) return deps
    throw new SkeinError('unavailable', 'skeind is still starting: try again in a moment')
  }
  const build = (hooks: (app: FastifyInstance) => void): FastifyInstance => {
    const app = buildApp(ready, clock, log, hooks)
    apps.push(app)
    return app
  }
  const local = (app: FastifyInstance): void => {
    app.addHook('onRequest', async () => void ready())
    app.addHook('preHandler', (request, reply) => passOn(ready(), request, reply))
  }
  // answers what members pass on; it listens nowhere
  const inner = build(app => app.addHook('onRequest', async request => refuseJoin(ready(), request)))
  const stop = async (): Promise<void> => {
    const closing = Promise.all(apps.splice(0).map(app => app.close()))
    const late = () => new SkeinError('timeout', 'the API did not close in time')
    await withDeadline(clock, closing, stopLimitMs, late).catch(error => {
      log.warn({ reason: errorText(error) }, 'closing the API failed')
    })
  }
  return {
    async start() {
      try {
        await listenOnSocket(build(local), socketPath)
        if (!listen) return
        loopback = build(local)
        await listenOnLoopback(loopback, listen)
      } catch (error) {
        await stop()
        throw error
      }
    },
    serve(given) {
      deps = given
      given?.relay.handle((from, request) => answerRelayed(inner, ready(), from, request, log))
    },
    httpAddress() {
      const address = loopback?.server.address()
      return address && typeof address === 'object' ? `${address.address}:${address.port}` : undefined
    },
    stop,
  }
}

async function listenOnSocket(app: FastifyInstance, path: string): Promise<void> {
  await claimSocket(path)
  await app.listen({ path })
  // root's usual umask gives nobody else the right to write before this line
  await chmod(path, 0o660)
}

async function listenOnLoopback(
  app: FastifyInstance,
  { address, port }: { address: string; port: number },
): Promise<void> {
  app.addHook('onRequest', async request => refuseBrowsers(request))
  try {
    await app.listen({ host: address, port })
  } catch (error) {
    throw new SkeinError(
      'conflict',
      `cannot listen on ${address}:${port}: ${errorText(error)}; give --api-listen another`,
    )
  }
}
