import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, it } from 'mocha'
import { type Address, familyOf, parseAddress } from '../../../src/model/address-match.ts'
import type { RuleRequest } from '../../../src/model/rule.ts'
import {
  changeCommands,
  compileOutside,
  createBooks,
  noAddress6,
  type Outlet,
  outsideState,
  outsideTable,
  type TableState,
  verdict,
} from '../../../src/policy/index.ts'
import { policies, rules } from './random-rules.ts'
import { createScene, type Scene, type SceneRules } from './scene.ts'

const commandsOf = (before: TableState, after: TableState) => changeCommands(`inet ${outsideTable}`, before, after)

const deny: RuleRequest = { action: 'deny', protocol: 'tcp' }

const addressOf = (text: string) => parseAddress(text) as Address

const outlet = (scene: Scene, address: string, ...places: [ip: string, group?: string][]): Outlet => ({
  address: addressOf(address),
  places: places.map(([ip, group]) => ({
    tenant: 'default',
    ip: addressOf(ip),
    group: group === undefined ? undefined : scene.group(group),
  })),
})

/** What comes to the container, with rules named by their ids in place of the chains that they end in. */
function linesTo(scene: Scene, one: Outlet, side: 'receivers' | 'senders' = 'receivers'): string[] {
  const rules = compileOutside([one], createBooks(scene.view))
  const [chain] = [...rules[side].values()]
  const ends = new Map(
    rules.chains.filter(({ name }) => name.startsWith('e_')).map(({ name, lines }) => [name, lines[0] ?? '']),
  )
  const lines = rules.chains.find(({ name }) => name === chain)?.lines ?? []
  const word = (end: string) => (ends.get(end)?.endsWith('drop') ? 'deny' : 'allow')
  return lines.map(line => line.replace(/goto (\w+)/g, (_, end: string) => word(end)))
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
    assert.deepEqual(linesTo(scene, db), ['ct protocol 6 ct reply proto-src 22 deny'])
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
      'ct original ip6 saddr 2001:db8::7 ct protocol 6 ct reply proto-src 23 deny',
      ...shared,
      last,
    ])
    assert.deepEqual(linesTo(scene, db, 'senders'), ['ct protocol 58 deny'])
    const plain: Outlet = { ...db, places: db.places.map(place => ({ ...place, ip: noAddress6 })) }
    assert.deepEqual(linesTo(scene, plain), [...shared, last], 'its network has no IPv6')
    const both = compileOutside([db, outlet(scene, '172.18.0.3', ['10.1.2.5', 'db'])], createBooks(scene.view))
    assert.deepEqual([...both.receivers.keys()], ['fd00:ffff::3', '172.18.0.3'])
    assert.equal(new Set(both.receivers.values()).size, 2)
    assert.equal(both.counters.length, 5)
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
    assert.equal(rules.counters.length, 2)
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
        const book = createBooks(scene.view)('default')
        const own = { 4: '10.1.2.5', 6: 'fd00:6::5' }
        const one = { 4: outlet(scene, '172.18.0.3', [own[4], 'db']), 6: outlet(scene, 'fd00::3', [own[6], 'db']) }
        for (const side of ['receivers', 'senders'] as const) {
          const by = { 4: linesTo(scene, one[4], side), 6: linesTo(scene, one[6], side) }
          for (const [other, [protocol = 0, port = 0]] of flows) {
            const family = familyOf(addressOf(other))
            const lines = by[family]
            const here = scene.party(own[family], 'db')
            const there = { ip: addressOf(other), network: undefined, group: undefined }
            const [src, dst] = side === 'receivers' ? [there, here] : [here, there]
            const expected = verdict(book, { src, dst, protocol, port }).action
            assert.equal(
              first(lines, other, protocol, port),
              expected,
              `${side}, ${other} ${protocol}/${port}\n${lines.join('\n')}`,
            )
          }
        }
      }),
    )
  })

  it('changes the kernel by what differs, and keeps counters of rules that stay', () => {
    const scene = scenes({ '1': { ...deny, port: 22 } })
    const books = createBooks(scene.view)
    const state = (isStarting = false) =>
      outsideState({
        rules: compileOutside([outlet(scene, '172.18.0.3', ['10.1.2.5', 'db'])], books),
        ...{ known: ['172.18.0.3'], isStarting, bridge: 'docker_gwbridge' },
      })
    const before = state()
    assert.deepEqual(commandsOf(before, state()), [])
    const starting = commandsOf(before, state(true))
    assert.deepEqual(
      starting.map(line => line.split(' ').slice(0, 5).join(' ')),
      [
        'flush chain inet skein_outside starting',
        ...Array.from({ length: 4 }, () => 'add rule inet skein_outside starting'),
      ],
    )
    assert.equal(starting.filter(line => line.includes('saddr != @known6 drop')).length, 2, 'by IPv6, too')
    scene.addRule('p', '2', { ...deny, port: 23 })
    const commands = commandsOf(before, state())
    assert.equal(commands.filter(line => line.startsWith('delete counter')).length, 0)
    assert.equal(commands.filter(line => line.startsWith('add counter')).length, 1)
    assert.ok(!commands.some(line => line.includes('flush chain inet skein_outside judge')))
  })

  it('goes on from what an earlier version left, which judged IPv4 alone', () => {
    const scene = scenes({ '1': { ...deny, port: 22 } })
    const outlets = ['172.18.0.3', 'fd00::3'].map(each =>
      outlet(scene, each, [each.includes(':') ? '::' : '10.1.2.5', 'db']),
    )
    const rules = compileOutside(outlets, createBooks(scene.view))
    const known = ['172.18.0.3', 'fd00::3']
    const after = outsideState({ rules, known, isStarting: false, bridge: 'docker_gwbridge' })
    const ofIpv4 = ['receivers', 'senders', 'judged', 'known']
    const left = <T>(all: ReadonlyMap<string, T>) => new Map([...all].filter(([name]) => ofIpv4.includes(name)))
    const before = { ...after, maps: left(after.maps), elements: left(after.elements) }
    const commands = commandsOf(before, after)
    assert.deepEqual(
      commands.map(line => line.split(' ').slice(0, 5).join(' ')),
      [
        ...['map', 'map', 'set', 'set'].map((kind, at) => `add ${kind} inet skein_outside ${ofIpv4[at]}6`),
        ...['receivers6', 'judged6', 'known6'].map(name => `add element inet skein_outside ${name}`),
      ],
    )
    assert.ok(commands.includes('add element inet skein_outside known6 { fd00::3 }'))
  })
})

/** What the first line that matches says, as the kernel reads it. */
function first(lines: readonly string[], other: string, protocol: number, port: number): string {
  for (const line of lines) {
    const found = says(line, addressOf(other), protocol, port)
    if (found) return found
  }
  return 'allow'
}

function says(line: string, other: Address, protocol: number, port: number): string | undefined {
  const isIn = (text: string) => {
    const [low = '', high = low] = text.split('-')
    return other >= addressOf(low) && other <= addressOf(high)
  }
  const test = (words: string, value: string) =>
    words.endsWith('saddr') ? isIn(value) : Number(value) === (words === 'ct protocol' ? protocol : port)
  const map = /^(.*?)((?:ct [a-z6 -]+?(?: \. )?)+)vmap \{ (.*) \}$/.exec(line)
  const fixed = map ? line.slice(0, line.indexOf(' vmap')) : line
  const words = /ct (?:original ip6? saddr|reply ip6? saddr|protocol|reply proto-src)/g
  if (!map) {
    const tests = [
      ...line.matchAll(/(ct (?:original ip6? saddr|reply ip6? saddr|protocol|reply proto-src)) ([\da-f.:-]+)/g),
    ]
    return tests.every(([, what = '', value = '']) => test(what, value)) ? (line.split(' ').at(-1) ?? '') : undefined
  }
  const conditions = [...fixed.matchAll(/(ct (?:original ip6? saddr|reply ip6? saddr)) ([\da-f.:]+-[\da-f.:]+)/g)]
  if (!conditions.every(([, what = '', value = '']) => test(what, value))) return undefined
  const selector = fixed.replace(/^ct (?:original|reply) ip6? saddr [\da-f.:]+-[\da-f.:]+ /, '').match(words) ?? []
  for (const element of (map[3] ?? '').split(', ')) {
    const [key = '', end = ''] = element.split(' : ')
    if (key.split(' . ').every((value, at) => test(selector[at] ?? '', value))) return end
  }
  return undefined
}
