/** What the commands that `skein why` names do, without the program: as leaves of what is known. */
import assert from 'node:assert/strict'
import type { Leaf } from '../../src/crdt/leaves.ts'
import {
  addRuleLeaves,
  changeGroupLeaves,
  createPolicyLeaves,
  removeRuleLeaves,
  removeValueLeaves,
} from '../../src/crdt/object-acts.ts'
import type { RegistryView } from '../../src/crdt/registry-view.ts'
import { checkRule, type RuleRequest } from '../../src/model/rule.ts'

export interface Command {
  /** `policy rule-add`. */
  readonly verb: string
  readonly tenant: string
  /** What is neither a flag nor the tenant. */
  readonly words: readonly string[]
  /** Without dashes. */
  readonly flags: ReadonlyMap<string, string>
}

const fields: Readonly<Record<string, keyof RuleRequest>> = {
  direction: 'direction',
  priority: 'priority',
  'from-group': 'fromGroup',
  'to-group': 'toGroup',
  'from-ip-address': 'fromIp',
  'to-ip-address': 'toIp',
  protocol: 'protocol',
  port: 'port',
  action: 'action',
}

export function parseCommand(text: string): Command {
  const [, noun, verb, said, rest = ''] = /^skein (\w+) ([\w-]+)(?: -t (\S+))?(.*)$/.exec(text) ?? assert.fail(text)
  const words = rest.split(' ').filter(word => word !== '')
  const flags = words.filter(word => word.startsWith('--')).map(word => word.slice(2).split('=', 2) as [string, string])
  return {
    verb: `${noun} ${verb}`,
    tenant: said ?? 'default',
    words: words.filter(word => !word.startsWith('--')),
    flags: new Map(flags),
  }
}

export function leavesOf({ objects }: RegistryView, text: string): Leaf[] {
  const { verb, tenant, words, flags } = parseCommand(text)
  const [first = '', second = ''] = words
  if (verb === 'policy create') return createPolicyLeaves(objects, tenant, first)
  if (verb === 'group create') {
    const group = objects.groupByName(tenant, second) ?? assert.fail(text)
    return changeGroupLeaves(objects, group, { policies: [flags.get('policy') ?? ''] })
  }
  if (verb === 'policy rule-rm') {
    const [id = '', hash] = second.split('~')
    if (hash === undefined) return removeRuleLeaves(objects, tenant, first, id)
    const values = objects.ruleValues(tenant, first, id).filter(rule => rule.hash.startsWith(hash))
    return values.flatMap(rule => removeValueLeaves(objects, tenant, first, rule))
  }
  assert.equal(verb, 'policy rule-add', text)
  const request: Record<string, string | number> = {}
  for (const [flag, value] of flags) {
    const field = fields[flag] ?? assert.fail(text)
    request[field] = field === 'priority' || field === 'port' ? Number(value) : value
  }
  return addRuleLeaves(objects, tenant, first, second, checkRule(request))
}
