import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import { parseIp } from '../../../src/model/ip.ts'
import {
  changeText,
  compile,
  elementsOf,
  loadText,
  readBook,
  readListing,
  sameElements,
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
