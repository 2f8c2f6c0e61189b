/** Standing problems of rules: several values under one id, and values that are off. */
import { type RuleValue, ruleText } from '../model/rule.ts'
import type { Condition } from './condition.ts'
import { hostName } from './condition-text.ts'
import { maxHlc } from './hlc.ts'
import { ruleAddCommand, tenantFlag, valueName } from './object-commands.ts'
import type { ObjectTables } from './object-tables.ts'
import type { RegistryView } from './registry-view.ts'
import type { Judged } from './rules.ts'

/** Of one id of a policy. */
export function ruleConditions(
  view: RegistryView,
  tables: ObjectTables,
  tenant: string,
  policy: string,
  id: string,
): Condition[] {
  const objects = [`${tenant}:${policy}:${id}`]
  const of = `rule ${id} of policy ${tenant}/${policy}`
  const found: Condition[] = []
  const values = tables.policyTable.values(tenant, policy, id)
  // shown until somebody removes it knowingly, or the value is in effect again
  const lost = tables.policyTable.lost(tenant, policy, id)
  const named = ({ hash }: { hash: string }) => valueName(tables, tenant, policy, { id, hash })
  // never the id alone: that would remove what else is under it, also a denial that comes before the command is typed
  const command = (value: { hash: string }) => `skein policy rule-rm${tenantFlag(tenant)} ${policy} ${named(value)}`
  if (values.length > 1) {
    found.push({
      ...{ kind: 'rule-conflict', objects },
      since: values.map(value => value.created).reduce(maxHlc),
      text: `${of} has ${values.length} values, all in effect: ${values.map(each => `${named(each)} (${ruleText(each.value)})`).join(', ')}`,
      remedy: `remove one of them: ${values.map(command).join(', or ')}`,
      commands: values.map(command),
    })
  }
  return [...found, ...lost.flatMap(item => lostRule(view, tables, item, objects, of, command(item)))]
}

function lostRule(
  view: RegistryView,
  tables: ObjectTables,
  { record, fate }: Judged,
  objects: string[],
  of: string,
  letGo: string,
): Condition[] {
  if (fate.state !== 'lost') return []
  const { tenant, policy, id, value } = record.leaf
  const [other] = tables.policyTable.values(tenant, policy, id)
  const gone = goneName(view, tables, tenant, value)
  const add = ruleAddCommand(tenant, policy, other ? 'ID' : id, value)
  const [writer, remover] = [record.dot.writer, fate.by.dot.writer].map(key => hostName(view, key))
  const base = {
    ...({ kind: 'rule-lost', objects, since: maxHlc(record.hlc, fate.by.hlc) } as const),
    text: `${of} (${ruleText(value)}), written by ${writer}, is off: ${remover} removed that id at the same time`,
  }
  if (gone !== undefined) {
    return [{ ...base, remedy: `let it go with: ${letGo}; ${gone}, which it names, is gone`, commands: [letGo] }]
  }
  if (other) {
    const taken = `the id is taken by ${ruleText(other.value)}`
    return [
      {
        ...base,
        remedy: `let it go with: ${letGo}; ${taken}: to have both, add it as another: ${add}`,
        commands: [letGo],
      },
    ]
  }
  return [{ ...base, remedy: `add it once more with: ${add}, or let it go with: ${letGo}`, commands: [add, letGo] }]
}

/** A group or network without which the rule cannot be added. */
function goneName(view: RegistryView, tables: ObjectTables, tenant: string, value: RuleValue): string | undefined {
  const group = [value.fromGroup, value.toGroup].find(name => name && !tables.groupByName(tenant, name))
  if (group) return `group ${group}`
  const network = [value.fromNetwork, value.toNetwork].find(name => name && !view.networkByName(tenant, name))
  return network ? `network ${network}` : undefined
}
