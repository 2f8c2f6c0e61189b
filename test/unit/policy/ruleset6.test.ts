import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import { parseIp } from '../../../src/model/ip.ts'
import { changeText, type Domain, elementsOf, loadText } from '../../../src/policy/index.ts'
import { allow, chainOf, compiled, deny, domainsOf, networkId, readable } from './compiled-scene.ts'
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
