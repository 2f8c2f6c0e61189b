/** Random policies of three groups, for the properties of what policies mean. */
import fc from 'fast-check'
import type { RuleRequest } from '../../../src/model/rule.ts'

export const groups = ['app', 'db', 'web']
export const policies = ['p', 'q', 'r']
const matchers = ['', '', '10.1.2.5', '10.1.2.0/24', '10.1.2.6-10.1.3.5', '128.0.0.0/1']

const name = fc.constantFrom('', '', ...groups)
const network = fc.constantFrom('', '', 'web', 'lan')
const ip = fc.constantFrom(...matchers)
const common = {
  priority: fc.constantFrom(1, 2, 100),
  action: fc.constantFrom('allow', 'deny'),
  protocol: fc.constantFrom('', 'tcp', 'udp', 'icmp', '132'),
  port: fc.constantFrom(0, 80, 81),
}
const rule: fc.Arbitrary<RuleRequest> = fc
  .oneof(
    fc.record({ ...common, direction: fc.constant('in'), fromGroup: name, fromNetwork: network, fromIp: ip, toIp: ip }),
    fc.record({ ...common, direction: fc.constant('out'), toGroup: name, toNetwork: network, toIp: ip }),
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
