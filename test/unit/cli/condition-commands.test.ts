import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, it } from 'mocha'
import { createNetworkLeaves, removeNetworkLeaves, removeTenantLeaves } from '../../../src/crdt/acts.ts'
import { giveAddressLeaves } from '../../../src/crdt/addresses.ts'
import { transferLeaf } from '../../../src/crdt/blocks.ts'
import type { Leaf } from '../../../src/crdt/leaves.ts'
import {
  addRuleLeaves,
  createGroupLeaves,
  createPolicyLeaves,
  removeGroupLeaves,
  removeProfileLeaves,
  writeGlobalLeaves,
  writeProfileLeaves,
} from '../../../src/crdt/object-acts.ts'
import type { Group } from '../../../src/crdt/objects-view.ts'
import type { Condition } from '../../../src/crdt/registry-view.ts'
import { checkNetwork } from '../../../src/model/network.ts'
import { checkRule } from '../../../src/model/rule.ts'
import { historyOf, steps } from '../crdt/random-history.ts'
import { World, type Writer } from '../crdt/writer.ts'
import { runCli } from './fixture.ts'

/** Every kind that src/crdt says; a new kind needs a history here that has it. */
const kinds = [
  ...[
    'vlan-conflict',
    'gateway-overlap',
    'name-conflict',
    'subnet-overlap',
    'draining',
    'drain',
    'drain-stopped',
    'tenant-in-use',
    'block-forked',
  ],
  ...['address-forked', 'duplicate-address', 'writer-forked', 'group-draining', 'group-without-network'],
  ...['group-name-conflict', 'policy-in-use', 'rule-conflict', 'rule-lost', 'netprofile-in-use', 'edit-lost'],
  'forged-records',
]

/** What is to be typed: from `skein` to a comma, a semicolon or the end. */
function commandsIn({ remedy }: Condition): string[] {
  return remedy.split(/[,;]\s|[,;]?$/).flatMap(part => /\bskein .*$/.exec(part)?.[0] ?? [])
}

const wordsOf = (command: string) =>
  [...command.matchAll(/(?:"[^"]*"|[^\s"])+/g)].map(([word]) => word.replace(/"/g, '')).slice(1)

/** Conditions of random histories, and of what these do not come to. */
function found(): Condition[] {
  const all: Condition[] = []
  const lists = fc.sample(fc.array(steps, { minLength: 3, maxLength: 5 }), { numRuns: 40, seed: 7 })
  for (const list of lists) all.push(...historyOf(list.flat()).world.all.conditions())
  const world = new World(2).settleAll()
  const [first, second] = world.writers as [Writer, Writer]
  const create = (tenant: string, name: string, subnet: string, gateway = '') =>
    createNetworkLeaves(world.all, { tenant, name, spec: checkNetwork({ tenant, name, subnet, gateway }) })
  first.write([{ kind: 'tenant', name: 'red' }, ...create('red', 'a', '10.1.0.0/24')])
  second.write([...create('red', 'b', '10.1.0.0/16'), ...removeTenantLeaves(world.all, 'red')])
  const view = world.all
  const network = view.networks('red').find(each => each.name === 'a')?.id ?? ''
  const index = view.block(network, 0)?.owner === first.key ? 0 : 1
  const { last: ip } = view.blockRange(network, index)
  const give = (to: Writer, at = first.next) => giveAddressLeaves(world.all, first.signer, network, [ip], to.key, at)
  const twice = [give(first), give(second, first.next + 1)].map(leaves => leaves.at(-1) as Leaf)
  first.write([...give(first).slice(0, -1), ...twice])
  const block = index + 2
  const next = first.next
  first.write([first, second].map((to, i) => transferLeaf(view, first.signer, network, block, to.key, next + i)))
  const act = { tenant: 'red', name: 'app', network, pool: '' }
  first.write(createGroupLeaves(world.all.objects, act, { policies: ['p'], profile: 'gold' }))
  const group = world.all.objects.groupByName('red', 'app') as Group
  const at = { network, ip: ip - 1, mac: '02:02:0a:01:00:01', container: '', containerName: 'c', group: group.id }
  for (const writer of [first, second]) writer.write([{ kind: 'endpoint', id: 'e', ...at }])
  const before = world.all.objects
  first.write([
    ...createPolicyLeaves(before, 'red', 'p'),
    ...addRuleLeaves(before, 'red', 'p', '1', checkRule({ action: 'deny' })),
    ...writeProfileLeaves(before, 'red', 'gold', { bandwidth: '10 kbps', dscp: 3 }),
    ...writeGlobalLeaves(before, { vlans: '1-10', vxlans: '10000-20000' }),
  ])
  second.write([
    ...addRuleLeaves(before, 'red', 'p', '1', checkRule({ action: 'deny', priority: 2 })),
    ...addRuleLeaves(before, 'red', 'p', '2', checkRule({ fromIp: '10.1.2.0/24', protocol: 'tcp', port: 80 })),
    ...writeProfileLeaves(before, 'red', 'gold', { bandwidth: '20 kbps', dscp: 4 }),
    ...writeGlobalLeaves(before, { vlans: '1-20', vxlans: '10000-30000' }),
  ])
  const vlan = (tenant: string, name: string, subnet: string) => {
    const spec = checkNetwork({ tenant, name, subnet, encap: 'vlan', pktTag: 112 })
    return createNetworkLeaves(view, { tenant, name, spec })
  }
  first.write(vlan('default', 'old', '10.3.0.0/24'))
  for (const [tenant, name, subnet] of [
    ['default', 'young', '10.4.0.0/24'],
    ['red', 'used', '10.5.0.0/24'],
    ['red', 'unused', '10.6.0.0/24'],
  ] as const) {
    second.write(vlan(tenant, name, subnet))
    const made = world.all.networks(tenant).find(each => each.name === name)
    const at = (made?.spec.subnet.first ?? 0) + 8
    const place = { network: made?.id ?? '', ip: at, mac: '02:02:0a:01:00:02', container: '', containerName: 'v' }
    if (name !== 'unused') second.write([{ kind: 'endpoint', id: `e-${name}`, ...place }])
  }
  first.write(create('default', 'wide', '10.7.0.0/16', '10.7.0.1'))
  second.write([
    ...create('default', 'narrow', '10.7.1.0/24', '10.7.1.1'),
    ...create('default', 'idle', '10.7.2.0/24', '10.7.2.1'),
  ])
  const [wide = '', narrow = ''] = ['wide', 'narrow'].map(name => world.all.networkByName('default', name)?.id ?? '')
  for (const [id, on] of Object.entries({ 'e-wide': wide, 'e-narrow': narrow })) {
    const place = { network: on, ip: 0x0a070105, mac: '02:02:0a:07:01:05', container: '', containerName: id }
    second.write([{ kind: 'endpoint', id, ...place }])
  }
  all.push(...world.all.conditions())
  first.write(removeNetworkLeaves(world.all, wide))
  first.write([{ kind: 'endpoint', id: 'e-outside', ...at, ip: 0x0a090909 }])
  first.write([{ kind: 'rule-rm', tenant: 'red', policy: 'p', id: '2', value: '', seen: [] }])
  all.push(...world.all.conditions())
  second.write(removeProfileLeaves(world.all.objects, 'red', 'gold'))
  all.push(...world.all.conditions())
  first.write(removeGroupLeaves(world.all.objects, group))
  const forked = world.all
  forked.noteFork(second.key, [9, 0])
  return [...all, ...forked.conditions()]
}

describe('cli: every command of a condition', () => {
  it('is one that the program takes', async function () {
    this.timeout(60_000)
    const conditions = found()
    const seen = new Set(conditions.map(condition => condition.kind))
    assert.deepEqual(
      kinds.filter(kind => !seen.has(kind)),
      [],
    )
    assert.deepEqual(
      [...seen].filter(kind => !kinds.includes(kind)),
      [],
    )
    // one of each form is typed: names and numbers do not matter to the grammar
    const forms = new Map<string, string>()
    for (const condition of conditions) {
      for (const command of [...commandsIn(condition), ...(condition.commands ?? [])]) {
        forms.set(`${condition.kind} ${command.replace(/[0-9a-f]{6,}|\d+/g, '#')}`, command)
      }
    }
    assert.ok(forms.size > kinds.length)
    for (const [form, command] of forms) {
      const { code, stderr } = await runCli('skein', wordsOf(command), { SKEIN_HOST: '/nowhere/skein.sock' })
      assert.match(stderr, /\/nowhere\/skein\.sock/, `${form}: ${command}: ${stderr}`)
      assert.notEqual(code, 2, command)
    }
  })
})
