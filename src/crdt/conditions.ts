/** Standing problems as a function of the state: the same list on every peer, since the HLC of their cause. */
import type { PeerKey } from '../lib/keys.ts'
import { formatIp } from '../model/ip.ts'
import { addressConditions } from './address-conditions.ts'
import { shown, type Tables } from './condition-text.ts'
import { drainConditions } from './drain-conditions.ts'
import { compareHlc, type Hlc } from './hlc.ts'
import { nameConditions } from './name-conditions.ts'
import type { Condition, RegistryView } from './registry-view.ts'
import type { TenantTable } from './tenant-table.ts'

export function conditionsOf(view: RegistryView, tables: Tables): Condition[] {
  const found = [
    ...nameConditions(view),
    ...drainConditions(view, tables),
    ...orphanedTenants(view, tables.tenants),
    ...addressConditions(view, tables),
    ...forkedWriters(view, tables.forks),
  ]
  return found.sort((a, b) => compareHlc(a.since, b.since) || (a.text < b.text ? -1 : 1))
}

function orphanedTenants(view: RegistryView, tenants: TenantTable): Condition[] {
  return view.tenants().flatMap(name => {
    const deletion = tenants.deletion(name)
    if (!deletion) return []
    const networks = view.networks(name).map(network => network.name)
    const keep = `skein tenant create ${name}`
    return [
      {
        kind: 'tenant-in-use',
        objects: [name],
        since: deletion.hlc,
        text: `tenant ${name} was deleted on one side of a split and has networks from the other: ${networks.join(', ')}`,
        remedy: `remove its networks, or keep it with: ${keep}`,
        commands: [keep],
      },
    ]
  })
}

/** R8: names every address that the writer has handed out, since each may be in use twice. */
function forkedWriters(view: RegistryView, forks: ReadonlyMap<PeerKey, Hlc>): Condition[] {
  return [...forks].map(([writer, since]) => {
    const host = view.member(writer)?.name ?? writer.slice(0, 8)
    const held = view
      .networks()
      .flatMap(network => view.endpoints(network.id).map(endpoint => ({ network, endpoint })))
      .filter(({ endpoint }) => endpoint.owner === writer)
      .map(({ network, endpoint: { ip, containerName } }) => {
        const name = containerName ? ` (${containerName})` : ''
        return `${formatIp(ip)}${name} in ${shown(network)}`
      })
    const used = held.length > 0 ? `; addresses that it handed out: ${held.join(', ')}` : ''
    return {
      kind: 'writer-forked',
      objects: [writer],
      since,
      text: `${host} has two histories: its data directory was restored from an old copy, or two machines run with it; it gets and gives no addresses${used}`,
      remedy: `on ${host}: skein peer rejoin; if two machines run with its key, stop one of them and let it join with a token`,
    }
  })
}
