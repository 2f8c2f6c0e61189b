import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import { parseIp } from '../../../src/model/ip.ts'
import {
  changeCommands,
  compile,
  elementsOf,
  joinedElements,
  memberElements,
  type Ruleset,
  readBook,
  readListing,
  sameElements,
  tableState,
  withElements,
} from '../../../src/policy/index.ts'
import { allow, compiled, deny, domainsOf, networkId, readable, scenes } from './compiled-scene.ts'
import type { Scene } from './scene.ts'

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

  const table = 'inet skein'
  /** As their rules win. */
  const countersOf = ({ table: { elements } }: Ruleset) =>
    [...(elements.get('counters') ?? [])].sort().map(([, counter]) => counter.replaceAll('"', ''))

  it('is one transaction that makes the table, whatever was there', () => {
    const made = scene()
    const ruleset = compiled(made)
    const state = tableState(ruleset, elementsOf(ruleset, members(made)), 77)
    const text = changeCommands(table, undefined, state).join('\n').replaceAll('inet skein', 'TABLE')
    const list = ruleset.leads.placements.get(made.group('db'))?.receivers ?? ''
    const [allowed, denied] = countersOf(ruleset)
    const expected = `add table TABLE
delete table TABLE
add table TABLE
add map TABLE counters { type mark : counter; }
add map TABLE LIST_groups { typeof ct zone . ct original ip saddr : verdict; }
add map TABLE receivers { typeof ct zone . ct reply ip saddr : verdict; }
add map TABLE senders { typeof ct zone . ct original ip saddr : verdict; }
add map TABLE zones { typeof iifname : ct zone; }
${[allowed, denied]
  .sort()
  .map(counter => `add counter TABLE ${counter}`)
  .join('\n')}
add chain TABLE forwarded { type filter hook forward priority filter; policy accept; }
add chain TABLE LIST
add chain TABLE LIST_gapp
add chain TABLE m_1
add chain TABLE m_2
add chain TABLE zoned { type filter hook prerouting priority raw; policy accept; }
add rule TABLE forwarded ct mark 77 accept
add rule TABLE forwarded ct state invalid counter drop
add rule TABLE forwarded meta nfproto ipv6 counter drop
add rule TABLE forwarded meta mark set 0xffffffff
add rule TABLE forwarded ct zone . ct reply ip saddr vmap @receivers
add rule TABLE forwarded ct zone . ct original ip saddr vmap @senders
add rule TABLE forwarded counter name meta mark map @counters
add rule TABLE forwarded meta mark & 1 == 0 drop
add rule TABLE forwarded meta mark set 0
add rule TABLE forwarded ct mark set 77 accept
add rule TABLE LIST ct protocol 6 ct reply proto-src 8888 meta mark > 1 meta mark set 1
add rule TABLE LIST ct zone . ct original ip saddr vmap @LIST_groups
add rule TABLE LIST_gapp ct protocol 6 meta mark > 2 meta mark set 2
add rule TABLE m_1 meta mark > 1 meta mark set 1
add rule TABLE m_2 meta mark > 2 meta mark set 2
add rule TABLE zoned ct zone set iifname map @zones
add element TABLE counters { 0x00000001 : "${allowed}", 0x00000002 : "${denied}" }
add element TABLE LIST_groups { 5 . 10.1.2.5 : jump LIST_gapp }
add element TABLE receivers { 5 . 10.1.2.9 : jump LIST }
add element TABLE zones { "skblan" : 7, "skbweb" : 5 }`
    assert.equal(readable(made, text, list, ruleset.marks), expected)
  })

  it('says a rule more among many by its own chain, counter and elements, and the new generation', () => {
    const made = scenes(Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`${n}`, { ...deny, port: 100 + n }])))
    const before = compiled(made)
    const loaded = tableState(before, elementsOf(before, members(made)), 77)
    made.addRule('p', 'more', { ...allow, port: 9999 })
    const after = compile(readBook(made.view, 'default'), domainsOf(made), before)
    const commands = changeCommands(table, loaded, tableState(after, elementsOf(after, members(made)), 78))
    const list = before.leads.placements.get(made.group('db'))?.receivers ?? ''
    const [counter] = [...after.table.counters.keys()].filter(name => !loaded.counters.has(name))
    const [key = ''] =
      [...(after.table.elements.get('counters') ?? [])].find(([, name]) => name === `"${counter}"`) ?? []
    const mark = Number(key)
    assert.deepEqual(
      commands.filter(command => !command.includes('forwarded')),
      [
        `add counter ${table} ${counter}`,
        `add chain ${table} m_${mark}`,
        `add rule ${table} m_${mark} meta mark > ${mark} meta mark set ${mark}`,
        `add element ${table} counters { ${key} : "${counter}" }`,
        `add element ${table} ${list}_pd { 6 . 9999 : jump m_${mark} }`,
      ],
    )
    assert.equal(commands.filter(command => command.startsWith('flush')).join(), `flush chain ${table} forwarded`)
    assert.ok(commands.includes(`add rule ${table} forwarded ct mark set 78 accept`))
  })

  it('takes the chains, maps and counters of what is gone away, after what leads to them', () => {
    const made = scenes({ '1': { ...deny, fromGroup: 'app' }, '2': { ...allow, port: 1 }, '3': { ...allow, port: 2 } })
    const before = compiled(made)
    const loaded = tableState(before, elementsOf(before, members(made)), 77)
    made.setPolicies('db', [])
    const after = compiled(made)
    const text = changeCommands(table, loaded, tableState(after, elementsOf(after, members(made)), 78)).join('\n')
    const list = before.leads.placements.get(made.group('db'))?.receivers ?? ''
    const order = [
      `flush chain ${table} ${list}`,
      `delete element ${table} receivers { 5 . 10.1.2.9 : jump`,
      `add rule ${table} forwarded ct mark set 78`,
      `delete chain ${table} ${list}`,
      `delete map ${table} ${list}_groups`,
      `delete map ${table} ${list}_pd`,
      `delete counter ${table} r_`,
    ].map(part => text.indexOf(part))
    assert.ok(order.every(at => at >= 0))
    assert.deepEqual(
      [...order].sort((a, b) => a - b),
      order,
    )
  })

  it('says another member by its element and a new generation, and nothing if there is nothing to say', () => {
    const made = scene()
    const ruleset = compiled(made)
    const loaded = tableState(ruleset, elementsOf(ruleset, members(made)), 77)
    assert.equal(withElements(loaded, elementsOf(ruleset, members(made)), 78), loaded)
    assert.deepEqual(changeCommands(table, loaded, loaded), [])
    const more = elementsOf(ruleset, members(made, [['10.1.2.6', 'app']]))
    const commands = changeCommands(table, loaded, withElements(loaded, more, 78))
    const others = commands.filter(command => !command.includes('forwarded'))
    assert.match(others.join('\n'), /^add element inet skein \w+_groups \{ 5 \. 10\.1\.2\.6 : jump \w+ \}$/)
    assert.ok(commands.includes(`add rule ${table} forwarded ct mark 78 accept`))
    assert.deepEqual(
      changeCommands(table, loaded, tableState(ruleset, more, 78)),
      commands,
      'the same as from all the rules',
    )
  })

  it('adds members to what an earlier run left, and neither rules nor chains, while not all is known (I5)', () => {
    const made = scenes({ '1': { ...deny, fromGroup: 'app' }, '2': { ...allow, port: 1 }, '3': { ...allow, port: 2 } })
    const ruleset = compiled(made)
    const left = tableState(ruleset, elementsOf(ruleset, members(made)), 77)
    made.addRule('p', '4', { ...allow, port: 3 })
    made.setPolicies('app', ['p'])
    const known = compile(readBook(made.view, 'default'), domainsOf(made), ruleset)
    const wanted = memberElements(known, members(made, [['10.1.2.6', 'app']]))
    const commands = changeCommands(table, left, withElements(left, joinedElements(left, wanted), 78))
    const list = ruleset.leads.placements.get(made.group('db'))?.receivers ?? ''
    assert.deepEqual(
      commands.filter(command => !command.includes('forwarded')),
      [
        `add element ${table} ${list}_groups { 5 . 10.1.2.6 : jump ${list}_g${made.group('app').slice(0, 16)} }`,
        `add element ${table} receivers { 5 . 10.1.2.5 : jump ${list}, 5 . 10.1.2.6 : jump ${list} }`,
      ],
    )
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
