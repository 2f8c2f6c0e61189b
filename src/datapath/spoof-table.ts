/** Keeps the table against spoofing in a tenant's namespace. A port is in it before it is on its bridge. */
import { SkeinError } from '../lib/errors.ts'
import type { NftChild } from '../lib/nft-child.ts'
import { readListing, sameElements } from '../policy/index.ts'
import type { Context } from './context.ts'
import { tenantNamespace } from './names.ts'
import { allElements, noSurroundings, type PortIdentity, portsOf, type Surroundings } from './spoof-elements.ts'
import { portsLine, spoofTable, spoofText } from './spoof-text.ts'

export interface SpoofTable {
  /** Makes the table if it is missing, and lets these ports speak as what they are. Rejects with what the kernel refuses. */
  admit(ports: ReadonlyMap<string, PortIdentity>): Promise<void>
  /** What this host's networks need beside their ports; added to what was told before. */
  guard(more: Surroundings): Promise<void>
  /** A device that is gone guards no gateway. */
  unguard(device: string): Promise<void>
  /** Ports that are gone. */
  release(ports: readonly string[]): Promise<void>
  /** Every port that is in the table. */
  ports(): readonly string[]
  /** Compares with the kernel and loads again what somebody changed. Resolves with the number of repairs. */
  verify(): Promise<number>
  /** The kernel's namespace is another one. */
  reset(): void
}

/** @param looks carries out what only reads */
export function createSpoofTable(tenant: string, context: Context, child: NftChild, looks: NftChild): SpoofTable {
  const { run, log } = context
  const namespace = tenantNamespace(tenant)
  let known: ReadonlyMap<string, PortIdentity> | undefined
  let surroundings = noSurroundings
  /** As the kernel lists the rules; undefined until the first look. */
  let rules: string | undefined
  const nft = (args: readonly string[], input?: string) =>
    run('nsenter', [`--net=/run/netns/${namespace}`, 'nft', ...args], { ...(input !== undefined && { input }) })
  const list = async () => readListing(await looks.list(`list table bridge ${spoofTable}`))

  async function load(ports: ReadonlyMap<string, PortIdentity>): Promise<void> {
    const { code, stderr } = await nft(['-f', '-'], spoofText(ports, surroundings))
    if (code !== 0) {
      const cause = code === 127 ? 'nft is missing; install the package nftables' : stderr.trim().split('\n')[0]
      throw new SkeinError('unavailable', `containers of tenant ${tenant} are not guarded: ${cause}; run: skein status`)
    }
    known = new Map(ports)
    rules = undefined
  }

  /** What an earlier run let in stays: its containers run (I5). Loaded again in any case, as this version has it. */
  async function begin(ports: ReadonlyMap<string, PortIdentity>): Promise<void> {
    const { elements } = await list()
    const left = (set: string) => elements.get(set)?.keys() ?? []
    surroundings = mapped(surroundings, (set, name) => new Set([...left(name), ...set]))
    await load(new Map([...portsOf(left('own4'), left('own6')), ...ports]))
  }

  async function put(admitted: ReadonlyMap<string, PortIdentity>, released: readonly string[]): Promise<void> {
    const before = known ?? new Map<string, PortIdentity>()
    const next = new Map([...before, ...admitted])
    for (const port of released) next.delete(port)
    const refused = await child.run(portsLine(before, admitted, released)).catch(String)
    if (refused === '') known = next
    else await load(next)
  }

  /** A table that is loaded follows if something is more or less than before. */
  async function surround(next: Parameters<typeof mapped>[1]): Promise<void> {
    const before = surroundings
    surroundings = mapped(before, next)
    const sizes = (each: Surroundings) =>
      Object.values(each)
        .map((set: ReadonlySet<string>) => set.size)
        .join()
    if (known !== undefined && sizes(before) !== sizes(surroundings)) await load(known)
  }

  return {
    async guard(more) {
      await surround((set, name) => new Set([...set, ...more[name]]))
    },
    async unguard(device) {
      await surround(set => new Set([...set].filter(element => !element.startsWith(`"${device}"`))))
    },
    async admit(ports) {
      if (known === undefined) return begin(ports)
      const before = known
      const news = new Map([...ports].filter(([port, identity]) => !same(before.get(port), identity)))
      if (news.size > 0) await put(news, [])
    },
    async release(ports) {
      const left = ports.filter(port => known?.has(port))
      if (left.length > 0) await put(new Map(), left)
    },
    ports: () => [...(known?.keys() ?? [])],
    async verify() {
      if (known === undefined) return 0
      const listing = await list()
      const wanted = new Map(
        Object.entries(allElements(known, surroundings)).map(([set, keys]) => [
          set,
          new Map(keys.map(key => [key, ''])),
        ]),
      )
      if (sameElements(listing.elements, wanted) && (rules ?? listing.rules) === listing.rules) {
        rules = listing.rules
        return 0
      }
      log.warn({ tenant }, 'the guard of containers was changed by someone, loading it again')
      await load(known)
      return 1
    },
    reset() {
      known = undefined
      rules = undefined
      surroundings = noSurroundings
    },
  }
}

function same(a: PortIdentity | undefined, b: PortIdentity): boolean {
  return a?.mac === b.mac && a.ip === b.ip && a.ip6 === b.ip6
}

function mapped(
  { gateways, gateways6, carriers6 }: Surroundings,
  change: (set: ReadonlySet<string>, name: keyof Surroundings) => ReadonlySet<string>,
): Surroundings {
  return {
    gateways: change(gateways, 'gateways'),
    gateways6: change(gateways6, 'gateways6'),
    carriers6: change(carriers6, 'carriers6'),
  }
}
