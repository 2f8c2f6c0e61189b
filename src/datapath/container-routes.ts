/**
 * Keeps the routes of this host's containers to the other networks of their tenants, and out by the router of a VLAN, in the
 * container's own namespace: Docker takes routes only when a container starts, and fails then if one of them leads to a further network that it is to be on.
 */
import type { Network } from '../crdt/registry-view.ts'
import type { Timer } from '../lib/clock.ts'
import { errorText } from '../lib/errors.ts'
import { createLatest } from '../lib/latest.ts'
import { routerOf } from '../model/gateway.ts'
import type { NetworkId } from '../model/network.ts'
import { bridgedPrefixes, createSandboxWatch, exists, hurry } from './container-start.ts'
import type { Context } from './context.ts'
import { createLane } from './lane.ts'
import {
  earlyLines,
  isLeaving,
  isRouted,
  linesToClear,
  type PresentRoute,
  routeLines,
  wantedRoutes,
} from './route-plan.ts'
import { type Family, wayOutChanges, wayOutLines, waysOut } from './router-plan.ts'
import { readRoutes, readWayOut, write } from './sandbox-routes.ts'

/** An endpoint and its container's network namespace: path, as Docker calls it. */
export interface Place {
  readonly network: NetworkId
  readonly endpointId: string
  readonly sandbox: string
}

export interface ContainerRoutes {
  /** An endpoint that is there or about to be. Resolves when no route of ours stands in its way. Never rejects. */
  place(place: Place): Promise<void>
  /** One that Docker lists, perhaps a moment ago: not what has left since. Like `place`. */
  locate(place: Place): Promise<void>
  forget(endpointId: string): void
  /** True for what is placed, and for what has left: nobody needs to ask where that is. */
  isKnown(endpointId: string): boolean
  /** Looks whether networks came or went. */
  follow(): void
  stop(): Promise<void>
}

/** A container starts, or leaves a network, within a second, mostly: so often, and so many times, we look at its interfaces, ms. */
const looks = { everyMs: 10, count: 300 }
/** After that, ms; doubles. */
const retryMs = { first: 50, last: 30_000 }
/** Ids of endpoints that left which are remembered: far more than Docker can have under way. */
const maxLeft = 10_000
/** Docker makes the default route last. A container without one has all its interfaces after this, ms. */
const noDefaultMs = 1_000

export function createContainerRoutes(context: Context): ContainerRoutes {
  const { replica, routing, clock, log } = context
  const { view } = replica
  const lane = createLane()
  const places = new Map<string, Place>()
  const left = createLatest(maxLeft)
  /** By sandbox: what it has, as text; not there while that is not certain. */
  const settled = new Map<string, string>()
  /** Since when sandboxes without a default route have been seen, monotonic ms. */
  const bare = new Map<string, number>()
  /** Sandboxes that are yet to be made, with the prefixes that their first routes must not overlap. */
  const expected = new Map<string, readonly string[]>()
  let version = ''
  let timer: Timer | undefined
  let tries = 0
  let isStopped = false
  const routedOf = (tenant: string) => routing.of(tenant)
  const isSure = () => replica.isComplete && !replica.fenced
  const isOut = (own: readonly Network[]) => own.some(({ spec }) => routerOf(spec) !== undefined)
  /** Of the main table, and what there is beside it. */
  function wanted(own: readonly Network[]) {
    const ways = waysOut(own, network => routing.routerOf(network))
    return { routes: wantedRoutes(own, routedOf), ipv4: wayOutLines(ways, 'ipv4'), ipv6: wayOutLines(ways, 'ipv6') }
  }
  function wishOf(own: readonly Network[]): string {
    const { routes, ipv4, ipv6 } = wanted(own)
    return JSON.stringify([...routes, ipv4, ipv6, isSure()])
  }

  /** Sandboxes that may lack something, with the networks of their container. */
  function open(): Map<string, Network[]> {
    const found = new Map<string, Network[]>()
    for (const { network, sandbox } of places.values()) {
      const record = view.network(network)
      if (record) found.set(sandbox, [...(found.get(sandbox) ?? []), record])
    }
    for (const [sandbox, own] of found) {
      if (!(isRouted(own, routedOf) || isOut(own)) || settled.get(sandbox) === wishOf(own)) found.delete(sandbox)
    }
    return found
  }

  /** While it starts, routes could be in the way of interfaces that are still to come. */
  function isStarted(sandbox: string, present: readonly PresentRoute[]): boolean {
    const now = clock.monotonic()
    const since = bare.get(sandbox) ?? now
    if (present.some(({ destination }) => destination === 'default') || now - since >= noDefaultMs) {
      bare.delete(sandbox)
      return true
    }
    bare.set(sandbox, since)
    return false
  }

  async function settle(sandbox: string, own: readonly Network[]): Promise<void> {
    const wish = wishOf(own)
    const { routes, ipv4, ipv6 } = wanted(own)
    const bridged = expected.get(sandbox)
    if (bridged) {
      const early = [...wayOutChanges(ipv4, [], false), ...earlyLines(routes, bridged)]
      const early6 = wayOutChanges(ipv6, [], false)
      const done = await Promise.all([hurry(context, sandbox, early), hurry(context, sandbox, early6, ['-6'])])
      if (done.includes(false)) return
      expected.delete(sandbox)
    }
    const present = await readRoutes(context, sandbox, own)
    if (!isStarted(sandbox, present)) return
    await write(context, sandbox, routeLines(routes, present, isSure()))
    if (isOut(own)) await settleWayOut(sandbox, ipv4, 'ipv4')
    if (isOut(own) && own.some(({ spec }) => spec.gateway6 !== '')) await settleWayOut(sandbox, ipv6, 'ipv6')
    if (isLeaving(routes, present) && tries < looks.count) return
    settled.set(sandbox, wish)
  }

  async function settleWayOut(sandbox: string, lines: readonly string[], family: Family): Promise<void> {
    const present = await readWayOut(context, sandbox, family)
    await write(context, sandbox, wayOutChanges(lines, present, isSure()), family)
  }

  async function pass(): Promise<void> {
    tries++
    const trying = [...open()].map(async ([sandbox, own]) => {
      if (!(await exists(sandbox))) return
      // one that has just ended has no namespace any more
      await settle(sandbox, own).catch(error => log.debug({ sandbox, err: errorText(error) }, 'routes not settled yet'))
    })
    await Promise.all(trying)
    if (open().size === 0) return watch.close()
    const doubled = retryMs.first * 2 ** Math.min(tries - looks.count, 20)
    later(tries < looks.count ? looks.everyMs : Math.min(doubled, retryMs.last))
  }

  function later(ms: number): void {
    timer?.cancel()
    if (!isStopped) timer = clock.after(ms, () => void lane.run(pass))
  }

  function soon(): void {
    tries = 0
    later(looks.everyMs)
  }

  async function clear(sandbox: string, network: Network): Promise<void> {
    if (!(await exists(sandbox))) return
    await write(context, sandbox, linesToClear(network, await readRoutes(context, sandbox, [network])))
  }

  const watch = createSandboxWatch(() => later(0))

  async function put(place: Place): Promise<void> {
    const { network, endpointId, sandbox } = place
    const record = view.network(network)
    if (!record || !sandbox.startsWith('/')) return
    const isNew = !places.has(endpointId)
    places.set(endpointId, place)
    settled.delete(sandbox)
    if (isNew && [...places.values()].some(each => each.sandbox === sandbox && each !== place)) {
      await lane.run(() => clear(sandbox, record)).catch(error => log.info({ err: errorText(error) }, 'routes stay'))
    }
    if (!open().has(sandbox)) return
    if (isNew && !(await exists(sandbox))) {
      watch.beside(sandbox)
      expected.set(sandbox, await bridgedPrefixes(context, record.spec.gateway6 !== ''))
    }
    soon()
  }

  return {
    async place(place) {
      left.delete(place.endpointId)
      await put(place)
    },
    async locate(place) {
      if (!left.has(place.endpointId)) await put(place)
    },
    forget(endpointId) {
      const place = places.get(endpointId)
      places.delete(endpointId)
      left.add(endpointId)
      if (place === undefined) return
      settled.delete(place.sandbox)
      bare.delete(place.sandbox)
      expected.delete(place.sandbox)
      if (open().has(place.sandbox)) soon()
    },
    isKnown: endpointId => places.has(endpointId) || left.has(endpointId),
    follow() {
      const now = `${view.networksVersion()} ${isSure()}`
      if (version === now) return
      version = now
      if (open().size > 0) soon()
    },
    async stop() {
      isStopped = true
      timer?.cancel()
      watch.close()
      await lane.idle()
    },
  }
}
