/** `skein why`: the text, the JSON, the commands that it names, and bad input. */
import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'mocha'
import type { WhyJson } from '../../../src/api/types.ts'
import { macOf, parseIp } from '../../../src/model/ip.ts'
import { type CliPeer, startCliPeer } from './fixture.ts'

describe('cli: why', function () {
  this.timeout(60_000)
  let host: CliPeer
  const skein = (line: string) => host.skein(...line.split(' '))
  const whole = async (line: string) => JSON.parse((await skein(`why ${line} --json`)).stdout) as WhyJson

  beforeEach(async () => {
    host = await startCliPeer()
    for (const line of [
      'net create -s 10.1.2.0/24 contiv-net',
      'net create -s 10.1.3.0/24 lan',
      'policy create db-policy',
      'policy rule-add db-policy 1 -direction=in -protocol=tcp -action=deny',
      'policy rule-add db-policy 2 -direction=in -protocol=tcp -port=8888 -action=allow -priority=10',
      'group create contiv-net db -policy=db-policy',
      'tenant create blue',
      'net create -t blue -s 10.1.2.0/24 contiv-net',
    ]) {
      assert.equal((await skein(line)).code, 0, line)
    }
    await put('default', 'contiv-net', '10.1.2.3', 'c1')
    await put('default', 'contiv-net', '10.1.2.9', 'db1', 'db')
    await put('default', 'lan', '10.1.3.3', 'lan1')
    await put('blue', 'contiv-net', '10.1.2.9', 'blue1')
  })
  afterEach(() => host.stop())

  async function put(tenant: string, name: string, ip: string, containerName: string, groupName?: string) {
    const { registry } = host.peer
    const network = registry.networkByName(tenant, name)?.id as string
    const group = groupName === undefined ? undefined : registry.objects.groupByName(tenant, groupName)?.id
    const address = parseIp(ip) as number
    const at = { id: Buffer.from(containerName).toString('hex').padEnd(64, '0'), network, ip: address }
    const leaf = { kind: 'endpoint' as const, ...at, mac: macOf(address), container: at.id, containerName }
    await host.peer.write([group === undefined ? leaf : { ...leaf, group }])
  }

  it('says it in words', async () => {
    const { stdout, stderr, code } = await skein('why c1 db1 tcp/80')
    assert.deepEqual([code, stderr], [0, ''])
    assert.equal(
      stdout,
      [
        'container c1 on host1 to container db1 on host1, tcp/80: does not pass',
        '  from      c1, 10.1.2.3, network contiv-net, on host1',
        '  to        db1, 10.1.2.9, group db of network contiv-net, on host1',
        '  way       network contiv-net',
        "  by        rule 1 of policy db-policy: deny in tcp priority 1 (policy of the receiver's group db)",
        '  decided   on host1',
        '  to allow  skein policy rule-add db-policy 3 --priority=2 --direction=in --from-ip-address=10.1.2.3 ' +
          '--to-ip-address=10.1.2.9 --protocol=tcp --port=80 --action=allow',
        '',
      ].join('\n'),
    )
  })

  it('names every rule of a mixed answer, in their order', async () => {
    const { stdout } = await skein('why c1 db tcp')
    assert.match(stdout, /^container c1 on host1 to group db, tcp: passes in part\n/)
    assert.match(stdout, /^ {2}by +rule 2 of policy db-policy: allow .*: passes$/m)
    assert.match(stdout, /^ {2}else by +rule 1 of policy db-policy: deny .*: does not pass$/m)
  })

  it('says why there is no way, and where to type what makes one', async () => {
    const { stdout } = await skein('why c1 lan1 icmp')
    assert.match(
      stdout,
      /^ {2}no way +networks contiv-net and lan are apart: contiv-net has no gateway, lan has no gateway$/m,
    )
    assert.match(stdout, /^ {2}to allow +on host1: docker network connect lan c1$/m)
    assert.match((await skein('why c1 blue1 icmp')).stdout, /no way +tenants default and blue are isolated/)
  })

  it('names commands that turn the answer round as they stand', async () => {
    for (const question of ['c1 db1 tcp/80', 'c1 db udp/53', '192.0.2.7 db1 tcp/443', 'db1 192.0.2.7 icmp']) {
      const { passes, ways } = await whole(question)
      const change = ways[0]?.change
      assert.ok(change && change.commands.length > 0, question)
      for (const command of change.commands) assert.equal((await skein(command.replace('skein ', ''))).code, 0, command)
      assert.notEqual((await whole(question)).passes, passes, question)
    }
  })

  it('as JSON has everything by its name', async () => {
    const { ways, ...head } = await whole('c1 db.contiv-net tcp/8888')
    assert.deepEqual(head, {
      ...{ src: 'container c1 on host1', dst: 'group db', tenantName: 'default' },
      ...{ protocol: 'tcp', port: 8888, passes: 'yes' },
    })
    const [way] = ways
    assert.deepEqual(way?.dst, {
      ...{ kind: 'group', tenantName: 'default', networkName: 'contiv-net', groupName: 'db', members: 1 },
    })
    assert.deepEqual(way?.cases, [
      {
        passes: true,
        rule: {
          ...{ key: 'default:db-policy:2', policyName: 'db-policy', ruleId: '2', priority: 10, direction: 'in' },
          ...{ groupName: 'db', text: 'allow in tcp 8888 priority 10' },
        },
      },
    ])
    assert.equal(way?.change?.passes, false)
  })

  it('takes the tenant of groups and addresses from the flag, else from the container', async () => {
    assert.equal((await whole('blue1 10.1.2.9 icmp')).ways[0]?.way, 'self')
    assert.match(
      (await skein('why -t blue c1 10.1.2.9 icmp')).stderr,
      /^Error: c1 is no container, no group of tenant blue/,
    )
  })

  it('says of a container without an IPv6 address that it may meet the outside by IPv6', async () => {
    const { stdout, code } = await skein('why c1 2001:db8::1 tcp/443')
    assert.equal(code, 0)
    assert.match(stdout, /^container c1 on host1 to 2001:db8::1, tcp\/443: passes$/m)
    assert.match(stdout, /^ {2}from +c1, no IPv6 address, network contiv-net, on host1$/m)
    assert.match(stdout, /^ {2}but +only if docker_gwbridge of host1 was made with IPv6$/m)
    assert.equal((await whole('c1 2001:db8::1 tcp/443')).ways[0]?.src.ipAddress, undefined)
  })

  const bad: [line: string, code: number, says: RegExp][] = [
    ['why', 2, /^Error: missing required argument 'src'; see: skein why --help\n$/],
    ['why c1 db1', 2, /^Error: missing required argument 'protocol'/],
    ['why c1 db1 tcp 80', 2, /^Error: too many arguments/],
    ['why c1 db1 tcp/80 --bogus', 2, /^Error: unknown option '--bogus'/],
    ['why c1 db1 tcp/99999', 3, /^Error: port "99999" is invalid: use 1 to 65535\n$/],
    ['why c1 db1 smtp', 3, /^Error: protocol "smtp" is invalid/],
    ['why c1 db1 icmp/8', 3, /^Error: icmp has no ports/],
    ['why -6 c1 lan1 tcp', 3, /^Error: container c1 on host1 has no IPv6 address: ask about IPv4/],
    ['why 1.2.3.4 1.2.3.5 tcp', 3, /^Error: neither 1\.2\.3\.4 nor 1\.2\.3\.5 is in a network of tenant default/],
    ['why c1 10.1.2.0 tcp', 3, /^Error: 10\.1\.2\.0 is no address of one container or host/],
    ['why c1 nobody tcp', 4, /^Error: nobody is no container, no group of tenant default and no address: see skein ps/],
    ['why -t red c1 db1 tcp', 4, /^Error: tenant red does not exist/],
  ]
  it('refuses what is bad with one line', async () => {
    const before = host.peer.registry.digest()
    for (const [line, code, says] of bad) {
      const outcome = await skein(line)
      assert.equal(host.peer.registry.digest(), before, line)
      assert.match(outcome.stderr, says, line)
      assert.deepEqual([outcome.code, outcome.stdout, outcome.stderr.split('\n').length], [code, '', 2], line)
    }
    await put('default', 'lan', '10.1.3.4', 'db')
    const twice = await skein('why c1 db tcp')
    assert.equal(twice.code, 5)
    assert.match(
      twice.stderr,
      /^Error: db fits several: container db on host1 \(6462\d+\), group db \(db\.contiv-net\/default\)/,
    )
  })
})
