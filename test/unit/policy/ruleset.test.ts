import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import { parseIp } from '../../../src/model/ip.ts'
import type { RuleRequest } from '../../../src/model/rule.ts'
import {
  changeText,
  compile,
  counterName,
  type Domain,
  elementsOf,
  loadText,
  type Marks,
  readBook,
  readListing,
  sameElements,
} from '../../../src/policy/index.ts'
import { createScene, type Scene, type SceneRules } from './scene.ts'

const deny: RuleRequest = { action: 'deny', protocol: 'tcp' }
const allow: RuleRequest = { action: 'allow', protocol: 'tcp', priority: 10 }

function networkId(scene: Scene, name: string): string {
  return scene.view.networkByName('default', name)?.id ?? ''
}

/** Both networks here, each in a zone of its own. */
function domainsOf(scene: Scene): Domain[] {
  return [
    { zone: 5, networks: [networkId(scene, 'web')], devices: ['skbweb'] },
    { zone: 7, networks: [networkId(scene, 'lan')], devices: ['skblan'] },
  ]
}

function compiled(scene: Scene, domains = domainsOf(scene)) {
  return compile(readBook(scene.view, 'default'), domains)
}

/** The chain that judges what comes to (or from) the group, with readable names for those of groups. */
function chainOf(scene: Scene, group: string, side: 'receivers' | 'senders', domains = domainsOf(scene)): string[] {
  const { chains, placements, marks } = compiled(scene, domains)
  const name = placements.get(scene.group(group))?.[side]
  const parts = chains.filter(chain => chain.name === name || chain.name.startsWith(`${name}_`))
  return parts.flatMap(({ lines }) => lines).map(line => readable(scene, line, name, marks))
}

/** `marks`: shown as if the rules were numbered without gaps. */
function readable(scene: Scene, line: string, name = '', marks: Marks = new Map()): string {
  const groups = scene.view.objects.groups('default')
  const named = groups.reduce((text, { id, name }) => text.replaceAll(id.slice(0, 16), name), line)
  const dense = new Map([...marks.values()].map((mark, at) => [mark, 2 * at + (mark & 1)]))
  const numbered = named
    .replace(/(mark > |mark set |m_)(\d+)/g, (whole, words, mark) =>
      dense.has(Number(mark)) ? `${words}${dense.get(Number(mark))}` : whole,
    )
    .replace(
      /0x([0-9a-f]{8}) :/g,
      (_, mark) => `0x${(dense.get(Number.parseInt(mark, 16)) ?? 0).toString(16).padStart(8, '0')} :`,
    )
  return name === '' ? numbered : numbered.replaceAll(name, 'LIST')
}

function scenes(rules: SceneRules[string], group: object = { policies: ['p'] }): Scene {
  return createScene({ db: group, app: {}, far: { network: 'lan' } }, { p: rules })
}

describe('policy: ruleset', () => {
  it('is one lookup for rules that differ in address, protocol and port alone, best first', () => {
    const scene = scenes({
      '1': deny,
      '2': { ...allow, port: 8888 },
      '3': { ...allow, port: 53, protocol: 'udp' },
      '4': { ...deny, port: 8888, priority: 5 },
      '5': { ...allow, port: 22, fromIp: '10.1.2.5' },
      '6': { ...deny, port: 22, fromIp: '10.1.2.6' },
    })
    assert.deepEqual(chainOf(scene, 'db', 'receivers'), [
      'ct protocol . ct reply proto-src vmap { 6 . 8888 : jump m_1, 17 . 53 : jump m_3 }',
      'ct original ip saddr . ct protocol . ct reply proto-src vmap { 10.1.2.5 . 6 . 22 : jump m_5, 10.1.2.6 . 6 . 22 : jump m_10 }',
      'ct protocol 6 meta mark > 8 meta mark set 8',
    ])
  })

  it('compares groups, networks, prefixes and ranges with the end that a rule means', () => {
    const scene = scenes({
      '1': { ...deny, fromGroup: 'app' },
      '2': { ...deny, fromNetwork: 'web', port: 80 },
      '3': { ...deny, fromIp: '10.0.0.0/8', toIp: '10.1.2.9' },
      '4': { ...deny, fromIp: '10.1.2.6-10.1.2.7', port: 1 },
      '5': { ...deny, fromIp: '10.1.2.6-10.1.2.7' },
      '6': { ...deny, direction: 'out', toGroup: 'app', toIp: '10.1.2.8' },
      '7': { ...deny, direction: 'out', toNetwork: 'lan' },
    })
    assert.deepEqual(chainOf(scene, 'db', 'receivers'), [
      'ct protocol 6 meta mark > 0 meta mark set 0',
      'ct protocol 6 ct reply proto-src 1 meta mark > 6 meta mark set 6',
      'ct protocol 6 meta mark > 8 meta mark set 8',
      'ct zone 5 ct original ip saddr 10.1.2.0/24 ct protocol 6 ct reply proto-src 80 meta mark > 2 meta mark set 2',
      'ct reply ip saddr 10.1.2.9 ct original ip saddr 10.0.0.0-10.255.255.255 ct protocol 6 meta mark > 4 meta mark set 4',
      'ct original ip saddr 10.1.2.6-10.1.2.7 jump LIST_0',
      'ct zone . ct original ip saddr vmap @LIST_groups',
    ])
    assert.deepEqual(chainOf(scene, 'db', 'senders'), [
      'ct reply ip saddr 10.1.2.8 ct protocol 6 meta mark > 10 meta mark set 10',
      'ct zone 7 ct reply ip saddr 10.1.3.0/24 ct protocol 6 meta mark > 12 meta mark set 12',
      'ct zone . ct reply ip saddr vmap @LIST_groups',
    ])
    const { placements } = compiled(scene)
    assert.deepEqual(
      placements.get(scene.group('app'))?.named?.map(({ map }) => map.split('_')[0]),
      ['in', 'out'],
    )
  })

  it('leaves out what cannot be met: groups and networks of no bridge of this host, names that nobody bears', () => {
    const scene = scenes({
      '1': { ...deny, fromGroup: 'far' },
      '2': { ...deny, fromNetwork: 'lan' },
      '3': { ...deny, fromGroup: 'nobody' },
      '4': { ...deny, port: 1 },
    })
    const here = domainsOf(scene).slice(0, 1)
    assert.deepEqual(chainOf(scene, 'db', 'receivers', here), [
      'ct protocol 6 ct reply proto-src 1 meta mark > 6 meta mark set 6',
    ])
    assert.equal(compiled(scene, here).placements.has(scene.group('far')), false)
  })

  it('gives groups with the same policies one chain, and a chain its name while rules come and go', () => {
    const scene = createScene(
      { db: { policies: ['p', 'q'] }, app: { policies: ['q', 'p'] }, web: { policies: ['q'] } },
      { p: { '1': deny }, q: { '1': { ...deny, direction: 'out' } } },
    )
    const before = compiled(scene).placements
    assert.deepEqual(before.get(scene.group('db')), before.get(scene.group('app')))
    assert.deepEqual(Object.keys(before.get(scene.group('web')) ?? {}), ['senders'])
    scene.addRule('p', '2', allow)
    assert.deepEqual(compiled(scene).placements.get(scene.group('db')), before.get(scene.group('db')))
  })

  it('names a counter for each rule, whatever the others are', () => {
    const scene = scenes({ '1': deny, '2': { ...allow, port: 8888 } })
    const [one] = scene.view.objects.ruleValues('default', 'p', '1')
    const [two] = scene.view.objects.ruleValues('default', 'p', '2')
    assert.ok(one && two)
    const names = [counterName('p', '2', two.hash), counterName('p', '1', one.hash)]
    assert.deepEqual([...compiled(scene).counters.values()], names)
  })
})

describe('policy: ruleset of networks with IPv6', () => {
  const web6 = 'fd00:6::/64'
  const dual = (rules: SceneRules[string]) =>
    createScene({ db: { policies: ['p'] }, app: {}, far: { network: 'lan', policies: ['p'] } }, { p: rules }, web6)
  const domains = (scene: Scene): Domain[] =>
    domainsOf(scene).map(domain => ({ ...domain, devices6: domain.devices.filter(name => name === 'skbweb') }))
  const members = (scene: Scene) => {
    const of = (ip: string, group: string) => new Map([[parseIp(ip) as number, scene.group(group)]])
    const here = new Map([...of('10.1.2.9', 'db'), ...of('10.1.2.5', 'app')])
    return (network: string) => (network === networkId(scene, 'web') ? here : of('10.1.3.7', 'far'))
  }
  const chain6 = (scene: Scene, side: 'receivers' | 'senders' = 'receivers') => {
    const { chains, placements6, marks } = compiled(scene, domains(scene))
    const name = placements6.get(scene.group('db'))?.[side]
    const parts = chains.filter(chain => chain.name === name || chain.name.startsWith(`${name}_`))
    return parts.flatMap(({ lines }) => lines).map(line => readable(scene, line, name, marks))
  }
  const rules: SceneRules[string] = {
    '1': deny,
    '2': { ...allow, fromIp: 'fd00:6::5', port: 80 },
    '3': { ...allow, fromIp: '10.1.2.5', port: 80 },
    '4': { ...deny, fromNetwork: 'web', port: 81 },
    '5': { ...deny, fromNetwork: 'lan', port: 82 },
    '6': { action: 'deny', protocol: 'icmp' },
    '7': { action: 'deny', fromIp: 'fd00:7::/48', toIp: 'fd00:6::9-fd00:6::b' },
    '8': { ...deny, fromGroup: 'app', port: 83 },
  }

  it('has a chain for each family, with the rules that speak of it, and the same marks in both', () => {
    const scene = dual(rules)
    assert.deepEqual(chain6(scene), [
      'ct protocol 6 ct reply proto-src 83 meta mark > 14 meta mark set 14',
      'ct original ip6 saddr fd00:6::5 ct protocol 6 ct reply proto-src 80 meta mark > 1 meta mark set 1',
      'ct protocol vmap { 6 : jump m_4, 58 : jump m_10 }',
      'ct zone 5 ct original ip6 saddr fd00:6::/64 ct protocol 6 ct reply proto-src 81 meta mark > 6 meta mark set 6',
      'ct reply ip6 saddr fd00:6::9-fd00:6::b ct original ip6 saddr fd00:7::-fd00:7:0:ffff:ffff:ffff:ffff:ffff meta mark > 12 meta mark set 12',
      'ct zone . ct original ip6 saddr vmap @LIST_groups',
    ])
    assert.ok(!chainOf(scene, 'db', 'receivers', domains(scene)).join('\n').includes('ip6'))
  })

  it('is the same for IPv4 as without IPv6', () => {
    const [scene, plain] = [dual(rules), createScene({ db: { policies: ['p'] }, app: {} }, { p: rules })]
    assert.deepEqual(chainOf(scene, 'db', 'receivers', domains(scene)), chainOf(plain, 'db', 'receivers'))
    const before = compiled(plain)
    assert.deepEqual([before.placements6.size, before.maps.has('carrying6')], [0, false])
    assert.ok(!JSON.stringify(before.chains).includes('6_'))
  })

  it('knows members by both addresses, lets IPv6 in by the bridges of networks that have it, and counts both alike', () => {
    const scene = dual({ '1': deny, '8': { ...deny, fromGroup: 'app' } })
    const ruleset = compiled(scene, domains(scene))
    const elements = elementsOf(ruleset, members(scene))
    assert.deepEqual([...(elements.get('carrying6') ?? [])], [['"skbweb"', 'goto judge6']])
    assert.deepEqual([...(elements.get('receivers6')?.keys() ?? [])], ['5 . fd00:6::9'])
    assert.deepEqual([...(elements.get('receivers')?.keys() ?? [])], ['5 . 10.1.2.9', '7 . 10.1.3.7'])
    const list = ruleset.placements6.get(scene.group('db'))?.receivers
    assert.deepEqual([...(elements.get(`${list}_groups`)?.keys() ?? [])], ['5 . fd00:6::5'])
    assert.equal(ruleset.counters.size, 2)
  })

  it('leaves out the IPv6 address of a member that has none: records say any IPv4 address', () => {
    const scene = dual({ '1': deny })
    const ruleset = compiled(scene, domains(scene))
    const stray = new Map([[parseIp('10.9.9.9') as number, scene.group('db')]])
    const elements = elementsOf(ruleset, network => (network === networkId(scene, 'web') ? stray : new Map()))
    assert.deepEqual([...(elements.get('receivers6') ?? [])], [])
    assert.equal(elements.get('receivers')?.size, 1)
  })

  it('says another member in one line that judges both families by the new generation', () => {
    const scene = dual({ '1': deny })
    const ruleset = compiled(scene, domains(scene))
    const { text, loaded } = loadText(ruleset, elementsOf(ruleset, members(scene)), 77, undefined)
    assert.match(text, /meta nfproto ipv6 iifname vmap @carrying6\n {4}meta nfproto ipv6 counter drop\n/)
    const { line = '' } =
      changeText(
        loaded,
        elementsOf(ruleset, () => new Map()),
        78,
      ) ?? {}
    assert.equal(line.match(/ct mark set 78 accept/g)?.length, 2)
    assert.match(line, /^flush chain inet skein judge6; flush chain inet skein forwarded; delete element /)
    assert.ok(!line.includes('\n'))
  })

  it('takes all that is of IPv6 away with the last network that has it', () => {
    const scene = dual({ '1': { ...deny, fromGroup: 'app' } })
    const before = compiled(scene, domains(scene))
    const { loaded } = loadText(before, elementsOf(before, members(scene)), 77, undefined)
    const after = compiled(scene, domains(scene).slice(1))
    const { text } = loadText(after, elementsOf(after, members(scene)), 78, loaded)
    const gone = ['map inet skein carrying6', 'map inet skein receivers6', 'chain inet skein judge6']
    for (const name of gone) assert.ok(text.includes(`delete ${name}\n`), name)
    assert.ok(text.indexOf('delete element inet skein carrying6') < text.indexOf('delete chain inet skein judge6'))
  })
})

describe('policy: text of the table', () => {
  const members = (scene: Scene, extra: [string, string][] = []) => {
    const of = new Map(
      [['10.1.2.9', 'db'], ['10.1.2.5', 'app'], ...extra].map(([ip, group]) => [
        parseIp(ip as string) as number,
        scene.group(group as string),
      ]),
    )
    return (network: string) => (network === networkId(scene, 'web') ? of : new Map<number, string>())
  }
  const scene = () => scenes({ '1': { ...deny, fromGroup: 'app' }, '2': { ...allow, port: 8888 } })

  it('is one transaction that makes the table, whatever was there', () => {
    const made = scene()
    const ruleset = compiled(made)
    const { text } = loadText(ruleset, elementsOf(ruleset, members(made)), 77, undefined)
    const list = ruleset.placements.get(made.group('db'))?.receivers ?? ''
    const [allowed, denied] = [...ruleset.counters.values()]
    const expected = `table inet skein
delete table inet skein
table inet skein {
  counter ${allowed} { }
  counter ${denied} { }
  map zones { typeof iifname : ct zone; }
  map receivers { typeof ct zone . ct reply ip saddr : verdict; }
  map senders { typeof ct zone . ct original ip saddr : verdict; }
  map counters { type mark : counter; }
  map LIST_groups { typeof ct zone . ct original ip saddr : verdict; }
  chain m_1 {
    meta mark > 1 meta mark set 1
  }
  chain m_2 {
    meta mark > 2 meta mark set 2
  }
  chain LIST_gapp {
    ct protocol 6 meta mark > 2 meta mark set 2
  }
  chain LIST {
    ct protocol 6 ct reply proto-src 8888 meta mark > 1 meta mark set 1
    ct zone . ct original ip saddr vmap @LIST_groups
  }
  chain zoned {
    type filter hook prerouting priority raw; policy accept;
    ct zone set iifname map @zones
  }
  chain forwarded {
    type filter hook forward priority filter; policy accept;
    ct mark 77 accept
    ct state invalid counter drop
    meta nfproto ipv6 counter drop
    meta mark set 0xffffffff
    ct zone . ct reply ip saddr vmap @receivers
    ct zone . ct original ip saddr vmap @senders
    counter name meta mark map @counters
    meta mark & 1 == 0 drop
    meta mark set 0
    ct mark set 77 accept
  }
}
add element inet skein zones { "skbweb" : 5, "skblan" : 7 }
add element inet skein receivers { 5 . 10.1.2.9 : jump LIST }
add element inet skein counters { 0x00000001 : "${allowed}", 0x00000002 : "${denied}" }
add element inet skein LIST_groups { 5 . 10.1.2.5 : jump LIST_gapp }
`
    assert.equal(readable(made, text, list, ruleset.marks), expected)
  })

  it('changes in place what differs, and keeps the counters of rules that stay', () => {
    const made = scene()
    const before = compiled(made)
    const { loaded } = loadText(before, elementsOf(before, members(made)), 77, undefined)
    made.addRule('p', '3', { ...allow, port: 9999, priority: 1 })
    const after = compile(readBook(made.view, 'default'), domainsOf(made), before.marks)
    const { text } = loadText(after, elementsOf(after, members(made)), 78, loaded)
    const [first, second] = [...before.counters.values()]
    const added = [...after.counters.values()].find(name => name !== first && name !== second)
    assert.ok(!text.includes(`counter ${first}`) && !text.includes('delete counter') && !text.includes('delete table'))
    assert.ok(text.includes(`counter ${added} { }`))
    assert.ok(!text.includes('map zones') && !text.includes('element inet skein receivers'), 'members are as they were')
    assert.match(text, /flush chain inet skein forwarded\n/)
    assert.equal(text.match(/chain m_\d+ \{/g)?.length, 1, 'marks of rules that stay are as they were')
  })

  it('takes the chains, maps and counters of what is gone away, after what leads to them', () => {
    const made = scene()
    const before = compiled(made)
    const { loaded } = loadText(before, elementsOf(before, members(made)), 77, undefined)
    made.setPolicies('db', [])
    const after = compiled(made)
    const { text } = loadText(after, elementsOf(after, members(made)), 78, loaded)
    const list = before.placements.get(made.group('db'))?.receivers ?? ''
    const order = [
      `flush chain inet skein ${list}`,
      'delete element inet skein receivers { 5 . 10.1.2.9 : jump',
      `delete chain inet skein ${list}`,
      `delete map inet skein ${list}_groups`,
      'delete counter inet skein r_',
      'chain forwarded {',
    ].map(part => text.indexOf(part))
    assert.ok(order.every(at => at >= 0))
    assert.deepEqual(
      [...order].sort((a, b) => a - b),
      order,
    )
  })

  it('says another member in one line, with a new generation, and nothing if there is nothing to say', () => {
    const made = scene()
    const ruleset = compiled(made)
    const { loaded } = loadText(ruleset, elementsOf(ruleset, members(made)), 77, undefined)
    assert.equal(changeText(loaded, elementsOf(ruleset, members(made)), 78), undefined)
    const { line = '' } = changeText(loaded, elementsOf(ruleset, members(made, [['10.1.2.6', 'app']])), 78) ?? {}
    assert.ok(!line.includes('\n'))
    assert.match(
      line,
      /^flush chain inet skein forwarded; add element inet skein \w+_groups \{ 5 \. 10\.1\.2\.6 : jump \w+ \}; add rule/,
    )
    assert.match(line, /ct mark 78 accept; .*; add rule inet skein forwarded ct mark set 78 accept$/)
  })
})

describe('policy: listing of the table', () => {
  const listing = `table inet skein {
	counter r_1 {
	}

	map zones {
		typeof iifname : ct zone
		elements = { "skbaaaaaaaaaaaa" : 5 }
	}

	set group_a {
		typeof ct zone . ct original ip saddr
		elements = { 5 . 10.1.1.1,
			     5 . 10.1.1.2 }
	}

	map receivers {
		typeof ct zone . ct reply ip saddr : verdict
	}

	chain in_a {
		ct protocol . ct reply proto-src vmap { udp . 53 : jump m_1, tcp . 80 : jump m_2 }
	}

	chain forwarded {
		type filter hook forward priority filter; policy accept;
		ct mark 0x0000004d accept
		ct mark set 0x0000004d accept
	}
}
`
  it('tells names, elements and the generation', () => {
    const read = readListing(listing)
    assert.deepEqual(read.chains, ['in_a', 'forwarded'])
    assert.deepEqual(read.maps, ['group_a'])
    assert.deepEqual(read.counters, ['r_1'])
    assert.equal(read.generation, 77)
    assert.deepEqual(read.elements.get('zones'), new Map([['"skbaaaaaaaaaaaa"', '5']]))
    assert.deepEqual([...(read.elements.get('group_a')?.keys() ?? [])], ['5 . 10.1.1.1', '5 . 10.1.1.2'])
    assert.equal(read.elements.get('receivers')?.size, 0)
  })

  it('has the same rules with the first element of a set, and without the last', () => {
    const first = `typeof ct zone . ct reply ip saddr : verdict\n\t\telements = { 5 . 10.1.1.1 : jump in_a }\n`
    const other = listing.replace('typeof ct zone . ct reply ip saddr : verdict\n', first)
    assert.notEqual(other, listing)
    assert.equal(readListing(other).rules, readListing(listing).rules)
    assert.deepEqual(readListing(other).elements.get('receivers'), new Map([['5 . 10.1.1.1', 'jump in_a']]))
  })

  it('has the same rules with other elements and another generation, and others if a rule is another', () => {
    const other = listing.replaceAll('0000004d', '0000004e').replace('5 . 10.1.1.1,', '5 . 10.1.1.9,')
    assert.equal(readListing(other).rules, readListing(listing).rules)
    assert.ok(!sameElements(readListing(other).elements, readListing(listing).elements))
    assert.notEqual(readListing(listing.replace('tcp . 80', 'tcp . 81')).rules, readListing(listing).rules)
  })
})
