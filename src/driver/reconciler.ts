/**
 * One loop that makes Docker and the replicated state agree. It alone asks Docker; the handlers never do. A pass runs
 * after a change of networks, after Docker's events and every 10 s; Docker may be absent, come and go.
 */
import type { Group } from '../crdt/objects-view.ts'
import type { Ipam } from '../ipam/ipam.ts'
import { createAlarm } from '../lib/alarm.ts'
import type { Clock } from '../lib/clock.ts'
import { errorText } from '../lib/errors.ts'
import type { Logger } from '../lib/log.ts'
import type { AddressPool } from '../model/address-pool.ts'
import type { Replica } from '../replica/replica.ts'
import type { BornPools } from './born-pools.ts'
import type { DockerNetworks } from './docker-networks.ts'
import { createDrainPass } from './drain-pass.ts'
import { createEndpointPass } from './endpoint-pass.ts'
import { createHolds } from './holds.ts'
import { createLocalConditions, type LocalCondition, type LocalConditions } from './local-conditions.ts'
import type { LocalState } from './local-state.ts'
import { createNetworkPass } from './network-pass.ts'
import { type DatapathPort, type DockerApi, DockerAway, type DockerEvent } from './ports.ts'
import type { Removals } from './removals.ts'
import { createRevival, type Revival } from './revival.ts'

/** Changes and events within this are taken care of by one pass, ms. */
const gatherMs = 30
/** Without any event, ms. */
const idleMs = 10_000
/** While Docker is away, ms. */
const awayMs = 1_000
/** After a pass that left something undone, ms; doubles up to `idleMs`. */
const firstRetryMs = 250

export interface ReconcilerDeps {
  replica: Replica
  ipam: Ipam
  datapath: DatapathPort
  docker: DockerApi
  /** Of the `DockerDriver`. */
  networks: DockerNetworks
  state: LocalState
  pools: BornPools
  removals: Removals
  /** As the `DockerDriver` has it. */
  range: AddressPool
  clock: Clock
  log: Logger
  /** Docker's name of our driver. */
  driverName: string
}

export interface ReconcilerOptions {
  /** @default 30000 ms; see `EndpointPassDeps`. */
  orphanAfterMs?: number
}

export interface Reconciler {
  start(): void
  /** Resolves when no pass is under way any more. Leaves Docker as it is. */
  stop(): Promise<void>
  /** Standing problems between this host's Docker and Skein. */
  conditions(): LocalCondition[]
  /** Whether Docker answered when it was last asked. */
  dockerIsUp(): boolean
}

export function createReconciler(deps: ReconcilerDeps, options: ReconcilerOptions = {}): Reconciler {
  const { replica, docker, clock, log } = deps
  const conditions = createLocalConditions(log, clock)
  const revival = createRevival({ ...deps, wake: delayMs => next.within(delayMs) })
  const pass = createPass(deps, conditions, revival, options.orphanAfterMs ?? 30_000)
  const link = createLink(docker, log, {
    news(event) {
      note(deps.removals, event)
      next.within(gatherMs)
    },
    listening(isOn) {
      deps.removals.listening(isOn)
      if (isOn) revival.due()
    },
  })
  const next = createAlarm(clock, () => void run())
  const changed = createChangeTest(replica)
  const change = createAlarm(clock, () => {
    if (changed()) next.within(0)
  })
  let running: Promise<void> | undefined
  let missed = false
  let failures = 0
  let unsubscribe = () => {}

  /** One pass at a time; what asks for one meanwhile gets another afterwards. */
  async function run(): Promise<void> {
    missed = running !== undefined
    if (running) return
    let delayMs = idleMs
    running = runOnce().then(chosen => {
      delayMs = chosen
    })
    await running
    running = undefined
    next.within(missed ? gatherMs : delayMs)
  }

  /** Never rejects; resolves with when to run again, ms. */
  async function runOnce(): Promise<number> {
    try {
      await link.open()
      failures = (await pass()) ? 0 : failures + 1
    } catch (error) {
      if (error instanceof DockerAway) {
        link.lost(errorText(error))
        return awayMs
      }
      failures++
      log.error({ err: error }, 'a pass over Docker failed')
    }
    const retryMs = failures === 0 ? idleMs : firstRetryMs * 2 ** Math.min(failures - 1, 10)
    return Math.min(idleMs, retryMs, deps.removals.dueMs())
  }

  return {
    start() {
      unsubscribe = replica.onChange(() => change.within(gatherMs))
      next.within(0)
    },
    async stop() {
      unsubscribe()
      change.close()
      next.close()
      link.close()
      await running
      await revival.idle()
    },
    conditions: conditions.list,
    dockerIsUp: link.isUp,
  }
}

/** Resolves with false if something is left that may work in a moment. Throws `DockerAway`. */
function createPass(deps: ReconcilerDeps, conditions: LocalConditions, revival: Revival, orphanAfterMs: number) {
  const drainPass = createDrainPass({ ...deps, conditions, onMoved: revival.due })
  const holds = createHolds({ ...deps, onHeld: revival.due })
  const networkPass = createNetworkPass({ ...deps, conditions, holds, isHeld: drainPass.isHeld })
  const endpointPass = createEndpointPass({ ...deps, orphanAfterMs })

  async function registerContainers(): Promise<boolean> {
    try {
      await endpointPass.run()
      return true
    } catch (error) {
      if (error instanceof DockerAway) throw error
      conditions.report('containers', errorText(error), 'Skein tries again by itself; see the log of skeind')
      return false
    }
  }

  return async () => {
    // a newcomer cannot tell yet which of its Docker's networks are the mesh's: its containers would go unregistered (R5)
    if (!deps.replica.isComplete) return false
    const known = deps.networks.dockerIds()
    const listed = await deps.docker.networks()
    conditions.begin()
    const adopted = await networkPass.adopt(listed, known)
    const registered = await registerContainers()
    const drained = await drainPass.run(listed)
    const settled = await networkPass.settle(listed)
    const ours = listed.filter(network => network.driver === deps.driverName)
    if (registered) revival.kick(ours, conditions)
    conditions.finish()
    return adopted && registered && settled && drained
  }
}

/**
 * True if networks or groups came, went or changed since it was last asked: endpoints change far more often, and matter here
 * where a network waits for its last.
 */
function createChangeTest(replica: Replica): () => boolean {
  let last = ''
  let version = -1
  let groups: readonly Group[] = []
  return () => {
    const listed = replica.view.objects.groups()
    if (version === replica.view.networksVersion() && groups === listed) return false
    version = replica.view.networksVersion()
    groups = listed
    const ofGroups = groups.map(({ id, status, name, network }) => `${id} ${status} ${name} ${network}`)
    const ofNetworks = replica.view.networks().map(network => {
      const { id, status, name, into } = network
      const isEmpty = into !== undefined && replica.view.endpoints(id).length === 0
      return `${id} ${status} ${name} ${into} ${isEmpty}`
    })
    const now = [...ofNetworks, ...ofGroups].join()
    const isNew = now !== last
    last = now
    return isNew
  }
}

/** What Docker says that matters to the question whether a removal was a deletion. */
function note(removals: Removals, { type, action }: DockerEvent): void {
  if (type === 'network' && action === 'prune') removals.pruned()
  if (type === 'network' && action === 'destroy') removals.removedAny()
}

interface LinkEvents {
  news(event: DockerEvent): void
  /** Whether the stream of events is open. */
  listening(isOn: boolean): void
}

/** The standing connection to Docker, its stream of events, with one log line per change of its state. */
function createLink(docker: DockerApi, log: Logger, events: LinkEvents) {
  let up: boolean | undefined
  let stream: { close(): void } | undefined
  let closed = false

  function drop(): void {
    stream?.close()
    stream = undefined
    events.listening(false)
  }

  return {
    isUp: () => up === true,
    async open(): Promise<void> {
      if (stream) return
      await docker.ping()
      const opened = await docker.watch(events.news, () => {
        stream = undefined
        events.listening(false)
        events.news({ type: '', action: '' })
      })
      if (closed) return opened.close()
      stream = opened
      events.listening(true)
      if (!up) log.info('Docker is there')
      up = true
    },
    lost(reason: string): void {
      drop()
      if (up !== false && !closed) log.warn({ reason }, 'Docker is away: trying again every second')
      up = false
    },
    close(): void {
      closed = true
      drop()
      docker.close()
    },
  }
}
