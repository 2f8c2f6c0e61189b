/**
 * Names of containers across hosts: listens where containers ask, has their questions redirected there for as long as it
 * lives, and answers. Docker and the kernel are asked in the background; questions wait for neither but by exception.
 */
import { type Clock, sleep } from '../lib/clock.ts'
import { errorText } from '../lib/errors.ts'
import type { Run } from '../lib/exec.ts'
import type { Logger } from '../lib/log.ts'
import { createNftChild } from '../lib/nft-child.ts'
import type { Replica } from '../replica/replica.ts'
import { createAskers } from './askers.ts'
import { conditionsOf } from './conditions.ts'
import { createFirewallWatch } from './firewall-watch.ts'
import { createForwarder } from './forwarder.ts'
import { createListeners, firstPort } from './listeners.ts'
import { createNames } from './names.ts'
import type { DockerIdsOf, DockerPort, NamesCondition, ReadText } from './ports.ts'
import { createRedirect } from './redirect.ts'
import { createResolver } from './resolver.ts'
import { createTask } from './task.ts'
import { createUpstreams } from './upstreams.ts'

export interface DnsDeps {
  replica: Replica
  docker: DockerPort
  dockerIdsOf: DockerIdsOf
  run: Run
  readText: ReadText
  /** Told who is behind which address of docker_gwbridge (`Snapshot.endpointsOf`), whenever Docker was asked. */
  outletsKnown?: (endpointsOf: ReadonlyMap<string, readonly string[]>) => void
  clock: Clock
  log: Logger
}

export interface Dns {
  start(): void
  /** Asks Docker again who is on docker_gwbridge: something changed there. */
  lookSoon(): void
  /** Containers ask as without Skein from then on. */
  stop(): Promise<void>
  /** What keeps names from working on this host. */
  conditions(): NamesCondition[]
}

/** Of the redirect's entries, which last 5 s: a look may be missed. */
const refreshMs = 2_000
/** Docker is asked for changes that no record tells of, ms. */
const lookMs = 10_000
/** Changes within this are one, ms. */
const gatherMs = 20
/** While the first container is about to start, Docker makes the bridge within a few of these, ms; doubles. */
const firstRetryMs = 25
const lastRetryMs = 2_000
/** A starting container has endpoints before it is on docker_gwbridge, ms. */
const cutOffAfterMs = 5_000
const recheckMs = 1_000
/** What is under way at a stop is answered within this, ms, or not at all. */
const lastAnswersMs = 300

export function createDns(deps: DnsDeps): Dns {
  const { replica, docker, run, readText, clock, log } = deps
  const { view, self } = replica
  const names = createNames(view, self, clock)
  const askers = createAskers({ ...deps, view, self, names })
  const forwarder = createForwarder({ clock })
  const resolver = createResolver({ names, askers, forwarder })
  const listeners = createListeners(
    server => (query, asker, transport) => resolver.resolve(query, asker, transport, server),
    log,
  )
  const upstreams = createUpstreams(docker, readText)
  const redirect = createRedirect(run, createNftChild({ clock, counts: true }))
  const firewall = createFirewallWatch(clock)
  const cutOffSince = new Map<string, number>()
  let refusal: string | undefined
  let retryMs = firstRetryMs
  let unsubscribe = () => {}

  /** Asks Docker who is where. */
  const look = createTask(clock, async () => {
    look.within(lookMs)
    if (names.local().length === 0 && askers.known().containers.size === 0) return
    await askers.refresh()
    const isNew = noteCutOff(askers.known().containers, cutOffSince, clock.monotonic())
    if (isNew) look.within(recheckMs)
    if (!askers.known().isComplete) lookAgain()
    apply.within(0)
    learn.within(0)
  })

  /** Asks Docker, and files, which servers containers were given; Docker may let us wait for one that is starting. */
  const learn = createTask(clock, async () => {
    const before = upstreams.list().join()
    // Docker is away: the reconciler reports it, and the next look asks again
    await upstreams.lookAt(askers.known().containers.keys()).catch(() => undefined)
    if (upstreams.list().join() !== before) apply.within(0)
  })

  /** Makes sockets and kernel agree with what is known. */
  const apply = createTask(clock, async () => {
    apply.within(refreshMs)
    await upstreams.lookAtHost()
    if (names.local().length === 0 || firewall.isBlocked()) return redirect.withdraw()
    const { gateway, isComplete, endpointsOf } = askers.known()
    const ports = gateway === '' ? new Map<string, number>() : await listeners.serve(gateway, upstreams.list())
    if (ports.size === 0) return lookAgain()
    const others = [...endpointsOf].flatMap(([address, endpoints]) => (endpoints.length === 0 ? [address] : []))
    await refresh({ ports, strangers: isComplete ? others.sort() : [] })
  })

  async function refresh(wishes: Parameters<typeof redirect.refresh>[0]): Promise<void> {
    try {
      firewall.note(await redirect.refresh(wishes), listeners.received())
      refusal = undefined
    } catch (error) {
      if (refusal !== errorText(error)) log.warn({ err: errorText(error) }, 'names are not redirected')
      refusal = errorText(error)
    }
    if (firewall.isBlocked()) {
      log.warn("the host's firewall drops what containers ask: names are not redirected for a while")
      await redirect.withdraw()
    }
  }

  /** Not all is there yet: the bridge, a server that containers ask, the container of an endpoint. */
  function lookAgain(): void {
    look.within(retryMs)
    retryMs = Math.min(retryMs * 2, lastRetryMs)
  }

  let seen = names.localVersion()
  const changed = () => {
    if (names.localVersion() === seen) return
    seen = names.localVersion()
    retryMs = firstRetryMs
    look.within(gatherMs)
  }

  const nameOf = (container: string) => {
    const endpoints = names.local().flatMap(({ endpoints }) => endpoints)
    const found = endpoints.map(id => view.endpoint(self, id)).find(endpoint => endpoint?.container === container)
    return found?.containerName || container.slice(0, 12)
  }

  return {
    start() {
      unsubscribe = replica.onChange(changed)
      look.within(0)
      apply.within(0)
    },
    lookSoon: () => look.within(gatherMs),
    async stop() {
      unsubscribe()
      await Promise.all([look.stop(), learn.stop(), apply.stop()])
      await redirect.withdraw()
      const end = clock.monotonic() + lastAnswersMs
      while (forwarder.inFlight() > 0 && clock.monotonic() < end) await sleep(clock, 10)
      await listeners.close()
      forwarder.close()
    },
    conditions() {
      const bypass = upstreams.bypass()
      const now = clock.monotonic()
      const cutOff = [...cutOffSince].filter(([, since]) => now - since >= cutOffAfterMs).map(([id]) => nameOf(id))
      return conditionsOf({
        bypass: bypass && { ...bypass, containers: bypass.containers.map(nameOf).sort() },
        cutOff: cutOff.sort(),
        blockedAt: firewall.isBlocked() ? `${askers.known().gateway}, port ${firstPort}` : undefined,
        refusal,
      })
    },
  }
}

/** Keeps since when each container has been without an address on docker_gwbridge; true while one may just be starting. */
function noteCutOff(containers: ReadonlyMap<string, boolean>, since: Map<string, number>, now: number): boolean {
  for (const id of since.keys()) if (containers.get(id) !== false) since.delete(id)
  for (const [id, isOnBridge] of containers) if (!isOnBridge && !since.has(id)) since.set(id, now)
  return [...since.values()].some(each => now - each < cutOffAfterMs)
}
