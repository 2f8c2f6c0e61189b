import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import { createNetworkLeaves, removeNetworkLeaves } from '../../../src/crdt/acts.ts'
import {
  addRuleLeaves,
  createGroupLeaves,
  removeGroupLeaves,
  removePolicyLeaves,
} from '../../../src/crdt/object-acts.ts'
import { checkNetwork } from '../../../src/model/network.ts'
import { checkRule, type RuleRequest } from '../../../src/model/rule.ts'
import { type Party, readBook, verdict } from '../../../src/policy/index.ts'
import { registryOf } from '../crdt/writer.ts'
import { createScene, type Scene, type SceneRules } from './scene.ts'

const tcp = 6
const said = (scene: Scene, src: Party, dst: Party, protocol = tcp, port = 80) => {
  const { action, rule } = verdict(readBook(scene.view, 'default'), { src, dst, protocol, port })
  return rule ? `${action} by ${rule.policy} ${rule.id} ${rule.direction}` : action
}

/** Group `db` has policy `p`; what is asked is a flow from `web` members to it. */
function toDb(rules: SceneRules[string], groups = {}) {
  const scene = createScene({ db: { policies: ['p'] }, app: {}, ...groups }, { p: rules })
  const db = scene.party('10.1.2.9', 'db')
  return { scene, db, app: scene.party('10.1.2.5', 'app'), plain: scene.party('10.1.2.6') }
}

const deny: RuleRequest = { action: 'deny', protocol: 'tcp' }
const allow: RuleRequest = { action: 'allow', protocol: 'tcp' }

describe('policy: verdict', () => {
  it('I6: takes the higher priority, then the denial, then the lower id', () => {
    const { scene, db, plain } = toDb({
      '1': deny,
      '2': { ...allow, port: 8888, priority: 10 },
      '3': { ...deny, port: 443, priority: 20 },
      '10': { ...allow, port: 443, priority: 20 },
      '9': { ...deny, port: 443, priority: 20 },
    })
    assert.equal(said(scene, plain, db, tcp, 8888), 'allow by p 2 in')
    assert.equal(said(scene, plain, db, tcp, 8889), 'deny by p 1 in')
    assert.equal(said(scene, plain, db, tcp, 443), 'deny by p 3 in')
    assert.equal(said(scene, plain, db, 17, 53), 'allow')
  })

  it('knows groups and networks by the endpoint whatever the family, and addresses by their own alone', () => {
    const rules: SceneRules[string] = {
      '1': { action: 'deny', fromGroup: 'app', protocol: 'tcp' },
      '2': { action: 'deny', fromNetwork: 'web', protocol: 'udp' },
      '3': { action: 'deny', fromIp: '0.0.0.0-255.255.255.255', protocol: '132' },
      '4': { action: 'deny', fromIp: 'fd00:6::/64', protocol: '133' },
      '5': { action: 'deny', protocol: 'icmp' },
    }
    const scene = createScene({ db: { policies: ['p'] }, app: {} }, { p: rules }, 'fd00:6::/64')
    const both = (protocol: number, protocol6 = protocol) => [
      said(scene, scene.party('10.1.2.5', 'app'), scene.party('10.1.2.9', 'db'), protocol),
      said(scene, scene.party('fd00:6::5', 'app'), scene.party('fd00:6::9', 'db'), protocol6),
    ]
    assert.deepEqual(both(6), ['deny by p 1 in', 'deny by p 1 in'])
    assert.deepEqual(both(17), ['deny by p 2 in', 'deny by p 2 in'])
    assert.deepEqual(both(132), ['deny by p 3 in', 'allow'])
    assert.deepEqual(both(133), ['allow', 'deny by p 4 in'])
    assert.deepEqual(both(1, 58), ['deny by p 5 in', 'deny by p 5 in'])
    assert.deepEqual(both(58, 1), ['allow', 'allow'], 'of the other family')
  })

  it('orders ids as numbers before ids that are none', () => {
    const { scene, db, plain } = toDb({ '10': deny, '9': deny, '1a': deny })
    const ids = readBook(scene.view, 'default').rulesFor(scene.group('db'), 'in')
    assert.deepEqual(
      ids.map(rule => rule.id),
      ['9', '10', '1a'],
    )
    assert.equal(said(scene, plain, db), 'deny by p 9 in')
  })

  it('lets what no rule matches pass, and takes no rule of a group that is at neither end', () => {
    const { scene, plain, app } = toDb({ '1': { action: 'deny' } })
    assert.equal(said(scene, plain, app), 'allow')
    assert.equal(said(scene, scene.party('10.1.2.9', 'db'), app), 'allow', 'an in rule says nothing of what db sends')
  })

  it('weighs the receiver’s in rules and the sender’s out rules together', () => {
    const scene = createScene(
      { db: { policies: ['p'] }, app: { policies: ['q'] } },
      {
        p: { '1': { ...deny, priority: 5 } },
        q: {
          '1': { ...allow, direction: 'out', toGroup: 'db', port: 80, priority: 6 },
          '2': { ...deny, direction: 'out', priority: 1 },
        },
      },
    )
    const [app, db] = [scene.party('10.1.2.5', 'app'), scene.party('10.1.2.9', 'db')]
    assert.equal(said(scene, app, db, tcp, 80), 'allow by q 1 out')
    assert.equal(said(scene, app, db, tcp, 81), 'deny by p 1 in')
    assert.equal(said(scene, app, scene.party('10.1.2.6')), 'deny by q 2 out')
  })

  it('matches groups, networks, addresses, prefixes, ranges and protocol numbers, all that a rule gives', () => {
    const any: RuleRequest = { action: 'deny' }
    const cases: [RuleRequest, Record<'app' | 'plain' | 'outside', boolean>][] = [
      [
        { ...any, fromGroup: 'app' },
        { app: true, plain: false, outside: false },
      ],
      [
        { ...any, fromNetwork: 'web' },
        { app: true, plain: true, outside: false },
      ],
      [
        { ...any, fromNetwork: 'lan' },
        { app: false, plain: false, outside: false },
      ],
      [
        { ...any, fromIp: '10.1.2.6' },
        { app: false, plain: true, outside: false },
      ],
      [
        { ...any, fromIp: '192.0.2.0/24' },
        { app: false, plain: false, outside: true },
      ],
      [
        { ...any, fromIp: '10.1.2.4-6' },
        { app: true, plain: true, outside: false },
      ],
      [
        { ...any, fromGroup: 'app', fromIp: '10.1.2.6' },
        { app: false, plain: false, outside: false },
      ],
      [
        { ...any, toIp: '10.1.2.9' },
        { app: true, plain: true, outside: true },
      ],
      [
        { ...any, toIp: '10.1.2.10' },
        { app: false, plain: false, outside: false },
      ],
      [
        { ...any, protocol: '6' },
        { app: true, plain: true, outside: true },
      ],
      [
        { ...any, protocol: '132' },
        { app: false, plain: false, outside: false },
      ],
    ]
    for (const [rule, expected] of cases) {
      const { scene, db, app, plain } = toDb({ '1': rule })
      const senders = { app, plain, outside: scene.party('192.0.2.7') }
      for (const [name, isDenied] of Object.entries(expected)) {
        const sender = senders[name as keyof typeof senders]
        assert.equal(said(scene, sender, db), isDenied ? 'deny by p 1 in' : 'allow', `${JSON.stringify(rule)} ${name}`)
      }
    }
  })

  it('enforces both values that two sides of a split wrote under one id', () => {
    const { scene, db, plain } = toDb({})
    const { world, view } = scene
    const add = (rule: RuleRequest) => addRuleLeaves(view.objects, 'default', 'p', '5', checkRule(rule))
    world.at(1).write(add({ ...allow, port: 80, priority: 7 }))
    world.at(2).write(add(deny))
    const healed = { ...scene, view: registryOf(world.meshId, world.batches) }
    const second = healed.view.objects.ruleValues('default', 'p', '5')[1]?.shown
    assert.equal(said(healed, plain, db, tcp, 80), 'allow by p 5 in')
    assert.equal(said(healed, plain, db, tcp, 81), `deny by p ${second} in`)
  })

  it('lets a policy bind that was deleted while a group kept it, also a group that is being deleted itself', () => {
    const { scene, db, plain } = toDb({ '1': deny })
    const endpoint = { kind: 'endpoint', id: 'ee'.repeat(32), network: db.network ?? '', ip: db.own } as const
    scene.write(() => [
      {
        ...endpoint,
        mac: '02:02:0a:01:02:09',
        container: '',
        containerName: 'db1',
        aliases: [],
        group: db.group ?? '',
      },
    ])
    scene.write(view => removePolicyLeaves(view.objects, 'default', 'p'))
    assert.equal(scene.view.objects.policy('default', 'p')?.alive, false)
    assert.equal(said(scene, plain, db), 'deny by p 1 in')
    scene.write(view => removeGroupLeaves(view.objects, view.objects.group(db.group ?? '') as never))
    assert.equal(scene.view.objects.group(db.group ?? '')?.status, 'draining')
    assert.equal(said(scene, plain, db), 'deny by p 1 in')
  })

  it('means by a name in a deny both groups of that name, in an allow the one that bears it', () => {
    for (const [rule, other, expected] of [
      [{ ...deny, fromGroup: 'twin' }, 'allow', ['deny by p 1 in', 'deny by p 1 in']],
      [{ ...allow, fromGroup: 'twin', priority: 2 }, 'deny', ['allow by p 1 in', 'deny by p 2 in']],
    ] as const) {
      const { scene, db } = toDb({ '1': rule, '2': { action: other } })
      const { world, view } = scene
      const web = view.networkByName('default', 'web')?.id ?? ''
      const wish = { policies: [], profile: '' }
      const lan = view.networkByName('default', 'lan')?.id ?? ''
      world
        .at(1)
        .write(createGroupLeaves(view.objects, { tenant: 'default', name: 'twin', network: web, pool: '' }, wish))
      world
        .at(2)
        .write(createGroupLeaves(view.objects, { tenant: 'default', name: 'twin', network: lan, pool: '' }, wish))
      const healed = { ...scene, view: registryOf(world.meshId, world.batches) }
      const twins = healed.view.objects.groups('default').filter(group => group.bornName === 'twin')
      assert.equal(twins.length, 2)
      assert.deepEqual(
        twins.map(group => said(healed, { ...scene.party('10.1.2.5'), group: group.id }, db)),
        expected,
      )
    }
  })

  it('matches nothing with a rule whose group or network is gone, and matches again when the name is borne again', () => {
    const { scene, db } = toDb({ '1': { ...deny, fromNetwork: 'old' }, '2': { ...deny, fromGroup: 'old' } })
    const sender = (): Party => ({
      ...scene.party('10.9.9.1'),
      network: scene.view.networkByName('default', 'old')?.id,
    })
    assert.equal(said(scene, sender(), db), 'allow')
    const spec = checkNetwork({ tenant: 'default', name: 'old', subnet: '10.9.9.0/24' })
    scene.write(view => createNetworkLeaves(view, { tenant: 'default', name: 'old', spec }))
    assert.equal(said(scene, sender(), db), 'deny by p 1 in')
    scene.write(view => removeNetworkLeaves(view, view.networkByName('default', 'old')?.id ?? ''))
    assert.equal(said(scene, sender(), db), 'allow')
  })
})
