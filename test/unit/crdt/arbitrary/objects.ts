/** Random records of groups, policies, rules, profiles and settings. */
import fc from 'fast-check'
import type { ObjectLeaf } from '../../../../src/crdt/object-leaves.ts'
import { checkRule, type RuleRequest, type RuleValue } from '../../../../src/model/rule.ts'
import { type Fields, few, record, text } from './fields.ts'
import type { Arbitraries } from './kinds.ts'
import { pairs } from './networks.ts'

const orNull = <T>(of: fc.Arbitrary<T>) => fc.option(of, { nil: null })
const setting = orNull(text(64))

/** Whatever `checkRule` makes. */
function rules({ name }: Fields): fc.Arbitrary<RuleValue> {
  const optional = fc.option(name, { nil: '' })
  const side = record({ group: optional, network: optional, ip: fc.constantFrom('', '10.1.0.5', '10.1.0.0/24') })
  const flow = fc.oneof(
    record({ protocol: fc.constantFrom('', 'icmp', '47'), port: fc.constant(0) }),
    record({ protocol: fc.constantFrom('tcp', 'udp'), port: fc.nat(65_535) }),
  )
  const rest = record({ priority: fc.integer({ min: 1, max: 100 }), action: fc.constantFrom('allow', 'deny') })
  return fc
    .tuple(fc.constantFrom('in', 'out'), side, flow, rest)
    .map(([direction, { group, network, ip }, flow, rest]) => {
      const other = direction === 'in' ? { fromGroup: group, fromNetwork: network, fromIp: ip } : undefined
      const far = other ?? { toGroup: group, toNetwork: network, toIp: ip }
      return checkRule({ direction, ...far, ...flow, ...rest } as RuleRequest)
    })
}

export function objectArbitraries(fields: Fields): Arbitraries<ObjectLeaf['kind']> {
  const { name, network, group, dot, hash, generation } = fields
  const [seen, covers] = [few(dot), few(dot)]
  return {
    group: record({ tenant: name, name, network, pool: fc.constantFrom('', '10.1.0.2-10.1.0.4', 'any'), generation }),
    'group-rm': record({ id: group, tenant: name, name, generation, seen }),
    'group-edit': record({
      ...{ group, profile: orNull(fc.oneof(name, fc.constant(''))), labels: orNull(pairs), seen, covers },
    }),
    'group-policy': record({ group, policy: name }),
    'group-policy-rm': record({ group, policy: name, seen }),
    policy: record({ tenant: name, name, dropped: covers }),
    'policy-rm': record({ tenant: name, name, seen, rules: covers }),
    rule: record({ tenant: name, policy: name, id: name, value: rules(fields), removals: covers }),
    'rule-rm': record({ tenant: name, policy: name, id: name, value: fc.oneof(hash, fc.constant('')), seen }),
    netprofile: record({
      ...{ tenant: name, name, bandwidth: orNull(text(32)), dscp: orNull(fc.nat(63)), burst: orNull(fc.nat(10_486)) },
      ...{ seen, covers },
    }),
    'netprofile-rm': record({ tenant: name, name, seen, covers }),
    global: record({
      ...{ fabricMode: setting, vlans: setting, vxlans: setting, fwdMode: setting, arpMode: setting },
      ...{ privateSubnet: setting, seen, covers },
    }),
  }
}
