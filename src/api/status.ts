/** One look at this peer and its mesh. */
import type { FastifyInstance } from 'fastify'
import type { Clock } from '../lib/clock.ts'
import { conditionsJson } from './conditions.ts'
import type { ApiDeps } from './deps.ts'
import { networkKey } from './lookup.ts'
import type { MemberStatusJson, StatusJson } from './types.ts'

export function addStatusRoutes(app: FastifyInstance, deps: () => ApiDeps, clock: Clock): void {
  app.get('/api/v1/status', (): StatusJson => statusJson(deps(), clock.now()))
}

function statusJson(deps: ApiDeps, nowMs: number): StatusJson {
  const { replica, version, nameOf } = deps
  const { view, self } = replica
  const me = view.member(self)
  const host = deps.hostStatus()
  const networks = view.networks()
  return {
    self: {
      name: nameOf(self),
      key: self,
      settled: me?.settled ?? false,
      waitingFor: (me?.waitingFor ?? []).map(nameOf),
    },
    meshId: view.meshId,
    version: version.version,
    members: memberStatus(deps, nowMs),
    digest: view.digest(),
    records: view.size(),
    networks: networks.filter(network => network.status === 'live').length,
    draining: networks.filter(network => network.status === 'draining').map(networkKey),
    collectionWaitsFor: collectionWaitsFor(deps, nowMs),
    conditions: conditionsJson(deps, nowMs),
    docker: host.docker,
    datapath: {
      repaired: host.datapath.repaired,
      errors: [...host.datapath.errors],
      unreachable: host.datapath.unreachable.map(({ member, sinceMs }) => {
        return { name: nameOf(member), key: member, forMs: Math.max(0, nowMs - sinceMs) }
      }),
    },
  }
}

/** Those within reach catch up within seconds: they are no news. */
function collectionWaitsFor({ replica, connected, nameOf }: ApiDeps, nowMs: number): StatusJson['collectionWaitsFor'] {
  const linked = new Set(connected())
  const away = replica.collectionStatus().waitsFor.filter(({ peer }) => !linked.has(peer))
  return away.map(({ peer, shownMs }) => {
    const ago = shownMs === undefined ? {} : { forMs: Math.max(0, nowMs - shownMs) }
    return { name: nameOf(peer), key: peer, ...ago }
  })
}

function memberStatus({ replica, connected }: ApiDeps, nowMs: number): MemberStatusJson[] {
  const linked = new Set(connected())
  const syncs = new Map(replica.syncStatus().map(sync => [sync.peer, sync]))
  return replica.view.members().map(({ name, key, settled }) => {
    const { behind = false, lastSyncMs } = syncs.get(key) ?? {}
    // the wall clock may have been set back meanwhile
    const ago = lastSyncMs === undefined ? {} : { syncedMsAgo: Math.max(0, nowMs - lastSyncMs) }
    return { name, key, settled, connected: linked.has(key), behind, ...ago }
  })
}
