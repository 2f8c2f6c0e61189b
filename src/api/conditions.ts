/** Standing problems: those of the mesh, which every peer lists alike, and those of this host. */
import type { FastifyInstance } from 'fastify'
import { hostArgument, printable } from '../crdt/condition-text.ts'
import type { Condition } from '../crdt/registry-view.ts'
import type { Clock } from '../lib/clock.ts'
import type { ApiDeps } from './deps.ts'
import type { ConditionJson } from './types.ts'

/** A member whose clock is this far ahead of ours wins over everybody's later writes, ms. */
const maxAheadMs = 5 * 60_000
/** Members within reach acknowledge an admission within seconds; who waits this long waits for somebody in particular, ms. */
const admissionMs = 30_000

export function addConditionRoutes(app: FastifyInstance, deps: () => ApiDeps, clock: Clock): void {
  app.get('/api/v1/conditions', (): ConditionJson[] => conditionsJson(deps(), clock.now()))
}

export function conditionsJson(deps: ApiDeps, nowMs: number): ConditionJson[] {
  const { view } = deps.replica
  return [
    ...view.conditions().map(ofMesh),
    ...clocksAhead(deps, nowMs),
    ...waitingNewcomers(deps, nowMs),
    ...wrongSignatures(deps),
    ...contradicted(deps),
    ...differences(deps),
    ...ofHost(deps),
  ]
}

function ofMesh({ kind, objects, since, text, remedy, commands = [] }: Condition): ConditionJson {
  return {
    scope: 'mesh',
    kind,
    text,
    remedy,
    objects: [...objects],
    commands: [...commands],
    since: timeText(since[0]),
    host: '',
  }
}

function ofHost({ hostStatus, nameOf, replica }: ApiDeps): ConditionJson[] {
  return hostStatus().conditions.map(({ text, remedy, kind = 'host', sinceMs }) => ({
    ...{ scope: 'host', kind, text, remedy, objects: [], commands: [] },
    ...{ since: sinceMs === undefined ? '' : timeText(sinceMs), host: nameOf(replica.self) },
  }))
}

/** A count of 0 is the writer's own clock; others follow the latest that they heard of. */
function clocksAhead({ replica, nameOf }: ApiDeps, nowMs: number): ConditionJson[] {
  return replica.view.members().flatMap(({ key }) => {
    const [ms = 0, count = 0] = replica.view.lastWrite(key) ?? []
    if (key === replica.self || count > 0 || ms - nowMs <= maxAheadMs) return []
    const minutes = Math.floor((ms - nowMs) / 60_000)
    return [
      {
        ...{ scope: 'host', kind: 'clock-ahead', objects: [key], commands: [], host: nameOf(replica.self) },
        since: timeText(nowMs),
        text: `the clock of ${nameOf(key)} is ${minutes} minutes ahead of this host's: its writes win over later ones`,
        remedy: `set the clocks of both hosts, for instance with: timedatectl set-ntp true`,
      },
    ]
  })
}

/** Members that own no addresses since others do not acknowledge their admission (R4): perhaps for ever. */
function waitingNewcomers({ replica, nameOf }: ApiDeps, nowMs: number): ConditionJson[] {
  const { view } = replica
  const connected = new Set(replica.syncStatus().map(({ peer }) => peer))
  const admissions = new Map(view.admissions().map(admission => [admission.key, admission]))
  return view.members().flatMap(({ key, name, settled, waitingFor }) => {
    const [sinceMs = nowMs] = admissions.get(key)?.since ?? []
    if (settled || waitingFor.length === 0 || nowMs - sinceMs < admissionMs) return []
    const typed = waitingFor.map(other => hostArgument(view, other)).sort()
    const reach = (other: string) => (other === replica.self || connected.has(other) ? '' : ' (out of reach)')
    const whom = waitingFor.map(other => `${nameOf(other)}${reach(other)}`).sort()
    return [
      {
        ...{ scope: 'host', kind: 'admission-waits', objects: [key, ...waitingFor], commands: [] },
        ...{ host: nameOf(replica.self), since: timeText(sinceMs) },
        text: printable(`${name} owns no addresses yet: its admission waits for ${listText(whom)}`),
        remedy: `bring back who is out of reach, and see skein status there; who will not come back: skein peer rm ${typed.slice(0, namedHosts).join(' ')}`,
      },
    ]
  })
}

/** So many hosts are named; the rest is counted. */
const namedHosts = 8

function listText(names: readonly string[]): string {
  const more = names.length > namedHosts ? [`and ${names.length - namedHosts} more`] : []
  return [...names.slice(0, namedHosts), ...more].join(', ')
}

/** What others sent to this host alone: it took no effect, so nobody else can know. */
function wrongSignatures({ replica, nameOf }: ApiDeps): ConditionJson[] {
  const members = replica.wrongSignatures().filter(({ from }) => replica.view.member(from))
  return members.map(({ from, writers, count, sinceMs }) => {
    const batches = count === 1 ? 'a batch' : `${count} batches`
    const key = from.slice(0, 12)
    return {
      ...{ scope: 'host', kind: 'wrong-signature', objects: [from], commands: [] },
      ...{ host: nameOf(replica.self), since: timeText(sinceMs) },
      text: printable(
        `${nameOf(from)} (key ${key}) sent this host ${batches} that ${writers.map(nameOf).join(', ')} did not sign: nothing of it takes effect`,
      ),
      remedy: `it forges them, or passes on what it was sent: look at skein conditions and at the log there; if it goes on: skein peer rm ${key}`,
    }
  })
}

/** What a member said of its own records to this host alone. */
function contradicted({ replica, nameOf }: ApiDeps): ConditionJson[] {
  const members = replica.contradicted().filter(({ writer }) => replica.view.member(writer))
  return members.map(({ writer, by, sinceMs }) => {
    const key = writer.slice(0, 12)
    return {
      ...{ scope: 'host', kind: 'records-contradicted', objects: [writer], commands: [] },
      ...{ host: nameOf(replica.self), since: timeText(sinceMs) },
      text: printable(
        `${nameOf(writer)} (key ${key}) said something else of its records to this host than it wrote, as ${nameOf(by)} showed: what it wrote counts`,
      ),
      remedy: `no honest host does that: look at the log there; to remove it: skein peer rm ${key}`,
    }
  })
}

/** What this host and another cannot agree on: each of them says it. */
function differences({ replica, nameOf }: ApiDeps): ConditionJson[] {
  const { view, self } = replica
  return replica.differences().map(({ peer, writer, sinceMs }) => {
    const key = writer?.slice(0, 12)
    const what =
      writer === undefined
        ? 'holds the same records as this host and comes to another state by them: a member said something else of its own to each of them, or one of the two runs a faulty version'
        : `holds other records of ${nameOf(writer)} (key ${key}) than this host, and neither takes what the other holds: it said something else of them to each`
    const whom = key ?? 'KEY, whom writer-forked or records-contradicted names'
    const remove = writer === undefined || view.member(writer) ? `skein peer rm ${whom}; then ` : ''
    return {
      ...{ scope: 'host', kind: 'hosts-differ', objects: writer === undefined ? [peer] : [peer, writer], commands: [] },
      ...{ host: nameOf(self), since: timeText(sinceMs) },
      text: printable(`${nameOf(peer)} ${what}`),
      remedy: `${remove}by the digest in skein status, whoever differs from most hosts joins again: skein peer leave, then skein join TOKEN with what skein peer invite says on another`,
    }
  })
}

/** ISO 8601; '' for a time that no calendar has, which a member may write. */
function timeText(ms: number): string {
  return ms <= 8.64e15 ? new Date(ms).toISOString() : ''
}
