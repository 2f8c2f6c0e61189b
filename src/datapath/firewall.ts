/** Keeps the host's guards in the kernel: the VXLAN guard and the isolation of docker_gwbridge (I4). */
import { errorText, SkeinError } from '../lib/errors.ts'
import type { Context } from './context.ts'
import { firewallText, type GuardedVnis, isSharedPort, nextSenders, nextVnis, sendersIn } from './firewall-rules.ts'
import { Follower } from './follower.ts'
import { createLinkWatch, isolatePorts, readGatewayBridge } from './gateway-bridge.ts'
import { createLane } from './lane.ts'
import { firewallTable } from './names.ts'

export interface Firewall {
  /** Loads what is missing or out of date. Never rejects: what fails is reported. Resolves with the number of repairs. */
  refresh(): Promise<number>
  /** Like `refresh`, but looks only at the members: for each change of the state. */
  membersChanged(): void
  /** Resolves once frames with this VNI are taken from members only; at once where all frames are. Never rejects, as `refresh`. */
  guardVni(vni: number): Promise<void>
  /** Whether docker_gwbridge has IPv6; undefined until it was looked at, and while Docker has not made it. */
  outsideHas6(): boolean | undefined
  start(): void
  stop(): Promise<void>
}

interface Loaded {
  readonly text: string
  /** How the kernel lists it: another listing means that someone changed it. */
  readonly listing: string
}

export function createFirewall(context: Context): Firewall {
  const lane = createLane()
  let senders: ReadonlyMap<string, string> | undefined
  let vnis: GuardedVnis | undefined
  const { view, self } = context.replica
  let loaded: Loaded | undefined
  let outsideHas6: boolean | undefined
  /** Versions of what the guards rest on, when it was last looked at. */
  let lookedAt = ''
  const wanted = (known: ReadonlyMap<string, string>) => nextSenders(known, sendersIn(view), context.vtepAddress)
  const isShared = isSharedPort(context.vxlanPort)
  const wantedVnis = (guarded: ReadonlySet<number>) => (isShared ? nextVnis(guarded, view, self) : undefined)

  const look = async (verify: boolean): Promise<number> => {
    const { subnets, open } = await readGatewayBridge(context.run)
    outsideHas6 = subnets.length === 0 ? undefined : subnets.some(subnet => subnet.includes(':'))
    senders = wanted(senders ?? (await loadedSenders(context)))
    vnis = wantedVnis(vnis?.received ?? (isShared ? await loadedVnis(context) : new Set()))
    const text = firewallText({ vxlanPort: context.vxlanPort, senders, vnis, gatewaySubnets: subnets })
    const drifted = verify && loaded !== undefined && loaded.listing !== (await list(context))
    if (drifted) context.log.warn('firewall tables were changed by someone, loading them again')
    if (drifted || loaded?.text !== text) loaded = await load(context, text)
    const isolated = subnets.length === 0 ? 0 : await isolatePorts(context.run, open)
    return drifted ? 1 + isolated : isolated
  }
  const refresh = async (verify: boolean): Promise<number> => {
    try {
      const repaired = await look(verify)
      context.problems.clear('firewall')
      return repaired
    } catch (error) {
      context.problems.report('firewall', errorText(error))
      return 0
    }
  }
  /** A container's start changes its port several times within milliseconds. */
  const follower = new Follower(context.clock, () => lane.run(() => refresh(false)))
  const watch = createLinkWatch(context.clock, () => {
    follower.changed()
    context.gatewayChanged()
  })
  return {
    refresh: () => lane.run(() => refresh(true)),
    membersChanged() {
      const version = `${view.membersVersion()} ${view.vnisVersion()}`
      if (!senders || version === lookedAt) return
      lookedAt = version
      const now = vnis && wantedVnis(vnis.received)
      // they only grow
      const grown = now?.known.size !== vnis?.known.size || now?.received.size !== vnis?.received.size
      if (grown || !sameMap(senders, wanted(senders))) follower.changed()
    },
    guardVni: async vni => {
      if (!isShared || vnis?.received.has(vni)) return
      await lane.run(async () => {
        vnis = wantedVnis(new Set([...(vnis?.received ?? (await loadedVnis(context))), vni]))
        await refresh(false)
      })
    },
    outsideHas6: () => outsideHas6,
    start: () => watch.start(),
    async stop() {
      await watch.stop()
      follower.stop()
      await lane.idle()
    },
  }
}

/** What an earlier run let in. */
async function loadedSenders(context: Context): Promise<Map<string, string>> {
  const { code, stdout } = await context.run('nft', ['-j', 'list', 'set', 'inet', firewallTable, 'senders'])
  if (code !== 0) return new Map() // no such table yet, or no nft: loading reports that
  const { nftables }: { nftables: { set?: { elem?: (string | { elem: { val: string; comment?: string } })[] } }[] } =
    JSON.parse(stdout)
  const elements = nftables.flatMap(each => each.set?.elem ?? [])
  return new Map(
    elements.map(each => (typeof each === 'string' ? [each, ''] : [each.elem.val, each.elem.comment ?? ''])),
  )
}

/** Likewise. */
async function loadedVnis(context: Context): Promise<Set<number>> {
  const { code, stdout } = await context.run('nft', ['-j', 'list', 'set', 'inet', firewallTable, 'received'])
  if (code !== 0) return new Set()
  const { nftables }: { nftables: { set?: { elem?: number[] } }[] } = JSON.parse(stdout)
  return new Set(nftables.flatMap(each => each.set?.elem ?? []))
}

async function load(context: Context, text: string): Promise<Loaded> {
  const { code, stderr } = await context.run('nft', ['-f', '-'], { input: text })
  if (code === 127)
    throw new SkeinError('unsupported', 'networks are not guarded: nft is missing; install the package nftables')
  if (code !== 0)
    throw new SkeinError('internal', `networks are not guarded: ${stderr.trim().split('\n')[0]}; run: nft list ruleset`)
  return { text, listing: await list(context) }
}

async function list({ looks }: Context): Promise<string> {
  const tables = ['inet', 'bridge'].map(family => looks.list(`list table ${family} ${firewallTable}`))
  return (await Promise.all(tables)).join('')
}

function sameMap(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  return a.size === b.size && [...a].every(([key, value]) => b.get(key) === value)
}
