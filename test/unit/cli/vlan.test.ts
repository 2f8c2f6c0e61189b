/** VLAN networks: chapter 4 of the tutorial, and good and bad input. */
import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { type CliPeer, runCli, startCliPeer } from './fixture.ts'

describe('cli: VLAN networks', () => {
  let host: CliPeer
  const skein = (line: string) => host.skein(...line.split(' '))
  const inspect = async (name: string) => JSON.parse((await skein(`net inspect ${name}`)).stdout)
  beforeEach(async () => {
    host = await startCliPeer()
  })
  afterEach(() => host.stop())

  it("chapter 4: a network on a VLAN, the tutorial's table", async () => {
    await host.netctl('net', 'create', '--subnet=10.1.2.0/24', 'contiv-net')
    assert.deepEqual(
      await host.netctl('net', 'create', '-p', '112', '-e', 'vlan', '-s', '10.1.3.0/24', 'contiv-vlan'),
      { code: 0, stdout: '', stderr: '' },
    )
    assert.equal(
      (await host.netctl('net', 'ls')).stdout,
      'Tenant   Network      Nw Type  Encap type  Packet tag  Subnet       Gateway\n' +
        '------   -------      -------  ----------  ----------  -------      ------\n' +
        'default  contiv-net   data     vxlan       0           10.1.2.0/24  \n' +
        'default  contiv-vlan  data     vlan        112         10.1.3.0/24  \n',
    )
    const { Config, Oper } = await inspect('contiv-vlan')
    assert.deepEqual([Config.encap, Config.pktTag], ['vlan', 112])
    assert.deepEqual([Oper.pktTag, Oper.externalPktTag], [112, 112])
  })

  it("with Contiv's -g: the router of the VLAN, shown as the gateway, and exported", async () => {
    const create = 'net create -e vlan -p 112 -s 10.1.3.0/24 -g 10.1.3.254'
    assert.equal((await host.netctl(...create.split(' '), 'lan')).code, 0)
    assert.match((await host.netctl('net', 'ls')).stdout, /^default {2}lan .* vlan .* 10\.1\.3\.0\/24 +10\.1\.3\.254$/m)
    assert.equal((await inspect('lan')).Config.gateway, '10.1.3.254')
    assert.match((await skein('export')).stdout, /gateway: 10\.1\.3\.254\n/)
    assert.equal((await skein(`${create} lan`)).stdout, 'network default:lan exists already\n')
    assert.match((await skein('net create -e vlan -p 112 -s 10.1.3.0/24 -g 10.1.3.1 lan')).stderr, /exists/)
  })

  it('without a tag take one of the range, show it, and are found again without and with it', async () => {
    await skein('global set -v 300-310')
    await skein('net create -e vlan -s 10.1.3.0/24 web')
    const { Config } = await inspect('web')
    assert.ok(Config.pktTag >= 300 && Config.pktTag <= 310)
    const before = host.peer.registry.digest()
    for (const tag of ['', ' -p 0', ` -p ${Config.pktTag}`]) {
      const again = await skein(`net create -e vlan${tag} -s 10.1.3.0/24 web`)
      assert.equal(again.stdout, 'network default:web exists already\n', again.stderr)
    }
    assert.equal(host.peer.registry.digest(), before)
    await skein('net create -e vlan -s 10.1.4.0/24 db')
    assert.notEqual((await inspect('db')).Config.pktTag, Config.pktTag)
  })

  it('come out of an export with their tag, and apply takes them so', async () => {
    await skein('net create -e vlan -s 10.1.3.0/24 web')
    const { pktTag } = (await inspect('web')).Config
    const { stdout } = await skein('export')
    assert.match(stdout, new RegExp(`encap: vlan\\n {4}type: data\\n {4}pktTag: ${pktTag}\\n`))
    const other = await startCliPeer()
    try {
      await runCli('skein', ['apply', '-f', '-'], { SKEIN_HOST: other.socketPath }, stdout)
      assert.equal(JSON.parse((await other.skein('net', 'inspect', 'web')).stdout).Config.pktTag, pktTag)
    } finally {
      await other.stop()
    }
  })

  it('apply --dry-run tells which VLAN cannot be had', async () => {
    await skein('net create -p 112 -e vlan -s 10.1.3.0/24 web')
    const file = `
tenants: [{ name: blue }]
networks:
  - { name: open, subnet: 10.2.0.0/24, encap: vlan }
  - { name: a, subnet: 10.3.0.0/24, encap: vlan, pktTag: 113 }
  - { name: b, subnet: 10.4.0.0/24, encap: vlan, pktTag: 113, tenant: blue }
  - { name: c, subnet: 10.5.0.0/24, encap: vlan, pktTag: 112 }
  - { name: web, subnet: 10.1.3.0/24, encap: vlan }
`
    const run = (...argv: string[]) =>
      runCli('skein', ['apply', '-f', '-', ...argv], { SKEIN_HOST: host.socketPath }, file)
    const dry = await run('--dry-run')
    const lines = dry.stdout.split('\n')
    assert.equal(lines[1], 'network default:open would be created')
    assert.match(lines[3] ?? '', /^network blue:b refused: VLAN 113 belongs to network a: choose another/)
    assert.match(lines[4] ?? '', /^network default:c refused: VLAN 112 belongs to network web/)
    assert.equal(lines[5], 'network default:web exists already')
    assert.equal((await run()).stdout, dry.stdout.replaceAll('would be created', 'created'))
  })

  it('keep the VLAN range from leaving them out', async () => {
    await skein('net create -p 112 -e vlan -s 10.1.3.0/24 web')
    assert.deepEqual(await skein('global set -v 100-200'), {
      ...{ code: 0, stdout: 'settings changed\n', stderr: '1 of 1 members have it\n' },
    })
    assert.equal((await skein('global set -x 9000000-9100000')).stderr.includes('does not choose by it yet'), true)
  })

  const wrong: [line: string, code: number, says: RegExp][] = [
    ['net create -e vlan -p 4095 -s 10.2.0.0/24 x', 3, /^Error: VLAN 4095 is invalid: use a number from 1 to 4094/],
    ['net create -e vlan -p 16777216 -s 10.2.0.0/24 x', 3, /^Error: pkt-tag 16777216 is invalid/],
    ['net create -e vlan -p 112.5 -s 10.2.0.0/24 x', 2, /^Error: --pkt-tag "112.5" is no number/],
    ['net create -e vlan -p eth2 -s 10.2.0.0/24 x', 2, /^Error: --pkt-tag "eth2" is no number/],
    ['net create -e vlan -p 99 -s 10.2.0.0/24 x', 3, /^Error: VLAN 99 is outside of the mesh's range 100-200/],
    ['net create -e vlan -p 112 -s 10.2.0.0/24 x', 5, /^Error: VLAN 112 belongs to network web: choose another/],
    ['net create -t blue -e vlan -p 112 -s 10.1.3.0/24 x', 5, /^Error: VLAN 112 belongs to network web: choose/],
    ['net create -e vlan -p 113 -s 10.1.3.0/24 web', 5, /^Error: network web exists with other parameters/],
    ['net create -e vlan -p 113 -s 10.1.3.0/25 x', 5, /^Error: network web conflicts with subnet 10\.1\.3\.0\/25/],
    ['net create -e vlan -p 113 -n infra -s 10.2.0.0/24 x', 3, /^Error: infra networks are not supported/],
    ['global set -v 113-200', 5, /^Error: cannot change the VLAN range to 113-200, .*: 112 \(default:web\); choose/],
  ]
  for (const [line, code, says] of wrong) {
    it(`${line}: exit ${code}, one line, nothing changed`, async () => {
      await skein('global set -v 100-200')
      await skein('tenant create blue')
      await skein('net create -p 112 -e vlan -s 10.1.3.0/24 web')
      const before = host.peer.registry.digest()
      const outcome = await skein(line)
      assert.equal(outcome.code, code, outcome.stderr)
      assert.match(outcome.stderr, says)
      assert.equal(outcome.stderr.split('\n').length, 2)
      assert.equal(host.peer.registry.digest(), before)
    })
  }
})
