/** Keeps the table against spoofing in a tenant's namespace. A port is in it before it is on its bridge. */
import { SkeinError } from '../lib/errors.ts'
import { readListing, sameElements } from '../policy/index.ts'
import type { Context } from './context.ts'
import { tenantNamespace } from './names.ts'
import type { NftChild } from './nft-child.ts'
import { elementsOf, type PortIdentity, portsLine, portsOf, spoofTable, spoofText } from './spoof-text.ts'

export interface SpoofTable {
  /** Makes the table if it is missing, and lets these ports speak as what they are. Rejects with what the kernel refuses. */
  admit(ports: ReadonlyMap<string, PortIdentity>): Promise<void>
  /** Elements for the gateways of this host's networks, see `gatewayElement`; added to those of before. */
  guard(gateways: Iterable<string>): Promise<void>
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

export function createSpoofTable(tenant: string, context: Context, child: NftChild): SpoofTable {
  const { run, log } = context
  const namespace = tenantNamespace(tenant)
  let known: ReadonlyMap<string, PortIdentity> | undefined
  let gateways: ReadonlySet<string> = new Set()
  /** As the kernel lists the rules; undefined until the first look. */
  let rules: string | undefined
  const nft = (args: readonly string[], input?: string) =>
    run('nsenter', [`--net=/run/netns/${namespace}`, 'nft', ...args], { ...(input !== undefined && { input }) })
  const list = async () => readListing((await nft(['-s', 'list', 'table', 'bridge', spoofTable])).stdout)

  async function load(ports: ReadonlyMap<string, PortIdentity>): Promise<void> {
    const { code, stderr } = await nft(['-f', '-'], spoofText(ports, gateways))
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
    gateways = new Set([...(elements.get('gateways')?.keys() ?? []), ...gateways])
    await load(new Map([...portsOf(elements.get('own4')?.keys() ?? []), ...ports]))
  }

  async function put(admitted: ReadonlyMap<string, PortIdentity>, released: readonly string[]): Promise<void> {
    const before = known ?? new Map<string, PortIdentity>()
    const next = new Map([...before, ...admitted])
    for (const port of released) next.delete(port)
    const refused = await child.run(portsLine(before, admitted, released)).catch(String)
    if (refused === '') known = next
    else await load(next)
  }

  return {
    async guard(more) {
      const size = gateways.size
      gateways = new Set([...gateways, ...more])
      if (known !== undefined && gateways.size !== size) await load(known)
    },
    async unguard(device) {
      const size = gateways.size
      gateways = new Set([...gateways].filter(element => !element.startsWith(`"${device}" `)))
      if (known !== undefined && gateways.size !== size) await load(known)
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
        Object.entries({ ...elementsOf(known), gateways: [...gateways] }).map(([set, keys]) => [
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
      gateways = new Set()
    },
  }
}

function same(a: PortIdentity | undefined, b: PortIdentity): boolean {
  return a?.mac === b.mac && a.ip === b.ip
}
