/** docker_gwbridge with IPv6, made by the very command that docs/reference/ipv6.md gives. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import type { LabHost, LabNode } from '../../../lab/index.ts'
import {
  eventually,
  heardThroughRestarts,
  inspect,
  networksAppear,
  runContainer,
  untilSilent,
} from '../support/index.ts'
import { type DualContainer, ping6, runDual, useTwoHosts } from './scene.ts'

/** On the underlay. */
const prefix = 'fd00:192::'
/** Ports of the container, each published under another; 53 is where the names' redirect looks, too. */
const published = ['8080:80', '8081:81', '8082:82', '53:81'].flatMap(port => ['-p', port])
/** On ports 80 and 81 its number; on 82 a line every 100 ms for as long as somebody listens. */
const serve = (port: number, folder: string) => `httpd -p [::]:${port} -h ${folder}`
const ticks = `printf '#!/bin/sh\\nprintf "\\\\n\\\\n"; while echo tick; do sleep 0.1; done' > /tmp/82/cgi-bin/tick; chmod +x /tmp/82/cgi-bin/tick`
const command = [
  'sh',
  '-c',
  [
    'trap exit TERM; mkdir -p /tmp/80 /tmp/81 /tmp/82/cgi-bin',
    'for n in 80 81; do echo tcp-$n > /tmp/$n/index.html; done',
    ticks,
    ...[80, 81, 82].map(port => serve(port, `/tmp/${port}`)),
    'while :; do sleep 1; done',
  ].join('; '),
]

describe('IPv6: published ports and the way out', function () {
  this.timeout(90_000)
  const { lab, hosts } = useTwoHosts()
  const address = (node: LabNode) => {
    const at = hosts().findIndex(host => host.name === node.name)
    return at === -1 ? `${prefix}fe` : `${prefix}1${at}`
  }
  const skein = async (...argv: string[]) => {
    const { code, stdout, stderr } = await hosts()[0].exec(['skein', ...argv], { timeoutMs: 30_000 })
    assert.equal(code, 0, `skein ${argv.join(' ')}: ${stderr}`)
    return stdout
  }
  const rule = (id: string, ...flags: string[]) => skein('policy', 'rule-add', 'p', id, ...flags)
  const must = async (node: LabNode, ...argv: string[]) => {
    const { code, stderr, stdout } = await node.exec(argv, { timeoutMs: 30_000 })
    assert.equal(code, 0, `${node.name}: ${argv.join(' ')}: ${stderr}`)
    return stdout
  }

  before(async () => {
    const [one, two] = hosts()
    const route = ['default', 'via', address(lab().outside)]
    for (const node of [one, two, lab().outside]) {
      await must(node, 'ip', 'addr', 'add', `${address(node)}/64`, 'dev', 'eth0', 'nodad')
    }
    for (const host of [one, two]) await must(host, 'ip', '-6', 'route', 'add', ...route)
    await one.stopEngine()
    await one.startEngine({ ip6tables: true })
    const text = await readFile(new URL('../../../docs/reference/ipv6.md', import.meta.url), 'utf8')
    const create = /^docker network create .* docker_gwbridge$/m.exec(text)?.[0] ?? ''
    await must(one, ...create.split(' '))
  })

  /** What the service behind the published port says, '' for nothing. */
  async function reads(from: LabNode, port: number, at = address(hosts()[0])): Promise<string> {
    const argv = ['busybox', 'wget', '-T', '1', '-qO', '-', `http://${at.includes(':') ? `[${at}]` : at}:${port}/`]
    return (await from.exec(['timeout', '2', ...argv], { timeoutMs: 5_000 })).stdout.trim()
  }
  /** From elsewhere translated by the kernel, from the host itself through docker-proxy too; IPv4 beside them. */
  const ways = (): [LabNode, string][] => {
    const [one, two] = hosts()
    return [
      [lab().outside, address(one)],
      [two, address(one)],
      [one, address(one)],
      [one, '::1'],
      [two, one.address],
    ]
  }
  const assertEach = (port: number, expected: string) =>
    Promise.all(
      ways().map(async ([from, at]) =>
        assert.equal(await reads(from, port, at), expected, `${from.name} -> [${at}]:${port}`),
      ),
    )

  async function prepare(...rules: [id: string, ...flags: string[]][]): Promise<DualContainer> {
    await skein('net', 'create', '--subnet=10.6.0.0/24', '--subnetv6=fd00:6::/64', 'web')
    await skein('net', 'create', '--subnet=10.7.0.0/24', 'plain')
    await skein('policy', 'create', 'p')
    for (const [id, ...flags] of rules) await rule(id, ...flags)
    for (const [net, group] of [
      ['web', 'db'],
      ['plain', 'job'],
    ])
      await skein('group', 'create', net ?? '', group ?? '', '-p', 'p')
    await networksAppear(hosts(), 'web', 'db.web', 'job.plain')
    return runDual(hosts()[0], 'db.web', 'service', { args: published, command })
  }
  const addressOutside = async (name: string) => {
    const { Containers } = await inspect(hosts()[0], 'network', 'docker_gwbridge')
    const { Id } = await inspect(hosts()[0], 'container', name)
    return Containers?.[Id]?.IPv6Address.split('/')[0] ?? ''
  }

  it('are under the same rules, by the port of the container, whoever calls', async () => {
    const [one, two] = hosts()
    await prepare(['1', '-l', 'tcp', '-j', 'deny'], ['2', '-l', 'tcp', '-P', '80', '-p', '10'])
    await eventually(() => assertEach(8080, 'tcp-80'))
    await assertEach(8081, '')
    assert.equal(await reads(one, 53), '', 'a port that is published as 53 is no question for a name')
    await rule('3', '-l', 'tcp', '-i', address(lab().outside), '-p', '20', '-j', 'deny')
    await eventually(async () => assert.equal(await reads(lab().outside, 8080), ''), { timeoutMs: 2_000 })
    assert.equal(await reads(two, 8080), 'tcp-80', 'by address: this caller is another')
    const why = (from: string, port: number) => skein('why', from, 'service', `tcp/${port}`)
    assert.match(await why(address(lab().outside), 80), /: does not pass\n(.*\n)*.*rule 3 of policy p/)
    assert.match(
      await why(address(two), 80),
      /: passes\n(.*\n)* +way +from outside by IPv6, to a port that is published/,
    )
    assert.match(await why(address(two), 81), /: does not pass\n(.*\n)*.*rule 1 of policy p/)
    await skein('policy', 'rule-rm', 'p', '3')
    await eventually(async () => assert.equal(await reads(lab().outside, 8080), 'tcp-80'))
    const counted = JSON.parse(await skein('policy', 'rule-ls', 'p', '--counters', '--json'))
    for (const { ruleId, counters } of counted) assert.ok(counters.packets > 0, `rule ${ruleId}`)
  })

  it('hold for a container of a network without IPv6, too, and for whom no rule is there', async () => {
    const [one, two] = hosts()
    await prepare(['1', '-l', 'tcp', '-P', '81', '-j', 'deny'])
    for (const [name, network] of [
      ['judged', 'job.plain'],
      ['free', 'plain'],
    ] as const) {
      const args = ['-p', `${name === 'free' ? 91 : 90}80:80`, '-p', `${name === 'free' ? 91 : 90}81:81`]
      await runContainer(one, network, name, { args, command })
    }
    const seen = async () => Promise.all([9080, 9081, 9180, 9181].map(port => reads(two, port)))
    await eventually(async () => assert.deepEqual(await seen(), ['tcp-80', '', 'tcp-80', 'tcp-81']))
    assert.match(await skein('why', address(two), 'judged', 'tcp/81'), /: does not pass/)
    assert.match(
      await skein('why', address(two), 'judged', 'tcp/80'),
      /: passes\n(.*\n)* +to +judged, no IPv6 address, /,
    )
    assert.match(await skein('why', address(two), 'free', 'tcp/81'), /: passes/)
  })

  it('a deny cuts what stands, also through docker-proxy', async () => {
    await prepare()
    await eventually(async () => assert.equal(await reads(hosts()[1], 8080), 'tcp-80'))
    const question = 'GET /cgi-bin/tick HTTP/1.0\r\n\r\n'
    const listeners = ways().map(([from, address]) => untilSilent({ from, address, port: 8082, question }))
    for (const [from, at] of ways()) {
      const to = at.includes(':') ? `[${at}]` : at
      const filter = ['state', 'established', 'dst', to, 'dport', '=', ':8082']
      const heard = async () => assert.match(await must(from, 'ss', '-HtinO', ...filter), /bytes_received:[1-9]/)
      await eventually(heard)
    }
    await rule('1', '-l', 'tcp', '-P', '82', '-j', 'deny')
    for (const listener of listeners) assert.ok((await listener) > 0, 'it was heard before it was cut')
    assert.equal(await reads(hosts()[1], 8080), 'tcp-80')
  })

  it('never answer to whom a rule denies, while the container starts again and again, or without the peer', async () => {
    const [one, two] = hosts()
    await prepare(['1', '-l', 'tcp', '-P', '81', '-j', 'deny'])
    // by its own address there, too: the host has a way to it, and other hosts may have
    const own = `${(await addressOutside('service')).replace(/[^:]*$/, '')}`
    const calls = [
      ...[two, one].map(from => ({ from, address: address(one), port: 8081 })),
      ...['2', '3'].map(last => ({ from: one, address: `${own}${last}`, port: 81 })),
    ].map(each => ({ ...each, question: 'GET / HTTP/1.0\r\n\r\n' }))
    const heard = await heardThroughRestarts(calls, one, 'service', async () => {
      assert.equal(await reads(two, 8080), 'tcp-80')
      await assertEach(8081, '')
    })
    assert.deepEqual(heard, ['', '', '', ''])
    await assertEach(8081, '')
    assert.equal(await reads(two, 8080), 'tcp-80')
  })

  it('the way out is under the rules of who goes, names are answered and neighbours found all the same', async () => {
    const [one, two] = hosts()
    const service = await prepare()
    const { outside } = lab()
    const lost = async (to: string) => (await ping6(service, to, 1)).lost.length
    await eventually(async () => assert.equal(await lost(address(outside)), 0))
    assert.match(await skein('why', 'service', address(outside), 'icmp'), /: passes\n(.*\n)* +way +out of network web/)
    await rule('1', '-d', 'out', '-l', 'icmp', '-s', `${prefix}/64`, '-j', 'deny')
    await eventually(async () => assert.equal(await lost(address(outside)), 1), { timeoutMs: 2_000 })
    assert.match(
      await skein('why', 'service', address(outside), 'icmp'),
      /: does not pass\n(.*\n)*.*rule 1 of policy p/,
    )
    const gateway = (await addressOutside('service')).replace(/[^:]*$/, '1')
    assert.equal(await lost(gateway), 0, 'by address: the host is another')
    await rule('2', '-d', 'out', '-j', 'deny')
    await eventually(async () => assert.equal(await lost(gateway), 1))
    // by its link-local address the host would be another again
    const local =
      /inet6 (fe80::\S+)\/64/.exec(await must(one, 'ip', '-6', 'addr', 'show', 'docker_gwbridge'))?.[1] ?? ''
    assert.equal(await lost(`${local}%eth1`), 1)
    await runContainer(two, 'web', 'other')
    await eventually(async () => assert.match(await service.exec('nslookup', 'other'), /10\.6\.0\./))
    await must(one, 'ip', '-6', 'neigh', 'flush', 'dev', 'docker_gwbridge')
    await service.exec('ip', '-6', 'neigh', 'flush', 'dev', 'eth1').catch(() => undefined)
    await eventually(() => assertEach(8080, 'tcp-80'))
  })

  it('I4: containers do not reach each other over docker_gwbridge by IPv6', async () => {
    const [one] = hosts()
    const service = await prepare()
    const other = await runDual(one, 'plain', 'other')
    const [at, gateway] = [await addressOutside('service'), (await addressOutside('service')).replace(/[^:]*$/, '1')]
    await eventually(async () => assert.deepEqual((await ping6(other, gateway, 1)).lost, []))
    const local = /inet6 (fe80::\S+)\/64/.exec(await service.exec('ip', '-6', 'addr', 'show', 'eth1'))?.[1] ?? ''
    assert.notEqual(local, '')
    for (const to of [at, `${local}%eth1`]) assert.equal((await ping6(other, to, 2)).lost.length, 2, to)
  })

  it('why says so where docker_gwbridge has no IPv6, and what makes it', async () => {
    const [, two] = hosts()
    await prepare(['1', '-d', 'out', '-l', 'tcp', '-j', 'deny'])
    await runDual(two, 'db.web', 'far')
    const ask = async (host: LabHost) => must(host, 'skein', 'why', 'far', address(lab().outside), 'icmp')
    await eventually(async () => assert.match(await ask(two), /: does not pass\n(.*\n)*.* of host2 has no IPv6/))
    const text = await ask(two)
    const doc = await readFile(new URL('../../../docs/reference/ipv6.md', import.meta.url), 'utf8')
    assert.ok(text.includes(/^docker network create .* docker_gwbridge$/m.exec(doc)?.[0] ?? '?'), text)
    assert.match(await ask(hosts()[0]), /: passes\n(.*\n)*.*only if docker_gwbridge of host2 was made with IPv6/)
  })
})
