/** Standing problems: those of the mesh, which every peer lists alike, and those of this host. */
import type { FastifyInstance } from 'fastify'
import type { Condition } from '../crdt/registry-view.ts'
import type { Clock } from '../lib/clock.ts'
import type { ApiDeps } from './deps.ts'
import type { ConditionJson } from './types.ts'

/** A member whose clock is this far ahead of ours wins over everybody's later writes, ms. */
const maxAheadMs = 5 * 60_000

export function addConditionRoutes(app: FastifyInstance, deps: () => ApiDeps, clock: Clock): void {
  app.get('/api/v1/conditions', (): ConditionJson[] => conditionsJson(deps(), clock.now()))
}

export function conditionsJson(deps: ApiDeps, nowMs: number): ConditionJson[] {
  const { view } = deps.replica
  return [...view.conditions().map(ofMesh), ...clocksAhead(deps, nowMs), ...ofHost(deps)]
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

/** ISO 8601; '' for a time that no calendar has, which a member may write. */
function timeText(ms: number): string {
  return ms <= 8.64e15 ? new Date(ms).toISOString() : ''
}
