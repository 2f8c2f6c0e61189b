/** Standing problems of groups, policies, rules, profiles and settings. */
import type { PeerKey } from '../lib/keys.ts'
import type { GlobalSettings } from '../model/global.ts'
import { hostName } from './condition-text.ts'
import type { LostEdit } from './field-table.ts'
import { type Hlc, maxHlc } from './hlc.ts'
import { argument, globalFlags, tenantFlag } from './object-commands.ts'
import type { ObjectTables } from './object-tables.ts'
import type { Group, Policy } from './objects-view.ts'
import { latest } from './order.ts'
import type { Condition, RegistryView } from './registry-view.ts'
import { ruleConditions } from './rule-conditions.ts'
import { isUnusedGroup } from './unused.ts'

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
      ...(isUnusedGroup(view, group)
        ? { remedy: `delete it with: ${remove}`, commands: [remove] }
        : { remedy: `${emptied('it')}, then: ${remove}` }),
    })
  }
  if (name !== group.bornName && !isSuccessor(view, tables, group)) {
    found.push({
      ...{ ...base, kind: 'group-name-conflict', since: group.created },
      text: `${shown} was created as ${group.bornName} on another side of a split and is a group of its own`,
      ...eitherDeleted(view, [group, tables.groupByName(tenant, group.bornName)]),
    })
  }
  const edits = tables.groupTable.lostEdits(id)
  const command = (field: string, value: unknown) =>
    field === 'profile' ? changeOf(view, group, `--networkprofile=${flagValue(value)}`) : undefined
  // labels come of the group's creation in Docker alone
  const anew = `to choose, delete it with: ${remove}, and create it once more`
  return [...found, ...lostEdits(view, id, shown, edits, command, anew)]
}

/** The command that gives a group something else; undefined where it takes nothing any more. */
function changeOf(view: RegistryView, { tenant, name, network, status }: Group, flag: string): string | undefined {
  const on = view.network(network)
  if (status !== 'live' || on?.status !== 'live') return undefined
  return `skein group create${tenantFlag(tenant)} ${on.name} ${name} ${flag}`
}

const emptied = (which: string) => `end the containers of ${which} with docker rm -f, remove the rules that name it`

/** Of two groups of one name: that, or those, which nothing uses can be deleted at once. */
function eitherDeleted(view: RegistryView, two: readonly (Group | undefined)[]) {
  const groups = two.filter(group => group !== undefined)
  const remove = (some: readonly Group[]) =>
    some.map(({ tenant, name }) => `skein group rm${tenantFlag(tenant)} ${name}`)
  const unused = groups.filter(group => isUnusedGroup(view, group))
  const commands = remove(unused)
  const [first, second] = unused
  if (!first) return { remedy: `${emptied('one of the two')}, then: ${remove(groups).join(', or: ')}` }
  const which = second ? 'one of the two, for nothing uses them,' : `${first.name}, which nothing uses,`
  return { remedy: `delete ${which} with: ${commands.join(', or: ')}`, commands }
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
    const kept: Condition[] = policy.alive
      ? []
      : [
          {
            ...{ kind: 'policy-in-use', objects: [`${tenant}:${name}`] },
            since: tables.policyTable.deletedSince(tenant, name) ?? policy.created,
            text: `policy ${tenant}/${name} was deleted on one side of a split and has ${
              users.length > 0 ? `groups (${shown})` : 'new rules'
            } from the other; its rules hold on`,
            ...keptOrDeleted(view, tables, policy, users),
          },
        ]
    const rules = tables.policyTable.ruleIds(tenant, name).flatMap(id => ruleConditions(view, tables, tenant, name, id))
    return [...kept, ...rules]
  })
}

/** A policy that only its groups keep goes with the last of them: to delete it then would be refused, for it is not there. */
function keptOrDeleted(view: RegistryView, tables: ObjectTables, { tenant, name }: Policy, users: readonly Group[]) {
  const keep = `skein policy create${tenantFlag(tenant)} ${name}`
  const remove = `skein policy rm${tenantFlag(tenant)} ${name}`
  if (users.length === 0) {
    return { remedy: `keep it with: ${keep}, or delete it with: ${remove}`, commands: [keep, remove] }
  }
  const without = ({ policies }: Group) => `--policy=${policies.filter(each => each !== name).join(',')}`
  const changes = users.flatMap(group => changeOf(view, group, without(group)) ?? [])
  const goesAlone = tables.policyTable.policy(tenant, name, () => false) === undefined
  const how = goesAlone ? takenOff(changes) : `take it off its groups and delete it, ${inTurn([...changes, remove])}`
  // not a command to be typed unread: it names all that a group keeps, and would take off what it is given meanwhile
  return { remedy: `keep it with: ${keep}, or ${how}`, commands: [keep] }
}

const inTurn = (commands: readonly string[]) => `with: ${commands.join(', then: ')}`
const takenOff = (changes: readonly string[]) =>
  changes.length > 0 ? `take it off its groups, ${inTurn(changes)}` : 'let its groups go'

function profileConditions(view: RegistryView, tables: ObjectTables): Condition[] {
  return tables.profiles().flatMap(({ tenant, name }) => {
    const key = `${tenant}/${name}`
    const keep = `skein netprofile create${tenantFlag(tenant)} ${name}`
    const settle = (field: string, value: unknown) => `${keep} --${field}=${flagValue(value)}`
    const edits = lostEdits(view, `${tenant}:${name}`, `netprofile ${key}`, tables.profileTable.lostEdits(key), settle)
    if (tables.profileTable.isAlive(key)) return edits
    const users = tables.groups(tenant).filter(group => group.profile === name)
    const changes = users.flatMap(group => changeOf(view, group, '--networkprofile=') ?? [])
    const kept: Condition = {
      ...{ kind: 'netprofile-in-use', objects: [`${tenant}:${name}`] },
      since: latest(tables.profileTable.removals(key))?.hlc ?? users.map(group => group.created).reduce(maxHlc),
      text: `netprofile ${key} was deleted on one side of a split and is used by ${users.map(group => group.name).join(', ')}`,
      remedy: `keep it with: ${keep}, or ${takenOff(changes)}`,
      commands: [keep, ...(users.length === 1 ? changes : [])],
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
  /** What to do about a field that has no command. */
  otherwise = '',
): Condition[] {
  return edits.map(({ field, kept, lost }) => {
    const text = (record: { leaf: L; dot: { writer: PeerKey } }) =>
      `${valueText((record.leaf as Record<string, unknown>)[field])} by ${hostName(view, record.dot.writer)}`
    const since: Hlc = [kept, ...lost].map(record => record.hlc).reduce(maxHlc)
    const settle = command(field, (kept.leaf as Record<string, unknown>)[field])
    return {
      ...{ kind: 'edit-lost', objects: [object], since, commands: settle === undefined ? [] : [settle] },
      text: `${field} of ${shown} was set at the same time to ${text(kept)}, which counts, and to ${lost.map(text).join(', ')}`,
      remedy: settle === undefined ? otherwise : `keep that, or give another value, with: ${settle}`,
    }
  })
}

/** '' is said by nothing after the flag. */
const flagValue = (value: unknown) => (value === '' ? '' : argument(value))

function valueText(value: unknown): string {
  return typeof value === 'string' && value !== '' ? value : value === '' ? 'none' : JSON.stringify(value)
}
