/** Keeps a tenant's policies in the kernel of this host: loads them, follows what changes, takes over what an earlier run left. */
import type { Network } from '../crdt/registry-view.ts'
import { errorText, SkeinError } from '../lib/errors.ts'
import { subnet6Of } from '../model/ipv6.ts'
import type { NetworkId } from '../model/network.ts'
import {
  changeText,
  compile,
  createMembers,
  type Domain,
  type Elements,
  elementsOf,
  type Loaded,
  loadText,
  type Members,
  type PolicyBook,
  policyTable,
  type Ruleset,
  readListing,
  routedDomain,
  sameElements,
  zonesOf,
} from '../policy/index.ts'
import type { Context } from './context.ts'
import { bridgeName, tenantNamespace } from './names.ts'
import type { NftChild } from './nft-child.ts'

export interface PolicyTable {
  /** Makes the kernel agree with the state for these networks and those of before. Rejects with what the kernel refuses. */
  update(networks: Iterable<NetworkId>): Promise<void>
  /** A network that is gone from this host. */
  forget(network: NetworkId): void
  /** Compares with the kernel and loads again what somebody changed. Resolves with the number of repairs. */
  verify(): Promise<number>
  /** The kernel's namespace is another one: nothing of what was loaded is there. */
  reset(): void
}

interface State {
  readonly loaded: Loaded
  /** What it was made of. */
  readonly ruleset: Ruleset | undefined
  /** Rules as the kernel lists them; undefined until the first look after a change. */
  rules: string | undefined
}

export function createPolicyTable(tenant: string, context: Context, child: NftChild): PolicyTable {
  const { replica, clock, log, run } = context
  const { view, self } = replica
  const namespace = tenantNamespace(tenant)
  const networks = new Set<NetworkId>()
  const members = new Map<NetworkId, Members>()
  let zones = new Map<string, number>()
  /** Devices that carried IPv6 in an earlier run. */
  let inherited6: ReadonlySet<string> = new Set()
  let book: PolicyBook | undefined
  let state: State | undefined
  let isStale = true
  let compiled: { book: PolicyBook; networks: string; routed: readonly Network[]; ruleset: Ruleset } | undefined

  const nft = (args: readonly string[], input?: string) =>
    run('nsenter', [`--net=/run/netns/${namespace}`, 'nft', ...args], { ...(input !== undefined && { input }) })
  const list = async () => (await nft(['-s', 'list', 'table', 'inet', policyTable])).stdout

  /** What an earlier run left: the zones of its connections, and the names of what is to be replaced. */
  async function takeOver(): Promise<Loaded | undefined> {
    const text = await list()
    if (text === '') return undefined
    const { chains, maps, counters, elements, generation } = readListing(text)
    zones = new Map(
      [...(elements.get('zones') ?? [])].map(([device, zone]) => [device.replaceAll('"', ''), Number(zone)]),
    )
    inherited6 = new Set([...(elements.get('carrying6')?.keys() ?? [])].map(device => device.replaceAll('"', '')))
    const unknown = new Map(chains.map(name => [name, '?'])) // no chain's text: all are replaced
    return { chains: unknown, maps: new Set(maps), counters: new Set(counters), elements, generation }
  }

  /** A device that an earlier run knew keeps its zone, also if its network is not known now (I5). */
  function domains(): Domain[] {
    const byDevice = new Map([...networks].map(network => [bridgeName(network), network]))
    const routed = new Set(context.routing.of(tenant).map(({ id }) => bridgeName(id)))
    const domainOf = (device: string) => {
      if (!byDevice.has(device)) return undefined
      return routed.has(device) ? routedDomain : device
    }
    zones = zonesOf(byDevice.keys(), domainOf, zones)
    const devices = new Map<number, string[]>()
    for (const [device, zone] of [...zones].sort()) devices.set(zone, [...(devices.get(zone) ?? []), device])
    return [...devices].map(([zone, own]) => {
      return {
        ...{ zone, networks: own.flatMap(device => byDevice.get(device) ?? []), devices: own },
        devices6: own.filter(device => carries6(device, byDevice.get(device))),
      }
    })
  }

  /** As the network says; of one that is not known now, as an earlier run left it (I5). */
  function carries6(device: string, network: NetworkId | undefined): boolean {
    const spec = network === undefined ? undefined : view.network(network)?.spec
    return spec ? subnet6Of(spec) !== undefined : inherited6.has(device)
  }

  function rulesetNow(): Ruleset {
    book = context.books(tenant)
    const key = [...networks].sort().join()
    const routed = context.routing.of(tenant)
    if (compiled?.book !== book || compiled.networks !== key || compiled.routed !== routed) {
      compiled = { book, networks: key, routed, ruleset: compile(book, domains(), compiled?.ruleset.marks) }
    }
    return compiled.ruleset
  }

  /** Later than every earlier one, also of a run that is not remembered: connections may still bear its mark. */
  function nextGeneration(before: number): number {
    return Math.max(before + 1, Math.floor(clock.now() / 1000)) >>> 0
  }

  async function load(ruleset: Ruleset, before: Loaded | undefined): Promise<void> {
    const elements = elementsOf(ruleset, membersOf)
    const { text, loaded } = loadText(ruleset, elements, nextGeneration(before?.generation ?? 0), before)
    const { code, stderr } = await nft(['-f', '-'], text)
    if (code !== 0) throw refusal(tenant, code, stderr)
    state = { loaded, ruleset, rules: undefined }
  }

  const membersOf = (network: NetworkId) => members.get(network)?.groups() ?? new Map()

  function followed(network: NetworkId): boolean {
    const known = members.get(network) ?? createMembers(network, self)
    members.set(network, known)
    return known.follow(view)
  }

  const isInformed = () => replica.isComplete && !replica.fenced

  /** What there is stays, and what leads nowhere is left out: who does not know all may not know the rules that are there (I5). */
  function add(before: Loaded, wanted: Elements): Promise<void> {
    return change(before, joined(before, wanted), undefined)
  }

  async function change(before: Loaded, elements: Elements, ruleset: Ruleset | undefined): Promise<void> {
    const next = changeText(before, elements, nextGeneration(before.generation))
    if (!next) return
    const refused = await child.run(next.line).catch(errorText)
    if (refused === '') state = { loaded: next.loaded, ruleset, rules: state?.rules }
    else if (ruleset) await renew(ruleset, before)
    else throw refusal(tenant, 1, refused)
  }

  /** If the kernel does not hold what is remembered, the table is made anew. */
  async function renew(ruleset: Ruleset, before: Loaded | undefined): Promise<void> {
    try {
      await load(ruleset, before)
    } catch (error) {
      if (before === undefined) throw error
      log.warn({ tenant, err: errorText(error) }, 'policies cannot be changed in place, loading them as a whole')
      await load(ruleset, undefined)
    }
  }

  return {
    async update(more) {
      for (const network of more) networks.add(network)
      if (networks.size === 0) return
      state ??= await takeOver().then(loaded => loaded && { loaded, ruleset: undefined, rules: undefined })
      const ruleset = rulesetNow()
      for (const network of networks) isStale = followed(network) || isStale
      if (state?.ruleset === ruleset && !isStale) return
      const before = state?.loaded
      if (before && !state?.ruleset && !isInformed()) await add(before, elementsOf(ruleset, membersOf))
      else if (before && state?.ruleset === ruleset) await change(before, elementsOf(ruleset, membersOf), ruleset)
      else await renew(ruleset, before)
      isStale = false
    },
    forget(network) {
      networks.delete(network)
      members.delete(network)
      zones.delete(bridgeName(network))
    },
    async verify() {
      if (!state?.ruleset) return 0
      const listing = readListing(await list())
      const { loaded } = state
      const isSame = listing.generation === loaded.generation && sameElements(listing.elements, loaded.elements)
      if (isSame && (state.rules ?? listing.rules) === listing.rules) {
        state.rules = listing.rules
        return 0
      }
      log.warn({ tenant }, 'policies were changed by someone in the kernel, loading them again')
      await load(state.ruleset, undefined)
      return 1
    },
    reset() {
      state = undefined
      isStale = true
    },
  }
}

/** `before` and what of `wanted` is new and finds its chain. */
function joined(before: Loaded, wanted: Elements): Elements {
  const names = new Set([...before.elements.keys(), ...wanted.keys()].filter(name => before.elements.has(name)))
  const fits = (value: string) => !value.startsWith('jump ') || before.chains.has(value.slice('jump '.length))
  return new Map(
    [...names].map(name => {
      const added = [...(wanted.get(name) ?? [])].filter(([, value]) => name !== 'counters' && fits(value))
      return [name, new Map([...added, ...(before.elements.get(name) ?? [])])]
    }),
  )
}

function refusal(tenant: string, code: number, stderr: string): SkeinError {
  if (code === 127)
    return new SkeinError('unsupported', 'policies are not in effect: nft is missing; install the package nftables')
  const remedy = `run: ip netns exec ${tenantNamespace(tenant)} nft list ruleset`
  return new SkeinError(
    'unavailable',
    `policies of tenant ${tenant} are not in effect: ${stderr.trim().split('\n')[0]}; ${remedy}`,
  )
}
