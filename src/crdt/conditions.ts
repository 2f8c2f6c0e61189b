/** Standing problems as a function of the state: the same list on every peer, since the HLC of their cause. */
import { addressConditions } from './address-conditions.ts'
import { hostArgument, hostName, printable, type Tables } from './condition-text.ts'
import { drainConditions } from './drain-conditions.ts'
import { forgedRecords } from './forged-conditions.ts'
import { forkedWriters, successionConditions } from './fork-conditions.ts'
import { gatewayConditions } from './gateway-conditions.ts'
import { compareHlc } from './hlc.ts'
import type { CheckpointLeaf } from './leaves.ts'
import type { LeafRecord } from './live-set.ts'
import { nameConditions } from './name-conditions.ts'
import { objectConditions } from './object-conditions.ts'
import { poolConditions } from './pool-conditions.ts'
import type { Condition, RegistryView } from './registry-view.ts'
import { removalConditions } from './removal-conditions.ts'
import type { TenantTable } from './tenant-table.ts'
import { vlanConditions } from './vlan-conditions.ts'

export function conditionsOf(view: RegistryView, tables: Tables): Condition[] {
  const found = [
    ...nameConditions(view),
    ...vlanConditions(view),
    ...gatewayConditions(view),
    ...drainConditions(view, tables),
    ...orphanedTenants(view, tables.tenants),
    ...addressConditions(view, tables),
    ...forgedRecords(view, tables),
    ...forkedWriters(view, tables.forks),
    ...successionConditions(view),
    ...removalConditions(view),
    ...objectConditions(view, tables.objects),
    ...poolConditions(view),
    ...unjustCheckpoints(view, tables.unjust),
  ]
  // two hosts may bear one name: only what a condition is about tells theirs apart
  const order = ({ text, kind, objects }: Condition) => [text, kind, ...objects].join('\n')
  return found
    .map(condition => ({ ...condition, text: printable(condition.text), remedy: printable(condition.remedy) }))
    .sort((a, b) => compareHlc(a.since, b.since) || (order(a) < order(b) ? -1 : 1))
}

function orphanedTenants(view: RegistryView, tenants: TenantTable): Condition[] {
  return view.tenants().flatMap(name => {
    const deletion = tenants.deletion(name)
    if (!deletion) return []
    const networks = view.networks(name).map(network => network.name)
    const left = networks.length > 0 ? `: ${networks.join(', ')}` : ''
    const keep = `skein tenant create ${name}`
    return [
      {
        kind: 'tenant-in-use',
        objects: [name],
        since: deletion.hlc,
        text: `tenant ${name} was deleted on one side of a split and has networks or other objects from the other${left}`,
        remedy: `remove its networks, groups, policies and netprofiles, or keep it with: ${keep}`,
        commands: [keep],
      },
    ]
  })
}

/** Until its writer is removed: what it let go of is kept, and nothing is left to do. */
function unjustCheckpoints(view: RegistryView, unjust: readonly LeafRecord<CheckpointLeaf>[]): Condition[] {
  const ofMembers = unjust.filter(({ dot }) => view.member(dot.writer))
  return ofMembers.map(({ dot, hlc, leaf }) => {
    const host = hostArgument(view, dot.writer)
    return {
      kind: 'checkpoint-unjust',
      objects: [dot.writer, String(dot.counter)],
      since: hlc,
      text: `${hostName(view, dot.writer)} let go of records that are still needed (of ${leaf.first} to ${leaf.last}); they are kept`,
      remedy: `find out whether ${host} was restored from an old copy or runs another version; if need be: skein peer rm ${host}`,
    }
  })
}
