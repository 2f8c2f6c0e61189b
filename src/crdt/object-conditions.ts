/** Standing problems of groups, policies, rules, profiles and settings. */
import type { PeerKey } from '../lib/keys.ts'
import type { GlobalSettings } from '../model/global.ts'
import { hostName } from './condition-text.ts'
import type { LostEdit } from './field-table.ts'
import { type Hlc, maxHlc } from './hlc.ts'
import { argument, globalFlags, tenantFlag } from './object-commands.ts'
import type { ObjectTables } from './object-tables.ts'
import type { Group } from './objects-view.ts'
import { latest } from './order.ts'
import type { Condition, RegistryView } from './registry-view.ts'
import { ruleConditions } from './rule-conditions.ts'

export function objectConditions(view: RegistryView, tables: ObjectTables): Condition[] {
  const groups = tables.groups()
  return [
    ...groups.flatMap(group => groupConditions(view, tables, group)),
    ...policyConditions(view, tables, groups),
    ...profileConditions(view, tables),
    ...lostEdits(view, 'global', 'the global settings', tables.globalTable.lostEdits('global'), globalCommand),
  ]
}

const globalCommand = (field: string, value: unknown) =>
  `skein global set --${globalFlags[field as keyof GlobalSettings]}=${argument(value)}`

function groupConditions(view: RegistryView, tables: ObjectTables, group: Group): Condition[] {
  const { tenant, name, id } = group
  const base = { objects: [id] }
  const shown = `group ${tenant}/${name}`
  const remove = `skein group rm${tenantFlag(tenant)} ${name}`
  const found: Condition[] = []
  if (group.status === 'draining') {
    const left = view.endpoints(group.network).filter(endpoint => endpoint.group === id)
    const names = left.map(endpoint => endpoint.containerName || endpoint.id.slice(0, 12)).join(', ')
    return [
      {
        ...{ ...base, kind: 'group-draining', since: tables.groupTable.deletedSince(id) ?? group.created },
        text: `${shown} was deleted while in use and waits for ${names}`,
        remedy: 'remove these containers: docker rm -f on their hosts',
      },
    ]
  }
  if (view.network(group.network)?.status !== 'live') {
    found.push({
      ...{ ...base, kind: 'group-without-network', since: view.deletedSince(group.network) ?? group.created },
      text: `${shown} is on network ${group.network.slice(0, 6)}, which is gone`,
      remedy: `delete it with: ${remove}`,
      commands: [remove],
    })
  }
  if (name !== group.bornName && !isSuccessor(view, tables, group)) {
    found.push({
      ...{ ...base, kind: 'group-name-conflict', since: group.created },
      text: `${shown} was created as ${group.bornName} on another side of a split and is a group of its own`,
      remedy: `empty one of the two, then: ${remove}`,
    })
  }
  const edits = tables.groupTable.lostEdits(id)
  const network = view.network(group.network)?.name
  const command = (field: string, value: unknown) =>
    field === 'profile' && network !== undefined && value !== ''
      ? `skein group create${tenantFlag(tenant)} ${network} ${name} --networkprofile=${argument(value)}`
      : undefined
  return [...found, ...lostEdits(view, id, shown, edits, command)]
}

/** True if the other group of its name is on a network that is drained into this one's: it goes with that. */
function isSuccessor(view: RegistryView, tables: ObjectTables, { tenant, bornName, network }: Group): boolean {
  const holder = tables.groupByName(tenant, bornName)
  return holder !== undefined && view.network(holder.network)?.into === network
}

function policyConditions(view: RegistryView, tables: ObjectTables, groups: readonly Group[]): Condition[] {
  return tables.policies().flatMap(policy => {
    const { tenant, name } = policy
    const users = groups.filter(group => group.tenant === tenant && group.policies.includes(name))
    const shown = users.map(group => group.name).join(', ')
    const keep = `skein policy create${tenantFlag(tenant)} ${name}`
    const kept: Condition[] = policy.alive
      ? []
      : [
          {
            ...{ kind: 'policy-in-use', objects: [`${tenant}:${name}`] },
            since: tables.policyTable.deletedSince(tenant, name) ?? policy.created,
            text: `policy ${tenant}/${name} was deleted on one side of a split and has ${
              users.length > 0 ? `groups (${shown})` : 'new rules'
            } from the other; its rules hold on`,
            remedy: `keep it with: ${keep}, or take it off its groups and delete it with: skein policy rm${tenantFlag(tenant)} ${name}`,
            commands: [keep],
          },
        ]
    const rules = tables.policyTable.ruleIds(tenant, name).flatMap(id => ruleConditions(view, tables, tenant, name, id))
    return [...kept, ...rules]
  })
}

function profileConditions(view: RegistryView, tables: ObjectTables): Condition[] {
  return tables.profiles().flatMap(({ tenant, name }) => {
    const key = `${tenant}/${name}`
    const keep = `skein netprofile create${tenantFlag(tenant)} ${name}`
    const settle = (field: string, value: unknown) =>
      value === '' ? undefined : `${keep} --${field}=${argument(value)}`
    const edits = lostEdits(view, `${tenant}:${name}`, `netprofile ${key}`, tables.profileTable.lostEdits(key), settle)
    if (tables.profileTable.isAlive(key)) return edits
    const users = tables.groups(tenant).filter(group => group.profile === name)
    const kept: Condition = {
      ...{ kind: 'netprofile-in-use', objects: [`${tenant}:${name}`] },
      since: latest(tables.profileTable.removals(key))?.hlc ?? users.map(group => group.created).reduce(maxHlc),
      text: `netprofile ${key} was deleted on one side of a split and is used by ${users.map(group => group.name).join(', ')}`,
      remedy: `keep it with: ${keep}, or take it off its groups`,
      commands: [keep],
    }
    return [kept, ...edits]
  })
}

interface FieldRecord {
  readonly seen: readonly unknown[]
}

function lostEdits<L extends FieldRecord>(
  view: RegistryView,
  object: string,
  shown: string,
  edits: readonly LostEdit<L>[],
  command: (field: string, value: unknown) => string | undefined,
): Condition[] {
  return edits.map(({ field, kept, lost }) => {
    const text = (record: { leaf: L; dot: { writer: PeerKey } }) =>
      `${valueText((record.leaf as Record<string, unknown>)[field])} by ${hostName(view, record.dot.writer)}`
    const since: Hlc = [kept, ...lost].map(record => record.hlc).reduce(maxHlc)
    const settle = command(field, (kept.leaf as Record<string, unknown>)[field])
    return {
      ...{ kind: 'edit-lost', objects: [object], since, commands: settle === undefined ? [] : [settle] },
      text: `${field} of ${shown} was set at the same time to ${text(kept)}, which counts, and to ${lost.map(text).join(', ')}`,
      remedy:
        settle === undefined ? `write its ${field} once more` : `keep that, or give another value, with: ${settle}`,
    }
  })
}

function valueText(value: unknown): string {
  return typeof value === 'string' && value !== '' ? value : value === '' ? 'none' : JSON.stringify(value)
}
