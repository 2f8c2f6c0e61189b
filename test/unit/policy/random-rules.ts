/** Random policies of three groups, for the properties of what policies mean. */
import fc from 'fast-check'
import type { RuleRequest } from '../../../src/model/rule.ts'

export const groups = ['app', 'db', 'web']
export const policies = ['p', 'q', 'r']
const matchers = {
  4: ['10.1.2.5', '10.1.2.0/24', '10.1.2.6-10.1.3.5', '128.0.0.0/1'],
  6: ['fd00:6::5', 'fd00:6::/120', 'fd00:6::6-fd00:6::8:9', '8000::/1'],
}

const name = fc.constantFrom('', '', ...groups)
const network = fc.constantFrom('', '', 'web', 'lan')
/** Both of one family, or any. */
const ips = fc
  .constantFrom(4 as const, 6 as const)
  .chain(family => fc.tuple(...[0, 1].map(() => fc.constantFrom('', '', ...matchers[family]))))
const common = {
  priority: fc.constantFrom(1, 2, 100),
  action: fc.constantFrom('allow', 'deny'),
  protocol: fc.constantFrom('', 'tcp', 'udp', 'icmp', '132', '58'),
  port: fc.constantFrom(0, 80, 81),
}
const rule: fc.Arbitrary<RuleRequest> = fc
  .oneof(
    fc
      .record({ ...common, direction: fc.constant('in'), fromGroup: name, fromNetwork: network, ips })
      .map(({ ips: [fromIp, toIp], ...rule }) => ({ ...rule, fromIp, toIp })),
    fc
      .record({ ...common, direction: fc.constant('out'), toGroup: name, toNetwork: network, ips })
      .map(({ ips: [toIp], ...rule }) => ({ ...rule, toIp })),
  )
  .map(each => ({ ...each, port: each.protocol === 'tcp' || each.protocol === 'udp' ? each.port : 0 }))
export const ruleIds = ['1', '2', '9', '10', 'x']
export const rules = fc.uniqueArray(
  fc.record({ policy: fc.constantFrom(...policies), id: fc.constantFrom(...ruleIds), rule }),
  {
    maxLength: 12,
    selector: ({ policy, id }) => `${policy} ${id}`,
  },
)
export const attached = fc.record(Object.fromEntries(groups.map(group => [group, fc.subarray(policies)])))
