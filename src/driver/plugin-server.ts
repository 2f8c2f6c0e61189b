/**
 * The plugin socket. It is up before the rest of the peer, because a starting dockerd waits for it; so this file and
 * what it imports stay light. No call is left without an answer: Docker sets no limit of its own and holds locks
 * meanwhile.
 */
import { chmod, lstat, mkdir, unlink } from 'node:fs/promises'
import { createConnection } from 'node:net'
import { dirname } from 'node:path'
import fastify, { type FastifyInstance, type FastifyReply } from 'fastify'
import type { Clock } from '../lib/clock.ts'
import { withDeadline } from '../lib/clock.ts'
import { errorText, SkeinError } from '../lib/errors.ts'
import type { Logger } from '../lib/log.ts'
import { type Answer, type Driver, fixedAnswers, type Method, type RequestOf, requestSchemas } from './protocol.ts'

/** Calls are answered within this, ms; Docker's own retries end at about 15 s. */
const answerLimitMs = 8_000
/** A container's devices are made in turn with those of all that start on the host, ms: where very many do at once, that is slow, not stuck. */
const joinLimitMs = 20_000

/** Requests are a few kB; a larger one is not Docker's. */
const bodyLimitBytes = 1024 * 1024

/** How long a stop waits for handlers under way, ms. */
const drainLimitMs = 2_000

/** What moby's own plugins answer with (moby pkg/plugins/transport). */
const contentType = 'application/vnd.docker.plugins.v1.2+json'

export interface PluginServerDeps {
  /** Docker names the driver after it: `/run/docker/plugins/mesh.sock` is driver `mesh`. */
  socketPath: string
  clock: Clock
  log: Logger
}

export interface PluginServer {
  /** Listens. Throws `conflict` if another process answers on the socket. */
  start(): Promise<void>
  /** From now on calls go to `driver`; those that wait are let through. */
  serve(driver: Driver): void
  /** Answers what is under way, 2 s at most, and removes the socket. */
  stop(): Promise<void>
}

export function createPluginServer(deps: PluginServerDeps): PluginServer {
  const { socketPath, clock, log } = deps
  const gate = createGate()
  const app = fastify({ bodyLimit: bodyLimitBytes, forceCloseConnections: 'idle' })
  tolerate(app)
  app.setNotFoundHandler((request, reply) => refuse(reply, 404, `skeind does not know ${request.url.slice(0, 100)}`))
  app.setErrorHandler((error, request, reply) => {
    const text = errorText(error)
    if (error instanceof SkeinError) log.warn({ call: request.url, reason: text }, 'refused a call of Docker')
    else log.error({ call: request.url, err: error }, 'failed a call of Docker')
    return refuse(reply, 500, text)
  })
  for (const [method, answer] of Object.entries(fixedAnswers)) {
    app.post(`/${method}`, (_request, reply) => send(reply, 200, answer))
  }
  for (const method of Object.keys(requestSchemas) as Method[]) {
    app.post(`/${method}`, async (request, reply) => send(reply, 200, await answerTo(method, request.body)))
  }

  async function answerTo<M extends Method>(method: M, body: unknown): Promise<Answer> {
    const request = parse(method, body)
    const late = new AbortController()
    const limitMs = method === 'NetworkDriver.Join' ? joinLimitMs : answerLimitMs
    const work = gate.driver.then(driver => {
      if (late.signal.aborted) throw late.signal.reason
      const handler: Driver[M] = driver[method]
      return handler(request, late.signal)
    })
    return await withDeadline(clock, work, limitMs, () => {
      const error = gate.isOpen()
        ? new SkeinError('timeout', `skeind did not finish ${method} within ${limitMs / 1000} s: see "skein status"`)
        : new SkeinError('unavailable', 'skeind is still starting: try again, or see its log')
      late.abort(error)
      return error
    })
  }

  return {
    async start() {
      await mkdir(dirname(socketPath), { recursive: true })
      await removeStale(socketPath)
      await app.listen({ path: socketPath })
      await chmod(socketPath, 0o600)
    },
    serve: gate.open,
    async stop() {
      gate.shut()
      const closed = app.close()
      const force = clock.after(drainLimitMs, () => app.server.closeAllConnections())
      await closed
      force.cancel()
    },
  }
}

/** Docker sends no content type and, where it repeats a call that met nobody, perhaps no body: its contents went with the first try. */
function tolerate(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => {
    if (body.length === 0) return done(null, undefined)
    try {
      done(null, JSON.parse(String(body)))
    } catch (error) {
      done(new SkeinError('invalid', `the request is not JSON: ${errorText(error)}`))
    }
  })
}

function parse<M extends Method>(method: M, body: unknown): RequestOf<M> {
  const parsed = requestSchemas[method].safeParse(body ?? {})
  if (parsed.success) return parsed.data as RequestOf<M>
  if (body === undefined) {
    throw new SkeinError(
      'unavailable',
      `skeind was starting when Docker called ${method}, and Docker's repeat had lost its contents: try again`,
    )
  }
  const problems = parsed.error.issues.map(issue => `${issue.path.join('.') || 'body'}: ${issue.message}`)
  throw new SkeinError('invalid', `${method} was called with a malformed request: ${problems.join('; ')}`)
}

function send(reply: FastifyReply, status: number, answer: Answer): FastifyReply {
  // a connection per call: one that Docker keeps idle breaks its next call, unrepeated, when skeind restarts
  return reply.code(status).header('connection', 'close').type(contentType).send(JSON.stringify(answer))
}

/** The network driver's side of Docker reads `Err`, the IPAM side `Error`. */
function refuse(reply: FastifyReply, status: number, text: string): FastifyReply {
  return send(reply, status, { Err: text, Error: text })
}

function createGate() {
  let opened = false
  let open!: (driver: Driver) => void
  let fail!: (error: Error) => void
  const driver = new Promise<Driver>((resolve, reject) => {
    open = resolve
    fail = reject
  })
  driver.catch(() => {}) // stopped before it was served, with no call waiting: nobody is owed the error
  return {
    driver,
    isOpen: () => opened,
    open(served: Driver) {
      opened = true
      open(served)
    },
    shut: () => fail(new SkeinError('unavailable', 'skeind is stopping: start it again')),
  }
}

/** Removes a socket that nobody answers on; a crash leaves one. */
async function removeStale(path: string): Promise<void> {
  const state = await new Promise<'absent' | 'stale' | 'answers'>((resolve, reject) => {
    const socket = createConnection(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve('answers')
    })
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') resolve('absent')
      else if (error.code === 'ECONNREFUSED') resolve('stale')
      else reject(error)
    })
  })
  if (state === 'answers') {
    throw new SkeinError('conflict', `another process answers on ${path}: stop it, or choose another --plugin-socket`)
  }
  if (state === 'absent') return
  const file = await lstat(path)
  if (!file.isSocket())
    throw new SkeinError('conflict', `${path} is not a socket: remove it, or choose another --plugin-socket`)
  await unlink(path)
}
