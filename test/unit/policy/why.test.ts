import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import { createNetworkLeaves } from '../../../src/crdt/acts.ts'
import { createGroupLeaves } from '../../../src/crdt/object-acts.ts'
import { macOf } from '../../../src/model/ip.ts'
import { checkNetwork } from '../../../src/model/network.ts'
import type { Answer } from '../../../src/policy/index.ts'
import { createWhyScene, idDigits } from './why-scene.ts'
import { deciding, only, tutorial } from './why-tutorial.ts'

describe('policy: why', () => {
  it('tells the deciding rule, the hosts, and the command that turns it round', () => {
    const scene = tutorial()
    const answer = scene.ask('c1', 'db1', 'tcp/80')
    assert.equal(answer.passes, 'no')
    assert.deepEqual(deciding(answer), ['deny p 1'])
    const { kind, decidedOn, judgedOn, change } = only(answer)
    assert.equal(kind, 'network')
    assert.deepEqual([decidedOn, judgedOn], [[scene.world.at(1).key], [scene.world.at(2).key]])
    const command =
      'skein policy rule-add p 3 --priority=2 --direction=in --from-ip-address=10.1.2.3 --to-ip-address=10.1.2.9 --protocol=tcp --port=80 --action=allow'
    assert.deepEqual(change, { action: 'allow', commands: [command], remedy: '' })
    scene.type(command)
    assert.equal(scene.ask('c1', 'db1', 'tcp/80').passes, 'yes')
    assert.equal(scene.ask('c1', 'db2', 'tcp/80').passes, 'no', 'nothing else changes')
  })

  it('tells what passes by a rule, and by none', () => {
    const scene = tutorial()
    const allowed = scene.ask('c1', 'db1', 'tcp/8888')
    assert.deepEqual([allowed.passes, ...deciding(allowed)], ['yes', 'allow p 2'])
    assert.match(only(allowed).change?.commands[0] ?? '', / p 3 --priority=10 .*--port=8888 --action=deny$/)
    const free = scene.ask('c1', 'db1', 'icmp')
    assert.deepEqual([free.passes, ...deciding(free)], ['yes', 'allow -'])
  })

  it('tells of a whole protocol which ports differ', () => {
    const answer = tutorial().ask('c1', 'db1', 'tcp')
    assert.deepEqual([answer.passes, ...deciding(answer)], ['partly', 'allow p 2', 'deny p 1'])
  })

  it('answers for groups: all members, those that rules tell apart, and none yet', () => {
    const scene = tutorial()
    const whole = scene.ask('app', 'db', 'tcp/80')
    assert.deepEqual([whole.passes, ...deciding(whole)], ['no', 'deny p 1'])
    assert.match(only(whole).change?.commands[0] ?? '', /--from-group=app --protocol=tcp/)
    scene.addRule('p', '5', { direction: 'in', protocol: 'tcp', fromIp: '10.1.2.64/26', action: 'allow', priority: 20 })
    const apart = scene.ask('app', 'db', 'tcp/80')
    assert.deepEqual([apart.passes, ...deciding(apart)], ['partly', 'allow p 5', 'deny p 1'])
    const { decidedOn, judgedOn } = only(apart)
    assert.equal(decidedOn.length, 1)
    assert.equal(judgedOn.length, 1, 'the other host: it has the one member of app')
  })

  it('finds containers by name, host/name, id and address; groups by name, with network and with tenant', () => {
    const scene = tutorial()
    for (const text of ['db1', 'host2/db1', idDigits('db1'), '10.1.2.9']) {
      assert.deepEqual(deciding(scene.ask('c1', text, 'tcp/80')), ['deny p 1'], text)
    }
    for (const text of ['db', 'db.web', 'db/default', 'db.web/default']) {
      assert.deepEqual(deciding(scene.ask('c1', text, 'tcp/80')), ['deny p 1'], text)
    }
  })

  it('judges what comes from outside on the receiver’s host alone, and what goes out on the sender’s', () => {
    const scene = tutorial()
    const into = only(scene.ask('192.0.2.7', 'db1', 'tcp/80'))
    assert.deepEqual([into.kind, into.decidedOn, into.judgedOn], ['published', [scene.world.at(2).key], []])
    assert.equal(into.cases[0]?.rule?.id, '1')
    scene.addRule('p', '7', { direction: 'out', protocol: 'udp', toIp: '192.0.2.0/24', action: 'deny' })
    const out = only(scene.ask('db1', '192.0.2.7', 'udp/53'))
    assert.deepEqual([out.kind, out.decidedOn, out.judgedOn], ['out', [scene.world.at(2).key], []])
    assert.equal(out.cases[0]?.rule?.id, '7')
    assert.match(out.change?.remedy ?? '', /every member of group db/)
  })

  it('puts a container in several networks under the rules of all its groups where it meets the outside', () => {
    const scene = tutorial()
    const [network, group] = [scene.view.networkByName('default', 'lan')?.id as string, scene.group('far')]
    const container = Buffer.from('cdb2').toString('hex').padEnd(64, '0')
    const at = { network, ip: 0x0a010309, mac: '02:02:0a:01:03:09', container, containerName: 'db2', group }
    scene.write(() => [{ kind: 'endpoint', id: 'd2'.repeat(32), ...at }])
    scene.addRule('q', '1', { action: 'allow', protocol: 'tcp', port: 80, toIp: '10.1.3.9', priority: 5 })
    scene.addRule('q', '2', { action: 'allow', protocol: 'tcp', port: 81, toIp: '10.1.2.10', priority: 5 })
    scene.setPolicies('far', ['q'])
    assert.deepEqual(deciding(scene.ask('192.0.2.7', 'db2', 'tcp/80')), ['allow q 1'], 'the other group denies, lower')
    assert.deepEqual(deciding(scene.ask('192.0.2.7', 'db2', 'tcp/81')), ['deny p 1'], 'its address there is another')
    assert.deepEqual(deciding(scene.ask('192.0.2.7', 'db2', 'tcp')), ['allow p 2', 'allow q 1', 'deny p 1'])
    assert.deepEqual(deciding(scene.ask('192.0.2.7', 'db2', 'udp/53')), ['allow -'])
    const { change } = only(scene.ask('192.0.2.7', 'db2', 'tcp/81'))
    for (const command of change?.commands ?? []) scene.type(command)
    assert.equal(scene.ask('192.0.2.7', 'db2', 'tcp/81').passes, 'yes')
  })

  it('says that a policy can say nothing of two ends without a group', () => {
    const { change } = only(tutorial().ask('c1', 'same', 'tcp/80'))
    assert.deepEqual(change?.commands, [])
    assert.match(change?.remedy ?? '', /neither end is in a group: .* --net=GROUP\.web$/)
  })

  it('gives a group without a policy one', () => {
    const scene = tutorial()
    const { change } = only(scene.ask('c1', 'app1', 'tcp/80'))
    assert.deepEqual(change?.commands.slice(0, 2), [
      'skein policy create app-policy',
      'skein group create web app --policy=app-policy',
    ])
    for (const command of change?.commands ?? []) scene.type(command)
    assert.equal(scene.ask('c1', 'app1', 'tcp/80').passes, 'no')
    assert.equal(scene.ask('c1', 'app1', 'tcp/81').passes, 'yes')
  })

  it('removes denials of the highest priority, which no rule can beat', () => {
    const scene = tutorial()
    scene.addRule('p', '8', { direction: 'in', protocol: 'tcp', action: 'deny', priority: 100 })
    const { change } = only(scene.ask('c1', 'db1', 'tcp/80'))
    assert.match(
      change?.commands.join('\n') ?? '',
      /^skein policy rule-rm p 8\nskein policy rule-add p 9 --priority=2 /,
    )
    for (const command of change?.commands ?? []) scene.type(command)
    assert.equal(scene.ask('c1', 'db1', 'tcp/80').passes, 'yes')
  })

  it('removes of several values under one id the one that is in the way, alone', () => {
    const scene = tutorial()
    scene.addRule('p', '8', { direction: 'in', protocol: 'tcp', action: 'deny', priority: 100 })
    scene.addRule('p', '8', { direction: 'in', protocol: 'udp', action: 'deny' })
    const { change } = only(scene.ask('c1', 'db1', 'tcp/80'))
    assert.match(change?.commands[0] ?? '', /^skein policy rule-rm p 8~[0-9a-f]{4}$/)
    for (const command of change?.commands ?? []) scene.type(command)
    assert.equal(scene.ask('c1', 'db1', 'tcp/80').passes, 'yes')
    assert.deepEqual(deciding(scene.ask('c1', 'db1', 'udp/53')), ['deny p 8'])
  })

  describe('no way', () => {
    const none = (answer: Answer) => {
      const way = only(answer)
      assert.equal(way.kind, 'none')
      assert.equal(answer.passes, 'no')
      assert.deepEqual([way.cases, way.decidedOn], [[], []])
      return way
    }

    it('between networks without gateways, until a container is connected to both', () => {
      const way = none(tutorial().ask('c1', 'lan1', 'tcp/80'))
      assert.equal(way.text, 'networks web and lan are apart: web has no gateway, lan has no gateway')
      assert.deepEqual(way.commands, ['docker network connect lan c1'])
      assert.equal(way.remedy, 'on host1: docker network connect lan c1')
    })

    it('between tenants', () => {
      const scene = tutorial()
      const spec = checkNetwork({ tenant: 'blue', name: 'web', subnet: '10.1.2.0/24' })
      scene.write(known => createNetworkLeaves(known, { tenant: 'blue', name: 'web', spec }))
      const network = scene.view.networkByName('blue', 'web')?.id as string
      const at = { network, ip: 0x0a010209, mac: '02:02:0a:01:02:09' }
      scene.write(() => [
        { kind: 'endpoint', id: 'b1'.repeat(32), container: 'b2'.repeat(32), containerName: 'blue1', ...at },
      ])
      assert.match(none(scene.ask('c1', 'blue1', 'tcp/80')).text, /^tenants default and blue are isolated/)
      // groups and addresses are the container's tenant's
      assert.equal(only(scene.ask('blue1', '10.1.2.3', 'tcp/80')).text, 'no container has 10.1.2.3 in network web/blue')
    })

    it('to an address that no container has', () => {
      assert.equal(none(tutorial().ask('c1', '10.1.2.77', 'tcp/80')).text, 'no container has 10.1.2.77 in network web')
    })

    it('to a host that does not answer this one’s frames, as far as this one knows', () => {
      const scene = tutorial()
      scene.facts.unreachable = [scene.world.at(2).key]
      const way = none(scene.ask('c1', 'db1', 'tcp/80'))
      assert.equal(way.text, 'host2 does not answer VXLAN frames of host1')
      assert.equal(only(scene.ask('c1', 'db2', 'tcp/80')).kind, 'network', 'db2 is on this host')
    })
  })

  it('says when a host at one end is out of reach', () => {
    const scene = tutorial()
    assert.deepEqual(only(scene.ask('c1', 'db1', 'tcp/80')).notes, [])
    scene.facts.connected = []
    const text = 'host2 is out of reach of this host, and may be down: see skein status'
    assert.deepEqual(only(scene.ask('c1', 'db1', 'tcp/80')).notes, [text])
    assert.deepEqual(only(scene.ask('db', 'c1', 'tcp/80')).notes, [text])
    assert.deepEqual(only(scene.ask('c1', 'db2', 'tcp/80')).notes, [])
  })

  it('routes between networks with gateways, whose own addresses no policy is about', () => {
    const scene = tutorial()
    for (const [name, subnet, gateway] of [
      ['r1', '10.1.8.0/24', '10.1.8.1'],
      ['r2', '10.1.9.0/24', '10.1.9.1'],
    ] as const) {
      const spec = checkNetwork({ tenant: 'default', name, subnet, gateway })
      scene.write(known => createNetworkLeaves(known, { tenant: 'default', name, spec }))
    }
    const put = (id: string, networkName: string, ip: number, group?: string) => {
      const network = scene.view.networkByName('default', networkName)?.id as string
      const names = { container: id.repeat(32), containerName: id }
      const leaf = { kind: 'endpoint' as const, id: id.repeat(32), network, ip, mac: macOf(ip), ...names }
      scene.write(() => [group ? { ...leaf, group } : leaf])
    }
    put('a1', 'r1', 0x0a010802)
    scene.write(known => {
      const { objects } = known
      const network = known.networkByName('default', 'r2')?.id ?? ''
      return createGroupLeaves(objects, { tenant: 'default', name: 'inner', network, pool: '' }, { policies: ['p'] })
    })
    put('b1', 'r2', 0x0a010902, scene.group('inner'))
    const routed = scene.ask('a1', 'b1', 'tcp/80')
    assert.equal(only(routed).kind, 'routed')
    assert.deepEqual(deciding(routed), ['deny p 1'])
    for (const gateway of ['10.1.8.1', '10.1.9.1']) {
      const { kind, change, cases } = only(scene.ask('a1', gateway, 'icmp'))
      assert.deepEqual([kind, change, cases], ['gateway', undefined, [{ action: 'allow' }]])
    }
    assert.equal(only(scene.ask('10.1.8.1', 'a1', 'icmp')).text, '10.1.8.1 is a gateway: it begins nothing')
    assert.match(only(scene.ask('c1', '10.1.9.1', 'icmp')).text, /^networks web and r2 are apart: web has no gateway$/)
  })

  it('tells that a container reaches itself', () => {
    assert.equal(only(tutorial().ask('db1', 'db1', 'tcp/80')).kind, 'self')
  })

  const bad: [src: string, dst: string, code: string, says: RegExp][] = [
    ['nobody', 'db1', 'not-found', /^nobody is no container, no group of tenant default and no address: see skein ps/],
    ['c1', 'db.lan', 'not-found', /^db\.lan is no container/],
    ['c1', 'db/red', 'not-found', /^db\/red is no container/],
    ['192.0.2.1', '192.0.2.2', 'invalid', /^neither 192\.0\.2\.1 nor 192\.0\.2\.2 is in a network of tenant default/],
    ['c1', '10.1.2.255', 'invalid', /^10\.1\.2\.255 is no address of one container or host/],
    ['c1', '224.0.0.1', 'invalid', /is no address of one/],
    ['c1', '127.0.0.1', 'invalid', /is no address of one/],
    ['c1', 'fe80::1', 'invalid', /^fe80::1 is link-local: only neighbour discovery passes there/],
    ['c1', 'ff02::1', 'invalid', /is no address of one/],
    ['c1', '::1', 'invalid', /is no address of one/],
    ['c1', 'fd00::1::', 'not-found', /is no container/],
    ['c1', '10.1.2.300', 'not-found', /is no container/],
  ]
  for (const [src, dst, code, says] of bad) {
    it(`refuses ${src} to ${dst}`, () => {
      assert.throws(() => tutorial().ask(src, dst, 'tcp/80'), { code, message: says })
    })
  }

  it('refuses a word that fits several, and says how each is written', () => {
    const scene = createWhyScene({ db: {} }, {}, { db: { host: 1, ip: '10.1.2.3' }, c1: { host: 1, ip: '10.1.2.4' } })
    assert.throws(() => scene.ask('c1', 'db', 'tcp/80'), {
      code: 'conflict',
      message: `db fits several: container db on host1 (${idDigits('db')}), group db (db.web/default): say which, as it is written in brackets`,
    })
    assert.equal(scene.ask('c1', 'db.web/default', 'tcp/80').passes, 'yes')
    assert.equal(scene.ask('c1', 'host1/db', 'tcp/80').passes, 'yes')
  })

  for (const [flow, says] of [
    ['', /is no protocol/],
    ['/80', /is no protocol/],
    ['tcp/80/1', /is no protocol/],
    ['http', /protocol "http" is invalid/],
    ['256', /protocol "256" is invalid/],
    ['tcp/0', /port "0" is invalid: use 1 to 65535/],
    ['tcp/65536', /port "65536"/],
    ['tcp/x', /port "x"/],
    ['icmp/8', /icmp has no ports: ask for icmp alone/],
  ] as const) {
    it(`refuses the protocol ${JSON.stringify(flow)}`, () => {
      assert.throws(() => tutorial().ask('c1', 'db1', flow), { code: 'invalid', message: says })
    })
  }
})
