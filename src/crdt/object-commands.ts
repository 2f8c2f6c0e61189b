/** Commands that settle conditions of groups, policies, rules, profiles and settings, to be copied into a shell. */
import type { GlobalSettings } from '../model/global.ts'
import { defaultTenant } from '../model/names.ts'
import type { RuleValue } from '../model/rule.ts'

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
