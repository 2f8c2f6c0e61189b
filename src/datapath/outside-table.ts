/**
 * Keeps the rules for published ports and the way out over docker_gwbridge in the kernel of this host. Docker alone knows
 * which container has which address there, and tells it a moment after the container's start: until then nobody unknown on
 * the bridge begins anything, if the container has rules.
 */
import type { Endpoint } from '../crdt/registry-view.ts'
import type { Timer } from '../lib/clock.ts'
import { errorText, SkeinError } from '../lib/errors.ts'
import { createNftChild, longestLine } from '../lib/nft-child.ts'
import { type Address, familyOf, formatAddress, parseAddress } from '../model/address-match.ts'
import {
  changeCommands,
  compileOutside,
  isJudgedIn,
  type Listing,
  type Outlet,
  type OutletPlace,
  type OutsideRules,
  outsideState,
  outsideTable,
  ownAddress,
  type PolicyBook,
  readListing,
  sameElements,
  type TableState,
} from '../policy/index.ts'
import type { Context } from './context.ts'
import { createLane } from './lane.ts'
import { gatewayBridge } from './names.ts'

/** Each address on docker_gwbridge, of either family -> endpoints of ours of its container; [] for a container without any. */
export type Outlets = ReadonlyMap<string, readonly string[]>

export interface OutsideTable {
  /** As Docker says. */
  setOutlets(outlets: Outlets): void
  /** Follows the state. Never rejects: what fails is reported. */
  update(): Promise<void>
  /** Resolves once a container that is starting cannot be met without its rules. Rejects with what the kernel refuses. */
  expect(endpointId: string): Promise<void>
  /** Its container leaves; another one may get its address. */
  forget(endpointId: string): void
  /** Compares with the kernel and loads again what somebody changed. Resolves with the number of repairs. */
  verify(): Promise<number>
  stop(): Promise<void>
}

/** A container that Docker does not show on docker_gwbridge by then never will be there. */
const expectLimitMs = 10_000
const subject = 'rules for published ports'

export function createOutsideTable(context: Context): OutsideTable {
  const { replica, clock, run, looks, log, books, problems } = context
  const { view, self } = replica
  const lane = createLane()
  const child = createNftChild({ clock })
  const expected = new Map<string, Timer>()
  let outlets: Outlets = new Map()
  /** False until Docker was heard: what an earlier run left stands (I5). */
  let tellings = 0
  let loaded: TableState | undefined
  /** What an earlier run left, while it is not replaced; then what is loaded is more than this run knows. */
  let left: TableState | undefined
  let last: { key: string; books: readonly PolicyBook[]; rules: OutsideRules; state: TableState } | undefined
  /** As the kernel lists the chains; undefined until the first look. */
  let listed: string | undefined

  const list = async () => readListing(await looks.list(`list table inet ${outsideTable}`))

  async function takeOver(): Promise<TableState | undefined> {
    const { chains, counters, elements } = await list()
    if (chains.length === 0) return undefined
    // no chain's text: all are replaced
    const maps = new Map([...elements.keys()].map(name => [name, 'map']))
    return {
      chains: new Map(chains.map(name => [name, ['?']])),
      maps,
      counters: new Map(counters.map(name => [name, ''])),
      elements,
    }
  }

  /** A container of ours whose endpoint is gone has left, whatever Docker said last. */
  const present = () =>
    [...outlets].flatMap(([text, ids]) => {
      const address = parseAddress(text)
      const endpoints = ids.flatMap(id => view.endpoint(self, id) ?? [])
      return address === undefined || endpoints.length < ids.length ? [] : [{ address, endpoints }]
    })

  const placesOf = (address: Address, { network: id, ip, group }: Endpoint): OutletPlace[] => {
    const network = view.network(id)
    if (!network || group === undefined) return []
    return [{ tenant: network.tenant, ip: ownAddress(network.spec, ip, familyOf(address)), group }]
  }

  /** @param beside what stays as it is: then lists for other containers alone, with names of their own */
  function wanted(beside: TableState | undefined): TableState {
    const here = present()
    const containers = here.flatMap(({ address, endpoints }): Outlet[] => {
      const places = endpoints.flatMap(endpoint => placesOf(address, endpoint))
      const isLeft = beside !== undefined && isJudgedIn(beside, formatAddress(address))
      return places.length === 0 || isLeft ? [] : [{ address, places }]
    })
    const tenants = [...new Set(containers.flatMap(({ places }) => places.map(place => place.tenant)))].sort()
    const now = tenants.map(books)
    const known = here.map(each => formatAddress(each.address))
    const key = JSON.stringify([containers.map(textOf), known, expected.size > 0, beside !== undefined])
    if (last?.key === key && last.books.every((book, at) => book === now[at])) return last.state
    const rules = compileOutside(containers, books, beside ? 'beside' : '', last?.rules)
    const state = outsideState({ rules, known, isStarting: expected.size > 0, bridge: gatewayBridge, left: beside })
    last = { key, books: now, rules, state }
    return state
  }

  async function carryOut(before: TableState | undefined, after: TableState): Promise<void> {
    const commands = changeCommands(`inet ${outsideTable}`, before, after)
    const line = commands.join('; ')
    if (commands.length > 0) {
      const isShort = before && line.length < longestLine
      const refused = isShort ? await child.run(line).catch(errorText) : await load(commands)
      if (refused !== '')
        throw new SkeinError('unavailable', `${subject} are not in effect: ${refused}; run: nft list ruleset`)
      listed = undefined
    }
    loaded = after
  }

  async function load(commands: readonly string[]): Promise<string> {
    const { code, stderr } = await run('nft', ['-f', '-'], { input: `${commands.join('\n')}\n` })
    if (code === 127) return 'nft is missing; install the package nftables'
    return code === 0 ? '' : (stderr.trim().split('\n')[0] ?? '')
  }

  async function apply(): Promise<void> {
    if (!loaded) {
      left = await takeOver()
      loaded = left
    }
    const isInformed = replica.isComplete && !replica.fenced && tellings > 0
    const beside = isInformed ? undefined : left
    const now = wanted(beside)
    if (loaded === now) return
    // nothing is to be judged, and nothing ever was
    if (!loaded && now.counters.size === 0 && expected.size === 0) return
    try {
      await carryOut(loaded, now)
    } catch (error) {
      if (!loaded || beside) throw error
      log.warn({ err: errorText(error) }, `${subject} cannot be changed in place, loading them as a whole`)
      await carryOut(undefined, now)
    }
    left = beside
  }

  const attempt = async (task: () => Promise<number>): Promise<number> => {
    try {
      const repaired = await task()
      problems.clear(subject)
      return repaired
    } catch (error) {
      problems.report(subject, errorText(error))
      return 0
    }
  }
  const update = () =>
    lane.run(async () => {
      await attempt(async () => apply().then(() => 0))
    })

  function arrived(): void {
    const here = new Set([...outlets.values()].flat())
    for (const [id, timer] of expected) {
      if (!here.has(id)) continue
      timer.cancel()
      expected.delete(id)
    }
  }

  return {
    update,
    setOutlets(told) {
      tellings++
      outlets = told
      arrived()
      void update()
    },
    async expect(endpointId) {
      const endpoint = view.endpoint(self, endpointId)
      const tenant = endpoint && view.network(endpoint.network)?.tenant
      if (!endpoint?.group || tenant === undefined) return
      const { group } = endpoint
      const hasRules = (['in', 'out'] as const).some(direction => books(tenant).rulesFor(group, direction).length > 0)
      if (!hasRules || [...outlets.values()].some(ids => ids.includes(endpointId))) return
      expected.get(endpointId)?.cancel()
      const before = tellings
      const wait = () => void expected.set(endpointId, clock.after(expectLimitMs, giveUp))
      // a Docker that says nothing has not said that it is not there
      const giveUp = () => {
        if (tellings === before) return wait()
        expected.delete(endpointId)
        void update()
      }
      wait()
      await lane.run(apply)
    },
    forget(endpointId) {
      expected.get(endpointId)?.cancel()
      const wasExpected = expected.delete(endpointId)
      const others = new Map([...outlets].filter(([, ids]) => !ids.includes(endpointId)))
      if (others.size === outlets.size && !wasExpected) return
      outlets = others
      void update()
    },
    async verify() {
      const seen = left ? undefined : loaded
      const look: Listing | undefined = seen && (await list()) // what changes meanwhile does not wait for it
      return lane.run(() =>
        attempt(async () => {
          if (!loaded || left) return 0
          const { rules, elements } = look && loaded === seen ? look : await list()
          if (sameElements(elements, loaded.elements) && (listed ?? rules) === rules) {
            listed = rules
            return 0
          }
          log.warn(`${subject} were changed by someone in the kernel, loading them again`)
          await carryOut(undefined, loaded)
          return 1
        }),
      )
    },
    async stop() {
      for (const timer of expected.values()) timer.cancel()
      await lane.idle()
      await child.close()
    },
  }
}

/** All that its rules follow from. */
function textOf({ address, places }: Outlet): string {
  return [address, ...places.flatMap(({ tenant, ip, group }) => [tenant, ip, group])].join(' ')
}
