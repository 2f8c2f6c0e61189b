/** What random writers do with groups, policies, rules, profiles and settings, for the laws. */
import type { Leaf } from '../../../src/crdt/leaves.ts'
import {
  addRuleLeaves,
  changeGroupLeaves,
  createGroupLeaves,
  createPolicyLeaves,
  removeGroupLeaves,
  removePolicyLeaves,
  removeProfileLeaves,
  removeRuleLeaves,
  removeValueLeaves,
  restoreRulesLeaves,
  writeGlobalLeaves,
  writeProfileLeaves,
} from '../../../src/crdt/object-acts.ts'
import type { Registry } from '../../../src/crdt/registry.ts'
import { checkRule } from '../../../src/model/rule.ts'
import type { Writer } from './writer.ts'

type Maker = (view: Registry, writer: Writer, pick: number) => readonly Leaf[]

const pickOf = <T>(list: readonly T[], pick: number) => list[pick % list.length] as T
const tenantOf = (pick: number) => pickOf(['default', 'blue'], pick)
const nameOf = (pick: number) => pickOf(['web', 'db'], pick >> 1)
const idOf = (pick: number) => pickOf(['1', '2'], pick)
const actionOf = (pick: number) => pickOf(['allow', 'deny'], pick >> 2)

export const objectMakers: readonly Maker[] = [
  ({ objects }, _, pick) => createPolicyLeaves(objects, 'default', nameOf(pick)),
  ({ objects }, _, pick) => removePolicyLeaves(objects, 'default', nameOf(pick)),
  ...[0, 1, 2].map(
    (): Maker =>
      ({ objects }, _, pick) => {
        const value = checkRule({ action: actionOf(pick), priority: 1 + (pick % 2) })
        return addRuleLeaves(objects, 'default', nameOf(pick), idOf(pick), value)
      },
  ),
  ({ objects }, _, pick) => removeRuleLeaves(objects, 'default', nameOf(pick), idOf(pick)),
  ({ objects }, _, pick) => {
    const values = objects.ruleValues('default', nameOf(pick), idOf(pick))
    return values.length > 0 ? removeValueLeaves(objects, 'default', nameOf(pick), pickOf(values, pick)) : []
  },
  ({ objects }, _, pick) => {
    const events = objects.history('default', nameOf(pick))
    const rules = events.length > 0 ? objects.rulesAt('default', nameOf(pick), pickOf(events, pick).dot) : []
    return restoreRulesLeaves(objects, 'default', nameOf(pick), rules ?? [])
  },
  ...[0, 1].map(
    (): Maker => (view, _, pick) => {
      const network = pickOf(view.networks(), pick)?.id ?? 'ab'.repeat(32)
      const act = { tenant: tenantOf(pick), name: nameOf(pick), network, pool: '' }
      return createGroupLeaves(view.objects, act, {
        policies: pickOf([['web'], ['web', 'db'], []], pick),
        profile: 'web',
      })
    },
  ),
  ({ objects }, _, pick) => {
    const group = pickOf(objects.groups(), pick)
    return group ? changeGroupLeaves(objects, group, { policies: ['db'], profile: pickOf(['', 'db'], pick) }) : []
  },
  ({ objects }, _, pick) => {
    const group = pickOf(objects.groups(), pick)
    return group ? removeGroupLeaves(objects, group) : []
  },
  ({ objects }, _, pick) => writeProfileLeaves(objects, 'default', nameOf(pick), { dscp: pick }),
  ({ objects }, _, pick) => writeProfileLeaves(objects, 'default', nameOf(pick), { burst: 2 + (pick % 3) }),
  ({ objects }, _, pick) => removeProfileLeaves(objects, 'default', nameOf(pick)),
  ({ objects }, _, pick) => writeGlobalLeaves(objects, { vlans: `${1 + pick}-100` }),
]
