/**
 * Whether VXLAN frames get through between hosts. TCP says nothing about it: a firewall may let the mesh pass and drop
 * UDP. Each host has a VXLAN device on a VNI of its own (`probeVni`), in a namespace of its own, whose `lo` bears the
 * VTEP address. The kernel does the rest: told that it should make sure of a neighbour, it sends up to three ARP requests
 * to that neighbour's MAC alone, a second apart, and the other kernel answers, also when its skeind is down. A round
 * costs four short processes, whatever the number of members.
 */
import type { Clock } from '../lib/clock.ts'
import { errorText, SkeinError } from '../lib/errors.ts'
import { parseIp } from '../model/ip.ts'
import { batch } from './channel.ts'
import type { Context } from './context.ts'
import type { Unreachable } from './datapath.ts'
import { type Link, readLinks } from './links.ts'
import { probeDevice, probeMac, probeNamespace } from './names.ts'
import { ensureNamespace } from './namespaces.ts'
import {
  answered,
  forwardingText,
  nextSilences,
  type ProbeTargets,
  probeCreation,
  probeTargets,
  reportedAfterRounds,
  type Silence,
  solicitationText,
  turnOf,
} from './probe-plan.ts'
import { probeVni } from './vni.ts'

export interface Probe {
  start(): void
  stop(): Promise<void>
  /** Members that did not answer for two rounds or more. */
  unreachable(): Unreachable[]
}

/**
 * Between rounds: while all answer, while somebody is suspected (so that two hosts that lose each other say so within
 * 18 s), and while somebody is reported.
 */
const pausesMs = { quiet: 10_000, suspicious: 1_000, reported: 5_000 }
/** The kernel gives up 3 s after the first of three requests. */
const answerMs = 3_300
/** Asked in one round: 64 requests of 92 bytes. */
const perRound = 64

/**
 * Set, never inherited from the host's: how the kernel asks and answers. An address on `lo` with scope link is never the
 * sender's address: requests come from 0.0.0.0 (RFC 5227), so nobody has to have a route, or learns a neighbour from one.
 */
const settings = [
  ...['all', probeDevice].map(name => `net.ipv4.conf.${name}.arp_ignore=0`),
  ...[
    'ucast_solicit=3',
    'app_solicit=0',
    'mcast_resolicit=0',
    'retrans_time_ms=1000',
    'base_reachable_time_ms=30000',
  ].map(setting => `net.ipv4.neigh.${probeDevice}.${setting}`),
]

export function createProbe(context: Context): Probe {
  const { clock, problems, replica, vtepAddress } = context
  const pause = createPause(clock)
  let silences: ReadonlyMap<number, Silence> = new Map()
  let ended: Promise<void> = Promise.resolve()
  let running = false
  let inode: number | undefined
  let turn = 0

  const targetsNow = () => probeTargets(replica.view.members(), replica.self, vtepAddress)
  const round = async (targets: ProbeTargets): Promise<void> => {
    inode = await prepare(context, inode)
    const addresses = [...targets.keys()].sort((a, b) => a - b)
    const asked = turnOf(addresses, turn, perRound)
    turn = (turn + perRound) % addresses.length
    const nowMs = clock.now()
    await succeed(context, 'bridge', ['-n', probeNamespace, '-batch', '-'], forwardingText(addresses))
    await succeed(context, 'ip', ['-n', probeNamespace, '-batch', '-'], solicitationText(asked))
    await pause.wait(answerMs)
    if (!running) return
    const show = ['-n', probeNamespace, '-4', '-j', 'neigh', 'show', 'dev', probeDevice]
    const answers = answered(await succeed(context, 'ip', show))
    silences = nextSilences(silences, { targets, asked, answers, nowMs })
  }
  const attempt = async (): Promise<void> => {
    const targets = targetsNow()
    try {
      if (targets.size > 0) await round(targets)
      else silences = new Map()
      problems.clear('probe')
    } catch (error) {
      problems.report('probe', errorText(error))
      silences = new Map() // what is not measured is not claimed
    }
  }
  const loop = async (): Promise<void> => {
    while (running) {
      await attempt()
      if (running) await pause.wait(pauseMs(silences))
    }
  }
  return {
    start() {
      running = true
      ended = loop()
    },
    async stop() {
      running = false
      pause.end()
      await ended
    },
    unreachable() {
      const targets = targetsNow()
      const silent = [...silences].filter(([, { rounds }]) => rounds >= reportedAfterRounds)
      return silent.flatMap(([address, { sinceMs }]) =>
        (targets.get(address) ?? []).map(member => ({ member, sinceMs })),
      )
    },
  }
}

function pauseMs(silences: ReadonlyMap<number, Silence>): number {
  if (silences.size === 0) return pausesMs.quiet
  const isNew = [...silences.values()].some(({ rounds }) => rounds < reportedAfterRounds)
  return isNew ? pausesMs.suspicious : pausesMs.reported
}

/** A wait that `end` cuts short. */
function createPause(clock: Clock) {
  let end = () => {}
  return {
    wait(delayMs: number): Promise<void> {
      return new Promise(resolve => {
        const timer = clock.after(delayMs, resolve)
        end = () => {
          timer.cancel()
          resolve()
        }
      })
    },
    end: () => end(),
  }
}

/** Makes what is missing. An earlier run's device stays if it is as it should be. */
async function prepare(context: Context, ready: number | undefined): Promise<number> {
  const { run, vtepAddress, vxlanPort } = context
  const vtep = parseIp(vtepAddress)
  if (vtep === undefined) throw new SkeinError('invalid', `VTEP address ${vtepAddress} is no IPv4 address`)
  const inode = await ensureNamespace(run, probeNamespace, ready)
  const link = (await readLinks(run, probeNamespace)).get(probeDevice)
  const settle = () =>
    succeed(context, 'nsenter', [`--net=/run/netns/${probeNamespace}`, 'sysctl', '-e', '-q', '-w', ...settings])
  if (link && isUsable(link, vtepAddress, vxlanPort, vtep)) {
    // a peer that has just started has set the namespace as a tenant's, in which no address of lo is answered for
    if (inode !== ready) await settle()
    return inode
  }
  if (link) await batch(context, [{ line: `link del ${probeDevice}` }], probeNamespace)
  // one that an earlier run made but did not move yet
  await run('ip', ['link', 'del', probeDevice])
  const failure = await batch(context, probeCreation(vtep, vxlanPort, probeNamespace))
  if (failure !== '')
    throw new SkeinError('unavailable', `VXLAN between hosts is not probed: ${failure}; run: ip -d link`)
  await succeed(context, 'ip', [
    '-n',
    probeNamespace,
    'addr',
    'replace',
    `${vtepAddress}/32`,
    'dev',
    'lo',
    'scope',
    'link',
  ])
  await settle()
  await succeed(context, 'ip', ['-n', probeNamespace, 'link', 'set', probeDevice, 'up'])
  return inode
}

function isUsable({ kind, info, mac, up }: Link, local: string, port: number, vtep: number): boolean {
  const isOurs = kind === 'vxlan' && info.id === probeVni && info.local === local && info.port === port
  return isOurs && mac === probeMac(vtep) && up
}

async function succeed({ run }: Context, program: string, args: string[], input?: string): Promise<string> {
  const { code, stdout, stderr } = await run(program, args, input === undefined ? {} : { input })
  if (code === 0) return stdout
  const said = stderr.trim().split('\n')[0]
  throw new SkeinError('unavailable', `VXLAN between hosts is not probed: ${said}; run: ${program} ${args.join(' ')}`)
}
