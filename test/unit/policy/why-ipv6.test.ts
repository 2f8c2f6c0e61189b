import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import { formatAddress } from '../../../src/model/address-match.ts'
import { noAddress6 } from '../../../src/policy/index.ts'
import { createWhyScene } from './why-scene.ts'
import { deciding, only } from './why-tutorial.ts'

describe('policy: why, of IPv6', () => {
  const dual = () =>
    createWhyScene(
      { db: { policies: ['p'] }, app: {} },
      { p: { '1': { action: 'deny', fromIp: 'fd00:6::5' }, '2': { action: 'deny', protocol: 'icmp', priority: 2 } } },
      {
        app1: { host: 1, ip: '10.1.2.5', group: 'app' },
        db1: { host: 2, ip: '10.1.2.9', group: 'db' },
        lan1: { host: 1, ip: '10.1.3.5' },
      },
      'fd00:6::/64',
    )

  it('takes a name that is asked about with an IPv6 address for its own one, and says so where the families differ', () => {
    const scene = dual()
    const answer = scene.ask('app1', 'fd00:6::9', 'tcp/80')
    assert.deepEqual(deciding(answer), ['deny p 1'])
    const { src, dst, change } = only(answer)
    assert.deepEqual(
      [src, dst].map(end => end.kind === 'container' && formatAddress(end.ip)),
      ['fd00:6::5', 'fd00:6::9'],
    )
    assert.deepEqual(change?.commands, [
      'skein policy rule-add p 3 --priority=2 --direction=in --from-ip-address=fd00:6::5 --to-ip-address=fd00:6::9 --protocol=tcp --port=80 --action=allow',
    ])
    const named = scene.ask('app1', 'db1', 'tcp/80')
    assert.equal(named.passes, 'yes')
    assert.deepEqual(only(named).notes, ['over IPv6 the answer is no: ask with --ipv6'])
    assert.equal(scene.ask('app1', 'db1', 'tcp/80', undefined, 6).passes, 'no')
    assert.equal(scene.ask('app', 'db', 'tcp/80', undefined, 6).passes, 'partly')
  })

  it('means ICMPv6 by icmp, and asks no rule about what has no way', () => {
    const scene = dual()
    assert.deepEqual(deciding(scene.ask('fd00:6::5', 'fd00:6::9', 'icmp')), ['deny p 2'])
    assert.deepEqual(deciding(scene.ask('fd00:6::9', 'fd00:6::5', 'icmp')), ['allow -'])
    assert.equal(only(scene.ask('app1', 'fd00:6::77', 'icmp')).kind, 'none')
  })

  it('judges what meets the outside, on whatever network it is, where docker_gwbridge has IPv6', () => {
    const scene = dual()
    scene.facts.outsideHas6 = true
    scene.addRule('p', '3', { action: 'deny', fromIp: '2001:db8::/32', protocol: 'tcp', port: 22 })
    scene.addRule('p', '4', { action: 'deny', direction: 'out', toIp: '2001:db8::7', protocol: 'udp' })
    const published = scene.ask('2001:db8::1', 'db1', 'tcp/22')
    assert.deepEqual(deciding(published), ['deny p 3'])
    assert.equal(
      only(published).text,
      'from outside by IPv6, to a port that is published with docker run -p, and to no other',
    )
    // host 2 alone knows
    assert.deepEqual(only(published).notes, ['only if docker_gwbridge of host2 was made with IPv6: ask there'])
    assert.deepEqual(deciding(scene.ask('2001:db8::1', 'db1', 'icmp')), ['deny p 2'])
    assert.deepEqual(deciding(scene.ask('db.web', '2001:db8::7', 'udp/53')), ['deny p 4'])
    const out = only(scene.ask('app1', '2001:db8::1', 'tcp/80'))
    assert.deepEqual([out.text, out.notes], ['out of network web, over docker_gwbridge by IPv6', []])
    const plain = only(scene.ask('lan1', '2001:db8::1', 'tcp/80'))
    assert.deepEqual([plain.kind, plain.src.kind === 'container' && plain.src.ip], ['out', noAddress6])
  })

  it('says what makes docker_gwbridge of this host have IPv6, where it has none', () => {
    const scene = dual()
    scene.facts.outsideHas6 = false
    const { kind, text, remedy } = only(scene.ask('app1', '2001:db8::1', 'tcp/80'))
    assert.equal(kind, 'none')
    assert.equal(
      text,
      'docker_gwbridge of host1 has no IPv6, so there is no way between its containers and the outside by IPv6',
    )
    assert.match(
      remedy,
      /^on host1, while none of its containers runs: docker network rm docker_gwbridge; docker network create --ipv6 /,
    )
    assert.equal(only(scene.ask('2001:db8::1', 'db1', 'tcp/80')).kind, 'published', 'of host 2 nothing is known')
  })

  it('names a command that holds for a container without an IPv6 address of its own', () => {
    const scene = createWhyScene(
      { job: { network: 'lan', policies: ['p'] } },
      { p: { '1': { action: 'deny', protocol: 'tcp' } } },
      { job1: { host: 1, ip: '10.1.3.5', group: 'job' } },
    )
    scene.facts.outsideHas6 = true
    const { change } = only(scene.ask('2001:db8::1', 'job1', 'tcp/80'))
    assert.deepEqual(change, {
      action: 'allow',
      commands: [
        'skein policy rule-add p 2 --priority=2 --direction=in --from-ip-address=2001:db8::1 --protocol=tcp --port=80 --action=allow',
      ],
      remedy: 'holds for every member of group job',
    })
    scene.type(change?.commands[0] ?? '')
    assert.equal(scene.ask('2001:db8::1', 'job1', 'tcp/80').passes, 'yes')
  })

  it('refuses what never meets, and what has no IPv6', () => {
    const scene = dual()
    const never = /^10\.1\.2\.5 and fd00:6::9 never meet: ask about two IPv4 or two IPv6 addresses$/
    assert.throws(() => scene.ask('10.1.2.5', 'fd00:6::9', 'tcp'), { code: 'invalid', message: never })
    assert.throws(() => scene.ask('lan1', 'fd00:6::9', 'tcp'), { code: 'invalid', message: /has no IPv6 address/ })
    assert.throws(() => scene.ask('app1', 'fd00:6::', 'tcp'), { code: 'invalid', message: /is no address of one/ })
  })
})
