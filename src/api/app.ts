/** One HTTP application: the routes, and what holds for all of them. */
import { type FastifyInstance, fastify } from 'fastify'
import type { Clock } from '../lib/clock.ts'
import { SkeinError } from '../lib/errors.ts'
import type { Logger } from '../lib/log.ts'
import { addAddressRoutes } from './addresses.ts'
import { addApplyRoute } from './apply.ts'
import { addConditionRoutes } from './conditions.ts'
import { addContivOnlyRoutes } from './contiv-only.ts'
import type { ApiDeps } from './deps.ts'
import { addEndpointRoutes } from './endpoints.ts'
import { addGlobalRoutes } from './globals.ts'
import { addGroupRoutes } from './groups.ts'
import { addInfoRoute } from './info.ts'
import { addNetProfileRoutes } from './netprofiles.ts'
import { addNetworkChangeRoutes } from './network-changes.ts'
import { addNetworkRoutes } from './networks.ts'
import { addPeerRoutes } from './peers.ts'
import { addPolicyRoutes } from './policies.ts'
import { addPolicyHistoryRoutes } from './policy-history.ts'
import { sendError, toSkeinError } from './reply.ts'
import { addReservationRoutes } from './reservations.ts'
import { addRuleCounterRoutes } from './rule-counters.ts'
import { addRuleRoutes } from './rules.ts'
import { addStatusRoutes } from './status.ts'
import { addTenantRoutes } from './tenants.ts'
import type { VersionJson } from './types.ts'
import { addWhyRoute } from './why.ts'
import { addWriteRoutes } from './writes.ts'

/** Far above the largest legal request (a network with every field at its longest, under 2 KiB). */
const bodyLimit = 64 * 1024
/** Three names of 64 characters, two colons and a rule's digits, each percent-encoded. */
const maxParamLength = 800
/** A client must have sent its request by then. */
const requestTimeoutMs = 10_000
/** Below the CLI's own 30 s, so that the reason reaches the user. */
const handlerTimeoutMs = 25_000

/** `deps` throws `unavailable` until the peer has started; `addHooks` adds what comes before each route. */
export function buildApp(
  deps: () => ApiDeps,
  clock: Clock,
  log: Logger,
  addHooks: (app: FastifyInstance) => void,
): FastifyInstance {
  const app = fastify({
    bodyLimit,
    requestTimeout: requestTimeoutMs,
    handlerTimeout: handlerTimeoutMs,
    forceCloseConnections: true,
    // a URL that cannot be decoded never reaches the error handler
    frameworkErrors: (error, _request, reply) => void sendError(reply, toSkeinError(error)),
    routerOptions: { ignoreTrailingSlash: true, maxParamLength },
  })
  // Contiv's client sends JSON without a content type
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, text, done) => parseJson(text as string, done))
  app.setErrorHandler((error, request, reply) => {
    const known = toSkeinError(error)
    if (known.code === 'internal') log.error({ err: error, method: request.method, url: request.url }, 'request failed')
    return sendError(reply, known)
  })
  app.setNotFoundHandler((request, reply) => {
    const text = `${request.method} ${request.url} is no path of this API: see skein --help`
    return sendError(reply, new SkeinError('not-found', text))
  })
  addHooks(app)
  app.get('/version', (): VersionJson => {
    const { version, gitCommit, buildTime } = deps().version
    return { GitCommit: gitCommit, Version: version, BuildTime: buildTime }
  })
  addInfoRoute(app, deps)
  addTenantRoutes(app, deps)
  addNetworkRoutes(app, deps)
  addNetworkChangeRoutes(app, deps)
  addGroupRoutes(app, deps)
  addPolicyRoutes(app, deps)
  addRuleRoutes(app, deps)
  addRuleCounterRoutes(app, deps)
  addPolicyHistoryRoutes(app, deps)
  addNetProfileRoutes(app, deps)
  addGlobalRoutes(app, deps)
  addPeerRoutes(app, deps)
  addEndpointRoutes(app, deps)
  addAddressRoutes(app, deps)
  addReservationRoutes(app, deps)
  addApplyRoute(app, deps, clock)
  addStatusRoutes(app, deps, clock)
  addConditionRoutes(app, deps, clock)
  addWhyRoute(app, deps)
  addContivOnlyRoutes(app)
  addWriteRoutes(app, deps, clock)
  return app
}

function parseJson(text: string, done: (error: Error | null, body?: unknown) => void): void {
  try {
    done(null, text.trim() === '' ? undefined : JSON.parse(text))
  } catch {
    done(new SkeinError('invalid', 'the request body is not JSON')) // the parser's own words help nobody
  }
}
