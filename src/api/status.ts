/** One look at this peer and its mesh. */
import type { FastifyInstance } from 'fastify'
import type { ApiDeps } from './deps.ts'
import { networkKey } from './lookup.ts'
import type { ConditionJson, StatusJson } from './types.ts'

export function addStatusRoutes(app: FastifyInstance, deps: () => ApiDeps): void {
  app.get('/api/v1/status', (): StatusJson => statusJson(deps()))
}

function statusJson(deps: ApiDeps): StatusJson {
  const { replica, version, nameOf } = deps
  const { view, self } = replica
  const connected = new Set(deps.connected())
  const behind = new Set(replica.syncStatus().flatMap(sync => (sync.behind ? [sync.peer] : [])))
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
    members: view.members().map(({ name, key, settled }) => {
      return { name, key, settled, connected: connected.has(key), behind: behind.has(key) }
    }),
    digest: view.digest(),
    records: view.size(),
    networks: networks.filter(network => network.status === 'live').length,
    draining: networks.filter(network => network.status === 'draining').map(networkKey),
    conditions: conditions(deps, host.conditions),
    docker: host.docker,
    datapath: { repaired: host.datapath.repaired, errors: [...host.datapath.errors] },
  }
}

function conditions({ replica }: ApiDeps, ofHost: readonly { text: string; remedy: string }[]): ConditionJson[] {
  return [
    ...replica.view.conditions().map(({ text, remedy, objects }): ConditionJson => {
      return { scope: 'mesh', text, remedy, objects: [...objects] }
    }),
    ...ofHost.map(({ text, remedy }): ConditionJson => ({ scope: 'host', text, remedy, objects: [] })),
  ]
}
