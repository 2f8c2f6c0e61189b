import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import { parseIp } from '../../../src/model/ip.ts'
import { changeCommands, type Domain, elementsOf, tableState, withElements } from '../../../src/policy/index.ts'
import { allow, chainOf, compiled, deny, domainsOf, linesOf, networkId } from './compiled-scene.ts'
import { createScene, type Scene, type SceneRules } from './scene.ts'

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
    const ruleset = compiled(scene, domains(scene))
    return linesOf(scene, ruleset, ruleset.leads.placements6.get(scene.group('db'))?.[side])
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
      'ct protocol vmap { 58 : jump m_10, 6 : jump m_4 }',
      'ct reply ip6 saddr fd00:6::9-fd00:6::b ct original ip6 saddr fd00:7::-fd00:7:0:ffff:ffff:ffff:ffff:ffff meta mark > 12 meta mark set 12',
      'ct zone 5 ct original ip6 saddr fd00:6::/64 ct protocol 6 ct reply proto-src 81 meta mark > 6 meta mark set 6',
      'ct zone . ct original ip6 saddr vmap @LIST_groups',
    ])
    assert.ok(!chainOf(scene, 'db', 'receivers', domains(scene)).join('\n').includes('ip6'))
  })

  it('is the same for IPv4 as without IPv6', () => {
    const [scene, plain] = [dual(rules), createScene({ db: { policies: ['p'] }, app: {} }, { p: rules })]
    assert.deepEqual(chainOf(scene, 'db', 'receivers', domains(scene)), chainOf(plain, 'db', 'receivers'))
    const before = compiled(plain)
    assert.deepEqual([before.leads.placements6.size, before.leads.maps.has('carrying6')], [0, false])
    assert.ok(!JSON.stringify([...before.table.chains]).includes('6_'))
  })

  it('knows members by both addresses, lets IPv6 in by the bridges of networks that have it, and counts both alike', () => {
    const scene = dual({ '1': deny, '8': { ...deny, fromGroup: 'app' } })
    const ruleset = compiled(scene, domains(scene))
    const elements = elementsOf(ruleset, members(scene))
    assert.deepEqual([...(elements.get('carrying6') ?? [])], [['"skbweb"', 'goto judge6']])
    assert.deepEqual([...(elements.get('receivers6')?.keys() ?? [])], ['5 . fd00:6::9'])
    assert.deepEqual([...(elements.get('receivers')?.keys() ?? [])], ['5 . 10.1.2.9', '7 . 10.1.3.7'])
    const list = ruleset.leads.placements6.get(scene.group('db'))?.receivers
    assert.deepEqual([...(elements.get(`${list}_groups`)?.keys() ?? [])], ['5 . fd00:6::5'])
    assert.equal(ruleset.table.counters.size, 2)
  })

  it('leaves out the IPv6 address of a member that has none: records say any IPv4 address', () => {
    const scene = dual({ '1': deny })
    const ruleset = compiled(scene, domains(scene))
    const stray = new Map([[parseIp('10.9.9.9') as number, scene.group('db')]])
    const elements = elementsOf(ruleset, network => (network === networkId(scene, 'web') ? stray : new Map()))
    assert.deepEqual([...(elements.get('receivers6') ?? [])], [])
    assert.equal(elements.get('receivers')?.size, 1)
  })

  it('judges both families by the new generation when a member leaves', () => {
    const scene = dual({ '1': deny })
    const ruleset = compiled(scene, domains(scene))
    const loaded = tableState(ruleset, elementsOf(ruleset, members(scene)), 77)
    const lines = loaded.chains.get('forwarded') ?? []
    assert.equal(
      lines.indexOf('meta nfproto ipv6 iifname vmap @carrying6') + 1,
      lines.indexOf('meta nfproto ipv6 counter drop'),
    )
    const nobody = elementsOf(ruleset, () => new Map())
    const commands = changeCommands('inet skein', loaded, withElements(loaded, nobody, 78))
    assert.equal(commands.filter(command => command.endsWith('ct mark set 78 accept')).length, 2)
    assert.deepEqual(commands.slice(0, 2), ['flush chain inet skein forwarded', 'flush chain inet skein judge6'])
    assert.match(commands[2] ?? '', /^delete element /)
  })

  it('takes all that is of IPv6 away with the last network that has it', () => {
    const scene = dual({ '1': { ...deny, fromGroup: 'app' } })
    const before = compiled(scene, domains(scene))
    const loaded = tableState(before, elementsOf(before, members(scene)), 77)
    const after = compiled(scene, domains(scene).slice(1))
    const commands = changeCommands('inet skein', loaded, tableState(after, elementsOf(after, members(scene)), 78))
    const gone = ['map inet skein carrying6', 'map inet skein receivers6', 'chain inet skein judge6']
    for (const name of gone) assert.ok(commands.includes(`delete ${name}`), name)
    const emptied = commands.findIndex(command => command.startsWith('delete element inet skein carrying6'))
    assert.ok(emptied >= 0 && emptied < commands.indexOf('delete chain inet skein judge6'))
  })
})
