/** The running lab. Everything is read from its state directory each time, so any number of handles may be open. */
import { SkeinError } from '../src/lib/errors.ts'
import { downLab } from './down.ts'
import { engineVersion } from './engine.ts'
import { createHost, equipHost, type LabHost, makeHost } from './host.ts'
import { membersSeenBy } from './members.ts'
import { createNode, type LabNode } from './node.ts'
import { hostNumber, maxHosts, outside, planHost, switchName } from './plan.ts'
import { recordedHosts } from './records.ts'
import { type Blocked, blockedBy } from './split.ts'
import { getBlocked, keepSwitchPlain, setBlocked } from './underlay.ts'

export interface AddHostOptions {
  /** Start its peer, too. @default true */
  peer?: boolean
  /** The host whose peer invites it. @default the first whose peer runs */
  via?: string
}

export interface HostStatus {
  readonly name: string
  readonly address: string
  /** Version of its engine; '' if it does not answer. */
  readonly engine: string
  readonly peer: 'running' | 'stopped' | 'not answering'
  /** `3 of 4` members connected, itself included; '' if the peer does not say. */
  readonly members: string
  /** Names of the hosts whose frames do not reach it. */
  readonly cutFrom: readonly string[]
}

export interface Lab {
  /** The hosts there are now, by number. */
  hosts(): LabHost[]
  /** `3`, `host3` -> that host; `not-found` otherwise. */
  host(name: string): LabHost
  /** The name server and default route of all hosts. */
  readonly outside: LabNode
  /** The bridge that joins them; its ports are p1, p2, …, pout: the place to look at frames. */
  readonly switch: LabNode
  /** Cuts the groups (`"1 2"`, `"3"`) from each other, in place of an earlier split. */
  split(groups: readonly string[], options?: { oneWay?: boolean }): Promise<void>
  /** Ends the split. */
  heal(): Promise<void>
  /** A further host, with the next number. */
  addHost(options?: AddHostOptions): Promise<LabHost>
  status(): Promise<HostStatus[]>
  /** Removes the lab. */
  down(): Promise<void>
}

/** The handle of the lab; does nothing by itself. `openLab` also checks that there is one. */
export function createLab(): Lab {
  const hosts = (): LabHost[] => recordedHosts().map(number => createHost(planHost(number)))
  const lab: Lab = {
    hosts,
    host: name => findHost(hosts(), name),
    outside: createNode(outside.name),
    switch: createNode(switchName),
    async split(groups, options = {}) {
      for (const word of groups.join(' ').split(/[\s,]+/)) if (word !== '' && word !== outside.name) lab.host(word)
      await setBlocked(blockedBy(groups, options.oneWay))
    },
    heal: () => setBlocked([]),
    addHost: options => addHost(lab, options),
    status: async () => {
      const blocked = await getBlocked()
      return Promise.all(hosts().map(host => statusOf(host, blocked)))
    },
    down: () => downLab(),
  }
  return lab
}

/** The lab that is up; `not-found` if none is. */
export function openLab(): Lab {
  if (recordedHosts().length === 0) throw new SkeinError('not-found', 'no lab is up; start one with: skein lab up')
  return createLab()
}

function findHost(hosts: readonly LabHost[], name: string): LabHost {
  const found = hosts.find(host => host.number === hostNumber(name))
  if (found) return found
  throw new SkeinError('not-found', `the lab has no host '${name}'; it has ${hosts.map(host => host.name).join(', ')}`)
}

async function addHost(lab: Lab, options: AddHostOptions = {}): Promise<LabHost> {
  const last = lab.hosts().at(-1)?.number ?? 0
  if (last === maxHosts) throw new SkeinError('exhausted', `the lab has ${maxHosts} hosts, all that it can have`)
  const withPeer = options.peer ?? true
  const inviter = withPeer ? findInviter(lab, options.via) : undefined
  const plan = planHost(last + 1)
  await makeHost(plan)
  await equipHost(plan)
  await keepSwitchPlain()
  const host = createHost(plan)
  if (inviter) await host.startPeer({ join: await inviter.invite() })
  return host
}

function findInviter(lab: Lab, via: string | undefined): LabHost {
  const inviter = via === undefined ? lab.hosts().find(host => host.peerPid() !== undefined) : lab.host(via)
  if (inviter?.peerPid() !== undefined) return inviter
  const who = via === undefined ? 'no peer runs' : `the peer of ${inviter?.name ?? via} does not run`
  throw new SkeinError('unavailable', `${who}, so nobody can invite; start one with: skein lab start-peer ${via ?? 1}`)
}

async function statusOf(host: LabHost, blocked: readonly Blocked[]): Promise<HostStatus> {
  const own = planHost(host.number).port
  const senders = blocked.filter(({ to }) => to === own).map(({ from }) => from.slice(1))
  const seen = host.peerPid() === undefined ? undefined : await membersSeenBy(host.name)
  const connected = seen?.filter(member => member.connected || member.self).length
  return {
    name: host.name,
    address: host.address,
    engine: await engineVersion(host.name),
    peer: host.peerPid() === undefined ? 'stopped' : seen ? 'running' : 'not answering',
    members: seen ? `${connected} of ${seen.length}` : '',
    cutFrom: senders.map(port => (hostNumber(port) === undefined ? outside.name : `host${port}`)),
  }
}
