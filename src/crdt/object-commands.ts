/** Commands that settle conditions of groups, policies, rules, profiles and settings, to be copied into a shell. */
import type { GlobalSettings } from '../model/global.ts'
import { defaultTenant } from '../model/names.ts'
import type { RuleValue } from '../model/rule.ts'
import type { ObjectsView, Rule } from './objects-view.ts'
import { shortHash } from './rules.ts'

/** ` -t blue`; nothing for the default tenant. */
export const tenantFlag = (tenant: string) => (tenant === defaultTenant ? '' : ` -t ${tenant}`)

/** A value as one word of a shell; VALUE stands for what a member wrote that is no such thing. */
export function argument(value: unknown): string {
  const text = String(value)
  if (/^[A-Za-z0-9._:/-]+$/.test(text)) return text
  return /^[A-Za-z0-9._:/ -]+$/.test(text) ? `"${text}"` : 'VALUE'
}

export const globalFlags: { readonly [F in keyof GlobalSettings]: string } = {
  fabricMode: 'fabric-mode',
  vlans: 'vlan-range',
  vxlans: 'vxlan-range',
  fwdMode: 'fwd-mode',
  arpMode: 'arp-mode',
  privateSubnet: 'private-subnet',
}

/** The command that adds a rule of this value. */
export function ruleAddCommand(tenant: string, policy: string, id: string, value: RuleValue): string {
  const flags: [flag: string, value: string | number][] = [
    ['priority', value.priority],
    ['direction', value.direction],
    ['from-group', value.fromGroup],
    ['to-group', value.toGroup],
    ['from-network', value.fromNetwork],
    ['to-network', value.toNetwork],
    ['from-ip-address', value.fromIp],
    ['to-ip-address', value.toIp],
    ['protocol', value.protocol],
    ['port', value.port],
    ['action', value.action],
  ]
  const given = flags.filter(([, each]) => each !== '' && each !== 0).map(([flag, each]) => `--${flag}=${each}`)
  return [`skein policy rule-add${tenantFlag(tenant)} ${policy} ${id}`, ...given].join(' ')
}

/** What is needed to name one value under an id. */
export type RuleNames = Pick<ObjectsView, 'ruleValues' | 'lostValues'>

/** Names one value under an id, in effect or lost, and no other of either: `5~1a2b`. */
export function valueName(
  objects: RuleNames,
  tenant: string,
  policy: string,
  { id, hash }: Pick<Rule, 'id' | 'hash'>,
): string {
  return `${id}~${hash.slice(0, shortHash(hashesUnder(objects, tenant, policy, id)))}`
}

/**
 * The command that removes a rule. Where more is under its id it names the value: the id alone, which is how the first value
 * is shown, would remove that as well, such as a denial.
 */
export function ruleRmCommand(
  objects: RuleNames,
  tenant: string,
  policy: string,
  rule: Pick<Rule, 'id' | 'hash'>,
): string {
  const isAlone = hashesUnder(objects, tenant, policy, rule.id).length < 2
  const name = isAlone ? rule.id : valueName(objects, tenant, policy, rule)
  return `skein policy rule-rm${tenantFlag(tenant)} ${policy} ${name}`
}

function hashesUnder(objects: RuleNames, tenant: string, policy: string, id: string): string[] {
  const values = objects.ruleValues(tenant, policy, id).map(({ hash }) => hash)
  return [...new Set([...values, ...objects.lostValues(tenant, policy, id)])]
}
