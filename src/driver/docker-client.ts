/** Docker's API over dockerode, which is heavy: it is loaded at the first call, not when the peer starts. */
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import type Docker from 'dockerode'
import { SkeinError } from '../lib/errors.ts'
import {
  containerOf,
  creationOf,
  eventOf,
  failedStartOf,
  idsOf,
  insideOf,
  memberOf,
  nameOf,
  networkOf,
  placesOf,
  refusalOf,
  statusOf,
} from './docker-answers.ts'
import type { DockerApi, DockerEvent, FailedStart, NetworkRef } from './ports.ts'

/** A question to Docker, ms: it answers within a few when it is well. */
const askLimitMs = 5_000

/** Creating or removing a network, ms: Docker calls our plugin several times meanwhile. */
const changeLimitMs = 15_000

/** Starting a container, ms: four calls to our plugin, one of 20 s and three of 8 s at most, and the runtime's work. */
const startLimitMs = 55_000

/** Docker's own word for "not now", by status: active endpoints (403 in 26, 409 in newer engines). */
const inUse = new Set([403, 409])

/** Only what changes a network, or a container's place in one: health checks and execs are far more frequent. */
const watched = ['create', 'destroy', 'remove', 'prune', 'connect', 'disconnect', 'start', 'die', 'rename']

/**
 * `host` is `unix:///path`, `tcp://address:port` or `http://address:port`. Throws `invalid` for anything else. What
 * dockerode cannot break off is no longer waited for, and its connection is cut after `startLimitMs` of silence.
 */
export function createDockerClient(host: string): DockerApi {
  const where = parseHost(host)
  const closing = new AbortController()
  let clients: Promise<Clients> | undefined

  async function call<T>(limitMs: number, ask: Ask<T>): Promise<T> {
    const limit = endsWith(closing.signal)
    const timer = setTimeout(() => limit.abort(new Error(`no answer within ${limitMs} ms`)), limitMs)
    try {
      clients ??= load(where)
      const work = ask(await clients, limit.signal)
      return await Promise.race([work, rejectOn(limit.signal)])
    } catch (error) {
      throw refusalOf(error)
    } finally {
      clearTimeout(timer)
      limit.release()
    }
  }

  return {
    async ping() {
      await call(askLimitMs, ({ calls }) => calls.ping())
    },
    async networks() {
      const listed = await call(askLimitMs, ({ calls }, abortSignal) => calls.listNetworks({ abortSignal }))
      return listed.map(networkOf)
    },
    async createNetwork(request) {
      const made = await call(changeLimitMs, ({ calls }) => calls.createNetwork(creationOf(request)))
      return made.id
    },
    async removeNetwork(id) {
      try {
        await call(changeLimitMs, ({ calls }) => calls.getNetwork(id).remove())
        return true
      } catch (error) {
        const status = statusOf(error)
        if (status === 404) return true
        if (status !== undefined && inUse.has(status)) return false
        throw error
      }
    },
    async endpoints() {
      const listed = await call(askLimitMs, ({ calls }, abortSignal) => calls.listContainers({ abortSignal }))
      return listed.flatMap(placesOf)
    },
    async endpointIds(networkId) {
      const found = await unlessMissing(call(askLimitMs, ({ calls }) => calls.getNetwork(networkId).inspect()))
      return found ? idsOf(found) : new Set()
    },
    async inside(network) {
      const found = await unlessMissing(call(askLimitMs, ({ calls }) => calls.getNetwork(network).inspect()))
      return found && insideOf(found)
    },
    async members(network) {
      const filters = { network: nameAndId([network]) }
      const listed = await call(askLimitMs, ({ calls }, abortSignal) =>
        calls.listContainers({ all: true, filters, abortSignal }),
      )
      return listed.map(memberOf)
    },
    async runOn() {
      const listed = await call(askLimitMs, ({ calls }, abortSignal) =>
        calls.listContainers({ all: true, abortSignal }),
      )
      const found = new Map<string, string[]>()
      for (const { Names, HostConfig } of listed) {
        found.set(HostConfig.NetworkMode, [...(found.get(HostConfig.NetworkMode) ?? []), nameOf(Names)])
      }
      return found
    },
    async connect(networkId, container, aliases) {
      const options = { Container: container, EndpointConfig: { Aliases: [...aliases] } }
      await call(changeLimitMs, ({ calls }) => calls.getNetwork(networkId).connect(options))
    },
    async disconnect(networkId, container) {
      await call(changeLimitMs, ({ calls }) => calls.getNetwork(networkId).disconnect({ Container: container }))
    },
    async container(id) {
      const found = await unlessMissing(call(askLimitMs, ({ calls }) => calls.getContainer(id).inspect()))
      return found && containerOf(found)
    },
    async failedStarts(networks) {
      const filters = { status: ['exited', 'restarting'], network: nameAndId(networks) }
      const listed = await call(askLimitMs, ({ calls }, abortSignal) =>
        calls.listContainers({ all: true, filters, abortSignal }),
      )
      const found: FailedStart[] = []
      for (const { Id } of listed) {
        const failed = await call(askLimitMs, ({ calls }) => calls.getContainer(Id).inspect()).then(
          failedStartOf,
          ifGone,
        )
        if (failed) found.push(failed)
      }
      return found
    },
    async startContainer(id) {
      await call(startLimitMs, ({ calls }) => calls.getContainer(id).start()).catch(ifRunning)
    },
    watch: (onEvent, onEnd) => watch(call, closing.signal, onEvent, onEnd),
    close: () => closing.abort(new Error('skeind is stopping')),
  }
}

interface Clients {
  readonly calls: Docker
  /** Without a limit: the stream of events may be silent for days. */
  readonly events: Docker
}

type Ask<T> = (clients: Clients, abortSignal: AbortSignal) => Promise<T>

async function load(where: Docker.DockerOptions): Promise<Clients> {
  const { default: Dockerode } = await import('dockerode')
  return { calls: new Dockerode({ ...where, timeout: startLimitMs }), events: new Dockerode(where) }
}

async function watch(
  call: <T>(limitMs: number, ask: Ask<T>) => Promise<T>,
  closing: AbortSignal,
  onEvent: (event: DockerEvent) => void,
  onEnd: () => void,
) {
  const stopped = endsWith(closing)
  const options: Docker.GetEventsOptions & { abortSignal: AbortSignal } = {
    filters: { type: ['network', 'container'], event: watched },
    abortSignal: stopped.signal,
  }
  const stream = (await call(askLimitMs, ({ events }) => events.getEvents(options))) as Readable
  let ended = false
  const end = () => {
    if (!ended) onEnd()
    ended = true
    stopped.release()
  }
  const lines = createInterface({ input: stream })
  lines.on('line', line => onEvent(eventOf(line)))
  lines.on('error', end)
  stream.on('error', end) // a broken stream is the same news as one that ended
  stream.on('close', end)
  return {
    close() {
      ended = true
      stopped.abort(new Error('no longer listened to'))
      stopped.release()
    },
  }
}

/** Aborts with `other`, until it is released: Node keeps what `AbortSignal.any` makes for as long as `other` lives (nodejs/node#54614). */
function endsWith(other: AbortSignal) {
  const controller = new AbortController()
  const abort = (reason: unknown) => controller.abort(reason)
  const follow = () => abort(other.reason)
  if (other.aborted) follow()
  else other.addEventListener('abort', follow, { once: true })
  return { signal: controller.signal, abort, release: () => other.removeEventListener('abort', follow) }
}

function rejectOn(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason)
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}

function parseHost(host: string): Docker.DockerOptions {
  const unix = /^unix:\/\/(\/.+)$/.exec(host)
  if (unix?.[1]) return { socketPath: unix[1] }
  const tcp = /^(?:tcp|http):\/\/([\w.-]+|\[[\da-f:]+\]):(\d{1,5})\/?$/i.exec(host)
  if (tcp?.[1] && tcp[2]) return { host: tcp[1], port: Number(tcp[2]), protocol: 'http' }
  throw new SkeinError('invalid', `docker host ${JSON.stringify(host)} is invalid: use unix:///var/run/docker.sock`)
}

/** Either fits: the filter takes all that match one of its values. */
function nameAndId(networks: readonly NetworkRef[]): string[] {
  return networks.flatMap(({ id, name }) => [id, name])
}

async function unlessMissing<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer
  } catch (error) {
    if (statusOf(error) === 404) return undefined
    throw error
  }
}

/** Removed since it was listed. */
function ifGone(error: unknown): undefined {
  if (statusOf(error) !== 404) throw error
}

/** 304: it runs already, which dockerode takes for an error. */
function ifRunning(error: unknown): void {
  if (statusOf(error) !== 304) throw error
}
