/** Standing problems of groups, policies, rules, profiles and settings. */
import type { PeerKey } from '../lib/keys.ts'
import { defaultTenant } from '../model/names.ts'
import { ruleText } from '../model/rule.ts'
import type { LostEdit } from './field-table.ts'
import { type Hlc, maxHlc } from './hlc.ts'
import type { ObjectTables } from './object-tables.ts'
import type { Group, Rule } from './objects-view.ts'
import { latest } from './order.ts'
import type { Condition, RegistryView } from './registry-view.ts'
import { type Judged, shortHash } from './rules.ts'

export function objectConditions(view: RegistryView, tables: ObjectTables): Condition[] {
  const groups = tables.groups()
  return [
    ...groups.flatMap(group => groupConditions(view, tables, group)),
    ...policyConditions(view, tables, groups),
    ...profileConditions(view, tables),
    ...lostEdits(view, 'global', 'the global settings', tables.globalTable.lostEdits('global'), globalRemedy),
  ]
}

/** ` -t blue`; nothing for the default tenant. */
const flag = (tenant: string) => (tenant === defaultTenant ? '' : ` -t ${tenant}`)
const nameOf = (view: RegistryView, key: PeerKey) => view.member(key)?.name ?? key.slice(0, 8)
const globalRemedy = (field: string) => `look with: skein global info; settle ${field} with: skein global set`

function groupConditions(view: RegistryView, tables: ObjectTables, group: Group): Condition[] {
  const { tenant, name, id } = group
  const base = { objects: [id] }
  const shown = `group ${tenant}/${name}`
  const remove = `skein group rm${flag(tenant)} ${name}`
  const found: Condition[] = []
  if (group.status === 'draining') {
    const left = view.endpoints(group.network).filter(endpoint => endpoint.group === id)
    const names = left.map(endpoint => endpoint.containerName || endpoint.id.slice(0, 12)).join(', ')
    return [
      {
        ...{ ...base, kind: 'group-draining', since: tables.groupTable.deletedSince(id) ?? group.created },
        text: `${shown} was deleted while in use and waits for ${names}`,
        remedy: 'remove these containers',
      },
    ]
  }
  if (view.network(group.network)?.status !== 'live') {
    found.push({
      ...{ ...base, kind: 'group-without-network', since: view.deletedSince(group.network) ?? group.created },
      text: `${shown} is on network ${group.network.slice(0, 6)}, which is gone`,
      remedy: `delete it with: ${remove}`,
    })
  }
  if (name !== group.bornName) {
    found.push({
      ...{ ...base, kind: 'group-name-conflict', since: group.created },
      text: `${shown} was created as ${group.bornName} on another side of a split and is a group of its own`,
      remedy: `empty one of the two, then: ${remove}`,
    })
  }
  const edits = tables.groupTable.lostEdits(id)
  const remedy = () => `settle it with: skein group create${flag(tenant)} NETWORK ${name} --networkprofile=NAME`
  return [...found, ...lostEdits(view, id, shown, edits, remedy)]
}

function policyConditions(view: RegistryView, tables: ObjectTables, groups: readonly Group[]): Condition[] {
  return tables.policies().flatMap(policy => {
    const { tenant, name } = policy
    const users = groups.filter(group => group.tenant === tenant && group.policies.includes(name))
    const shown = users.map(group => group.name).join(', ')
    const kept: Condition[] = policy.alive
      ? []
      : [
          {
            ...{ kind: 'policy-in-use', objects: [`${tenant}:${name}`] },
            since: tables.policyTable.deletedSince(tenant, name) ?? policy.created,
            text: `policy ${tenant}/${name} was deleted on one side of a split and has ${
              users.length > 0 ? `groups (${shown})` : 'new rules'
            } from the other; its rules hold on`,
            remedy: `keep it with: skein policy create${flag(tenant)} ${name}, or delete it with: skein policy rm${flag(tenant)} ${name}`,
          },
        ]
    const rules = tables.policyTable.ruleIds(tenant, name).flatMap(id => ruleConditions(view, tables, tenant, name, id))
    return [...kept, ...rules]
  })
}

function ruleConditions(view: RegistryView, tables: ObjectTables, tenant: string, policy: string, id: string) {
  const objects = [`${tenant}:${policy}:${id}`]
  const of = `rule ${id} of policy ${tenant}/${policy}`
  const command = (shown: string) => `skein policy rule-rm${flag(tenant)} ${policy} ${shown}`
  const found: Condition[] = []
  const values = tables.policyTable.values(tenant, policy, id)
  if (values.length > 1) {
    const digits = shortHash(values.map(value => value.hash))
    const named = (rule: Rule) => `${id}~${rule.hash.slice(0, digits)}`
    found.push({
      ...{ kind: 'rule-conflict', objects },
      since: values.map(value => value.created).reduce(maxHlc),
      text: `${of} has ${values.length} values, all in effect: ${values.map(each => `${named(each)} (${ruleText(each.value)})`).join(', ')}`,
      remedy: `remove one of them: ${values.map(each => command(named(each))).join(', or ')}`,
    })
  }
  // shown until somebody removes it knowingly, or the value is in effect again
  const lost = tables.policyTable.judged(tenant, policy, id).filter(({ hash, fate }) => {
    return fate.state === 'lost' && !values.some(value => value.hash === hash)
  })
  return [...found, ...lost.flatMap(item => lostRule(view, item, objects, of, command(id)))]
}

function lostRule(view: RegistryView, { record, fate }: Judged, objects: string[], of: string, command: string) {
  if (fate.state !== 'lost') return []
  const [writer, remover] = [record.dot.writer, fate.by.dot.writer].map(key => nameOf(view, key))
  return [
    {
      ...{ kind: 'rule-lost', objects, since: maxHlc(record.hlc, fate.by.hlc) },
      text: `${of} (${ruleText(record.leaf.value)}), written by ${writer}, is off: ${remover} removed that id at the same time`,
      remedy: `add it once more with: skein policy rule-add, or let it go with: ${command}`,
    },
  ]
}

function profileConditions(view: RegistryView, tables: ObjectTables): Condition[] {
  return tables.profiles().flatMap(({ tenant, name }) => {
    const key = `${tenant}/${name}`
    const remedy = (field: string) => `settle it with: skein netprofile create${flag(tenant)} ${name} --${field}=VALUE`
    const edits = lostEdits(view, `${tenant}:${name}`, `netprofile ${key}`, tables.profileTable.lostEdits(key), remedy)
    if (tables.profileTable.isAlive(key)) return edits
    const users = tables.groups(tenant).filter(group => group.profile === name)
    const kept: Condition = {
      ...{ kind: 'netprofile-in-use', objects: [`${tenant}:${name}`] },
      since: latest(tables.profileTable.removals(key))?.hlc ?? users.map(group => group.created).reduce(maxHlc),
      text: `netprofile ${key} was deleted on one side of a split and is used by ${users.map(group => group.name).join(', ')}`,
      remedy: `keep it with: skein netprofile create${flag(tenant)} ${name}, or take it off its groups`,
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
  remedy: (field: string) => string,
): Condition[] {
  return edits.map(({ field, kept, lost }) => {
    const text = (record: { leaf: L; dot: { writer: PeerKey } }) =>
      `${valueText((record.leaf as Record<string, unknown>)[field])} by ${nameOf(view, record.dot.writer)}`
    const since: Hlc = [kept, ...lost].map(record => record.hlc).reduce(maxHlc)
    return {
      ...{ kind: 'edit-lost', objects: [object], since },
      text: `${field} of ${shown} was set at the same time to ${text(kept)}, which counts, and to ${lost.map(text).join(', ')}`,
      remedy: remedy(field),
    }
  })
}

function valueText(value: unknown): string {
  return typeof value === 'string' && value !== '' ? value : value === '' ? 'none' : JSON.stringify(value)
}
