import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, it } from 'mocha'
import { familyOf } from '../../../src/model/address-match.ts'
import { compileOutside, createBooks, noAddress6, type Outlet, verdict } from '../../../src/policy/index.ts'
import { judgedBy } from './outside-model.ts'
import { addressOf, deny, outlet, stateOf } from './outside-scene.ts'
import { policies, rules } from './random-rules.ts'
import { createScene, type Scene, type SceneRules } from './scene.ts'

/** What comes to the container, with rules named by their ids in place of the chains that they end in. */
function linesTo(scene: Scene, one: Outlet, side: 'receivers' | 'senders' = 'receivers'): string[] {
  const rules = compileOutside([one], createBooks(scene.view))
  const [chain] = [...rules[side].values()]
  const { table } = rules
  const ends = new Map(
    [...table.chains].filter(([name]) => name.startsWith('e_')).map(([name, lines]) => [name, lines[0] ?? '']),
  )
  const word = (end: string) => (ends.get(end)?.endsWith('drop') ? 'deny' : 'allow')
  const shown = (line: string) =>
    line.replace(/@(\w+)$/, (whole, name) => {
      const elements = [...(table.elements.get(name) ?? [])].sort()
      return elements.length === 0 ? whole : `{ ${elements.map(each => each.join(' : ')).join(', ')} }`
    })
  // the chain and those that it goes on with
  const linesOf = (name: string): string[] =>
    (table.chains.get(name) ?? []).flatMap(line => {
      const [, next] = /^goto (\w+_part\d+)$/.exec(line) ?? []
      return next ? linesOf(next) : [shown(line).replace(/goto (\w+)/g, (_, end: string) => word(end))]
    })
  return chain === undefined ? [] : linesOf(chain)
}

function scenes(rules: SceneRules[string]): Scene {
  return createScene({ db: { policies: ['p'] }, app: { policies: ['q'] }, free: {} }, { p: rules, q: { '9': deny } })
}

describe('policy: outside', () => {
  it('takes the rules of a container by its other address, best first, one lookup for those of one rank', () => {
    const scene = scenes({
      '1': deny,
      '2': { ...deny, action: 'allow', port: 80, priority: 10 },
      '3': { ...deny, action: 'allow', port: 81, priority: 10 },
      '4': { ...deny, fromIp: '203.0.113.0/24', priority: 20 },
    })
    assert.deepEqual(linesTo(scene, outlet(scene, '172.18.0.3', ['10.1.2.5', 'db'])), [
      'ct original ip saddr 203.0.113.0-203.0.113.255 ct protocol 6 deny',
      'ct protocol . ct reply proto-src vmap { 6 . 80 : allow, 6 . 81 : allow }',
      'ct protocol 6 deny',
    ])
  })

  it('leaves out what names a group or a network at the other end: who calls is nobody', () => {
    const scene = scenes({
      '1': { ...deny, fromGroup: 'app' },
      '2': { ...deny, fromNetwork: 'web' },
      '3': { ...deny, toIp: '10.1.2.9' },
      '4': { ...deny, toIp: '10.1.2.5', port: 22 },
      '5': { ...deny, direction: 'out', toGroup: 'app' },
      '6': { ...deny, direction: 'out', toIp: '198.51.100.1' },
    })
    const db = outlet(scene, '172.18.0.3', ['10.1.2.5', 'db'])
    assert.deepEqual(linesTo(scene, db), ['ct reply ip saddr 172.18.0.3 ct protocol 6 ct reply proto-src 22 deny'])
    assert.deepEqual(linesTo(scene, db, 'senders'), ['ct reply ip saddr 198.51.100.1 ct protocol 6 deny'])
  })

  it('takes the rules that speak of IPv6 for its address of that family, with ICMPv6 for icmp, and the same counters', () => {
    const scene = scenes({
      '1': { ...deny, port: 22 },
      '2': { ...deny, fromIp: '203.0.113.0/24', priority: 20 },
      '3': { ...deny, fromIp: '2001:db8::/32', priority: 20 },
      '4': { ...deny, fromIp: '2001:db8::7', toIp: 'fd00:6::5', priority: 30, port: 23 },
      '5': { ...deny, direction: 'out', protocol: 'icmp' },
    })
    const db = outlet(scene, 'fd00:ffff::3', ['fd00:6::5', 'db'])
    const shared = ['ct original ip6 saddr 2001:db8::-2001:db8:ffff:ffff:ffff:ffff:ffff:ffff ct protocol 6 deny']
    const last = 'ct protocol 6 ct reply proto-src 22 deny'
    assert.deepEqual(linesTo(scene, db), [
      'ct reply ip6 saddr fd00:ffff::3 ct original ip6 saddr 2001:db8::7 ct protocol 6 ct reply proto-src 23 deny',
      ...shared,
      last,
    ])
    assert.deepEqual(linesTo(scene, db, 'senders'), ['ct protocol 58 deny'])
    const plain: Outlet = { ...db, places: db.places.map(place => ({ ...place, ip: noAddress6 })) }
    assert.deepEqual(linesTo(scene, plain), [...shared, last], 'its network has no IPv6')
    const both = compileOutside([db, outlet(scene, '172.18.0.3', ['10.1.2.5', 'db'])], createBooks(scene.view))
    assert.deepEqual([...both.receivers.keys()], ['fd00:ffff::3', '172.18.0.3'])
    assert.equal(new Set(both.receivers.values()).size, 2)
    assert.equal(both.table.counters.size, 5)
  })

  it('judges a container in two groups by the rules of both, and one in none not at all', () => {
    const scene = scenes({ '1': { ...deny, port: 22 } })
    const rules = compileOutside(
      [
        outlet(scene, '172.18.0.3', ['10.1.2.5', 'db'], ['10.1.2.6', 'app']),
        outlet(scene, '172.18.0.4', ['10.1.2.7', 'free']),
        outlet(scene, '172.18.0.5', ['10.1.2.8']),
      ],
      createBooks(scene.view),
    )
    assert.deepEqual([...rules.receivers.keys()], ['172.18.0.3'])
    assert.equal(rules.table.counters.size, 2)
  })

  it('means what the verdict means for every flow from outside, over random rules', function () {
    this.timeout(30_000)
    const others = [
      '10.1.2.6',
      '10.1.3.5',
      '192.0.2.1',
      '10.1.2.5',
      'fd00:6::6',
      'fd00:6::9:1',
      '2001:db8::1',
      '9000::',
    ]
    const other = fc.constantFrom(...others)
    const what = fc.constantFrom([6, 80], [6, 82], [17, 81], [1, 0], [58, 0], [132, 0])
    fc.assert(
      fc.property(rules, fc.array(fc.tuple(other, what), { minLength: 6, maxLength: 6 }), (added, flows) => {
        const byPolicy = Object.fromEntries(
          policies.map(policy => [
            policy,
            Object.fromEntries(added.filter(each => each.policy === policy).map(({ id, rule }) => [id, rule])),
          ]),
        )
        const scene = createScene({ db: { policies }, app: {}, web: {} }, byPolicy, 'fd00:6::/64')
        const books = createBooks(scene.view)
        // two with the same rules: one list
        const containers = [
          { 4: ['172.18.0.3', '10.1.2.5'], 6: ['fd00::3', 'fd00:6::5'] },
          { 4: ['172.18.0.4', '10.1.2.7'], 6: ['fd00::4', 'fd00:6::7'] },
        ] as const
        const outlets = containers
          .flatMap(each => [each[4], each[6]])
          .map(([at, own]) => outlet(scene, at, [own, 'db']))
        const state = stateOf(outlets, books)
        for (const side of ['receivers', 'senders'] as const) {
          for (const [other, [protocol = 0, port = 0]] of flows) {
            const family = familyOf(addressOf(other))
            for (const { [family]: at } of containers) {
              const here = scene.party(at[1], 'db')
              const there = { ip: addressOf(other), network: undefined, group: undefined }
              const [src, dst] = side === 'receivers' ? [there, here] : [here, there]
              const expected = verdict(books('default'), { src, dst, protocol, port }).action
              const chain = state.elements.get(family === 4 ? side : `${side}6`)?.get(at[0])
              const bridged = addressOf(at[0])
              const [original, reply] = side === 'receivers' ? [there.ip, bridged] : [bridged, there.ip]
              const found = chain && judgedBy(state, chain.replace('jump ', ''), { original, reply, protocol, port })
              assert.equal(found ?? 'allow', expected, `${side}, ${other} ${at[0]} ${protocol}/${port}`)
            }
          }
        }
      }),
    )
  })
})
