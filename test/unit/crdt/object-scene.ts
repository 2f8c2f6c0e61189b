import { createNetworkLeaves } from '../../../src/crdt/acts.ts'
import type { Leaf } from '../../../src/crdt/leaves.ts'
import { addRuleLeaves, createPolicyLeaves, removeRuleLeaves } from '../../../src/crdt/object-acts.ts'
import type { Registry } from '../../../src/crdt/registry.ts'
import { checkNetwork } from '../../../src/model/network.ts'
import { checkRule, type RuleRequest } from '../../../src/model/rule.ts'
import { World } from './writer.ts'

export const allow: RuleRequest = { action: 'allow', protocol: 'tcp', port: 80 }
export const deny: RuleRequest = { action: 'deny', protocol: 'tcp', port: 22 }
export const add = (view: Registry, rule: RuleRequest, id = '5') =>
  addRuleLeaves(view.objects, 'default', 'db', id, checkRule(rule))
export const removeRule = (view: Registry, id = '5') => removeRuleLeaves(view.objects, 'default', 'db', id)
export const shown = (view: Registry) =>
  view.objects.rules('default', 'db').map(rule => `${rule.shown} ${rule.value.action}`)
export const kinds = (view: Registry) => view.conditions().map(condition => condition.kind)

/** Three settled writers; policy `db`, network `web`; `base` is what all of them know before they are cut off. */
export function split(...more: ((view: Registry) => readonly Leaf[])[]) {
  const world = new World(3).settleAll()
  const spec = checkNetwork({ tenant: 'default', name: 'web', subnet: '10.1.2.0/24' })
  world
    .at(1)
    .write([
      ...createPolicyLeaves(world.all.objects, 'default', 'db'),
      ...createNetworkLeaves(world.all, { tenant: 'default', name: 'web', spec }),
    ])
  for (const make of more) world.at(1).write(make(world.all))
  return { world, base: world.all }
}
