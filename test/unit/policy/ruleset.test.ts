import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import { counterName } from '../../../src/policy/index.ts'
import { allow, chainOf, compiled, deny, domainsOf, scenes } from './compiled-scene.ts'
import { createScene } from './scene.ts'

describe('policy: ruleset', () => {
  it('is one lookup for rules that differ in address, protocol and port alone, and of those that match the same the best', () => {
    const scene = scenes({
      '1': deny,
      '2': { ...allow, port: 8888 },
      '3': { ...allow, port: 53, protocol: 'udp' },
      '4': { ...deny, port: 8888, priority: 5 },
      '5': { ...allow, port: 22, fromIp: '10.1.2.5' },
      '6': { ...deny, port: 22, fromIp: '10.1.2.6' },
    })
    assert.deepEqual(chainOf(scene, 'db', 'receivers'), [
      'ct original ip saddr . ct protocol . ct reply proto-src vmap { 10.1.2.5 . 6 . 22 : jump m_5, 10.1.2.6 . 6 . 22 : jump m_10 }',
      'ct protocol 6 meta mark > 8 meta mark set 8',
      'ct protocol . ct reply proto-src vmap { 17 . 53 : jump m_3, 6 . 8888 : jump m_1 }',
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
      'ct protocol 6 meta mark > 8 meta mark set 8',
      'ct protocol 6 ct reply proto-src 1 meta mark > 6 meta mark set 6',
      'ct original ip saddr 10.1.2.6-10.1.2.7 jump LIST_8f5793f15d75',
      'ct reply ip saddr 10.1.2.9 ct original ip saddr 10.0.0.0-10.255.255.255 ct protocol 6 meta mark > 4 meta mark set 4',
      'ct zone 5 ct original ip saddr 10.1.2.0/24 ct protocol 6 ct reply proto-src 80 meta mark > 2 meta mark set 2',
      'ct zone . ct original ip saddr vmap @LIST_groups',
    ])
    assert.deepEqual(chainOf(scene, 'db', 'senders'), [
      'ct reply ip saddr 10.1.2.8 ct protocol 6 meta mark > 10 meta mark set 10',
      'ct zone 7 ct reply ip saddr 10.1.3.0/24 ct protocol 6 meta mark > 12 meta mark set 12',
      'ct zone . ct reply ip saddr vmap @LIST_groups',
    ])
    const { placements } = compiled(scene).leads
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
    assert.equal(compiled(scene, here).leads.placements.has(scene.group('far')), false)
  })

  it('gives groups with the same policies one chain, and a chain its name while rules come and go', () => {
    const scene = createScene(
      { db: { policies: ['p', 'q'] }, app: { policies: ['q', 'p'] }, web: { policies: ['q'] } },
      { p: { '1': deny }, q: { '1': { ...deny, direction: 'out' } } },
    )
    const before = compiled(scene).leads.placements
    assert.deepEqual(before.get(scene.group('db')), before.get(scene.group('app')))
    assert.deepEqual(Object.keys(before.get(scene.group('web')) ?? {}), ['senders'])
    scene.addRule('p', '2', allow)
    assert.deepEqual(compiled(scene).leads.placements.get(scene.group('db')), before.get(scene.group('db')))
  })

  it('names a counter for each rule, whatever the others are', () => {
    const scene = scenes({ '1': deny, '2': { ...allow, port: 8888 } })
    const [one] = scene.view.objects.ruleValues('default', 'p', '1')
    const [two] = scene.view.objects.ruleValues('default', 'p', '2')
    assert.ok(one && two)
    const names = [counterName('p', '2', two.hash), counterName('p', '1', one.hash)]
    assert.deepEqual([...compiled(scene).table.counters.keys()].sort(), names.sort())
  })
})
