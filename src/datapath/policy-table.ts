/** Keeps a tenant's policies in the kernel of this host: loads them, follows what changes, takes over what an earlier run left. */
import type { Network } from '../crdt/registry-view.ts'
import { errorText, SkeinError } from '../lib/errors.ts'
import { longestLine, type NftChild } from '../lib/nft-child.ts'
import type { NetworkId } from '../model/network.ts'
import {
  changeCommands,
  compile,
  createMembers,
  type Elements,
  joinedElements,
  type Listing,
  type Loaded,
  type Members,
  memberElements,
  type PolicyBook,
  policyTable,
  type Ruleset,
  readListing,
  sameElements,
  tableState,
  withElements,
  withMembers,
} from '../policy/index.ts'
import type { Context } from './context.ts'
import { createDomains } from './domains.ts'
import { tenantNamespace } from './names.ts'

export interface PolicyTable {
  /** Makes the kernel agree with the state for these networks and those of before. Rejects with what the kernel refuses. */
  update(networks: Iterable<NetworkId>): Promise<void>
  /** A network that is gone from this host. */
  forget(network: NetworkId): void
  /** Reads what the kernel holds, for `verify`; changes need not wait for it. */
  look(): Promise<Look | undefined>
  /**
   * Compares with the kernel and loads again what somebody changed. Resolves with the number of repairs.
   * @param look one since which nothing was changed spares another
   */
  verify(look: Look | undefined): Promise<number>
  /** The kernel's namespace is another one: nothing of what was loaded is there. */
  reset(): void
}

/** The kernel's rules, read at a time when it should have held `seen`. */
export interface Look {
  readonly seen: object
  readonly listing: Listing
}

interface State {
  readonly loaded: Loaded
  /** What it was made of. */
  readonly ruleset: Ruleset | undefined
  /** Rules as the kernel lists them; undefined until the first look after a change. */
  rules: string | undefined
}

const missing = 'policies are not in effect: nft is missing; install the package nftables'

/** @param looks carries out what only reads: thousands of rules take a while */
export function createPolicyTable(tenant: string, context: Context, child: NftChild, looks: NftChild): PolicyTable {
  const { replica, clock, log, run } = context
  const { view, self } = replica
  const namespace = tenantNamespace(tenant)
  const networks = new Set<NetworkId>()
  const members = new Map<NetworkId, Members>()
  const domains = createDomains(tenant, context)
  let state: State | undefined
  let isStale = true
  let compiled: { book: PolicyBook; networks: string; routed: readonly Network[]; ruleset: Ruleset } | undefined
  /** Elements of the members, as they were last. */
  let placed: { leads: Ruleset['leads']; elements: Elements } | undefined

  const nft = (args: readonly string[], input?: string) =>
    run('nsenter', [`--net=/run/netns/${namespace}`, 'nft', ...args], { ...(input !== undefined && { input }) })
  const list = async () => readListing(await looks.list(`list table inet ${policyTable}`))

  /** What an earlier run left: the zones of its connections, and the names of what is to be replaced. */
  async function takeOver(): Promise<Loaded | undefined> {
    const { chains, counters, elements, generation } = await list()
    if (chains.length === 0) return undefined
    domains.takeOver(elements)
    const unknown = new Map(chains.map(name => [name, ['?']])) // no chain's text: all are replaced
    const known = new Map([...elements.keys()].map(name => [name, 'map']))
    return { chains: unknown, maps: known, counters: new Map(counters.map(name => [name, ''])), elements, generation }
  }

  function rulesetNow(): Ruleset {
    const book = context.books(tenant)
    const key = [...networks].sort().join()
    const routed = context.routing.of(tenant)
    if (compiled?.book !== book || compiled.networks !== key || compiled.routed !== routed) {
      compiled = { book, networks: key, routed, ruleset: compile(book, domains.of(networks), compiled?.ruleset) }
    }
    return compiled.ruleset
  }

  /** Later than every earlier one, also of a run that is not remembered: connections may still bear its mark. */
  function nextGeneration(before: number): number {
    return Math.max(before + 1, Math.floor(clock.now() / 1000)) >>> 0
  }

  /** In one transaction; what is short goes through the child, where ms count. Resolves with the kernel's complaint, '' if all went well. */
  async function carryOut(before: Loaded | undefined, after: Loaded): Promise<string> {
    const commands = changeCommands(`inet ${policyTable}`, before, after)
    const line = commands.join('; ')
    if (before && line.length < longestLine) return child.run(line).catch(errorText)
    const { code, stderr } = await nft(['-f', '-'], `${commands.join('\n')}\n`)
    if (code === 127) throw new SkeinError('unsupported', missing)
    return code === 0 ? '' : stderr
  }

  /** All of them, or, while the same leads to the rules and nobody has come or gone, those of before. */
  function membersNow(ruleset: Ruleset): Elements {
    const { leads } = ruleset
    if (isStale || placed?.leads !== leads) placed = { leads, elements: memberElements(ruleset, membersOf) }
    return placed.elements
  }

  const membersOf = (network: NetworkId) => members.get(network)?.groups() ?? new Map()

  function followed(network: NetworkId): boolean {
    const known = members.get(network) ?? createMembers(network, self)
    members.set(network, known)
    return known.follow(view)
  }

  const isInformed = () => replica.isComplete && !replica.fenced

  /** What there is stays, and what leads nowhere is left out: who does not know all may not know the rules that are there (I5). */
  async function add(before: Loaded, wanted: Elements): Promise<void> {
    const loaded = withElements(before, joinedElements(before, wanted), nextGeneration(before.generation))
    if (loaded === before) return
    const refused = await carryOut(before, loaded)
    if (refused !== '') throw refusal(tenant, refused)
    state = { loaded, ruleset: undefined, rules: undefined }
  }

  /** If the kernel does not hold what is remembered, the table is made anew. */
  async function change(ruleset: Ruleset): Promise<void> {
    const before = state?.loaded
    const generation = nextGeneration(before?.generation ?? 0)
    const elements = withMembers(ruleset, membersNow(ruleset))
    const isSame = before !== undefined && state?.ruleset === ruleset
    const loaded = isSame ? withElements(before, elements, generation) : tableState(ruleset, elements, generation)
    if (loaded === before) return
    const refused = await carryOut(before, loaded)
    if (refused === '') state = { loaded, ruleset, rules: isSame ? state?.rules : undefined }
    else if (before) {
      log.warn({ tenant, err: refused }, 'policies cannot be changed in place, loading them as a whole')
      await load(loaded, ruleset)
    } else throw refusal(tenant, refused)
  }

  /** Whatever there is, it goes. */
  async function load(loaded: Loaded, ruleset: Ruleset): Promise<void> {
    const refused = await carryOut(undefined, loaded)
    if (refused !== '') throw refusal(tenant, refused)
    state = { loaded, ruleset, rules: undefined }
  }

  return {
    async update(more) {
      for (const network of more) networks.add(network)
      if (networks.size === 0) return
      state ??= await takeOver().then(loaded => loaded && { loaded, ruleset: undefined, rules: undefined })
      const ruleset = rulesetNow()
      for (const network of networks) isStale = followed(network) || isStale
      if (state?.ruleset === ruleset && !isStale) return
      if (state && !state.ruleset && !isInformed()) await add(state.loaded, membersNow(ruleset))
      else await change(ruleset)
      isStale = false
    },
    forget(network) {
      networks.delete(network)
      members.delete(network)
      domains.forget(network)
    },
    async look() {
      const seen = state
      return seen?.ruleset && { seen, listing: await list() }
    },
    async verify(look) {
      const known = state
      if (!known?.ruleset) return 0
      const listing = look?.seen === known ? look.listing : await list()
      const { loaded, ruleset } = known
      const isSame = listing.generation === loaded.generation && sameElements(listing.elements, loaded.elements)
      if (isSame && (known.rules ?? listing.rules) === listing.rules) {
        known.rules = listing.rules
        return 0
      }
      log.warn({ tenant }, 'policies were changed by someone in the kernel, loading them again')
      await load(
        tableState(ruleset, withMembers(ruleset, membersNow(ruleset)), nextGeneration(loaded.generation)),
        ruleset,
      )
      return 1
    },
    reset() {
      state = undefined
      isStale = true
    },
  }
}

function refusal(tenant: string, cause: string): SkeinError {
  const remedy = `run: ip netns exec ${tenantNamespace(tenant)} nft list ruleset`
  return new SkeinError(
    'unavailable',
    `policies of tenant ${tenant} are not in effect: ${cause.trim().split('\n')[0]}; ${remedy}`,
  )
}
