import assert from 'node:assert/strict'
import type { NetworkJson, PeerJson, StatusJson } from '../../../src/api/types.ts'
import { SkeinError } from '../../../src/lib/errors.ts'
import { type CliPeer, runCli, startCliPeer } from './fixture.ts'

describe('cli: commands', () => {
  let host: CliPeer
  beforeEach(async () => {
    host = await startCliPeer()
  })
  afterEach(() => host.stop())

  it('skein confirms on stdout and tells the reach on stderr', async () => {
    const [host2] = [await host.peer.admit('host2'), await host.peer.admit('host3')]
    host.peer.whoHas = [{ have: [host2], missing: [] }]
    assert.deepEqual(await host.skein('tenant', 'create', 'blue'), {
      code: 0,
      stdout: 'tenant blue created\n',
      stderr: '2 of 3 members have it; out of reach: host3\n',
    })
    assert.deepEqual(await host.skein('tenant', 'create', 'blue'), {
      code: 0,
      stdout: 'tenant blue exists already\n',
      stderr: '',
    })
    const created = await host.skein('net', 'create', '-s', '10.1.2.0/24', 'web')
    assert.equal(created.stdout, 'network default:web created\n')
    assert.equal((await host.skein('net', 'rm', 'web')).stdout, 'network default:web deleted\n')
    assert.equal((await host.skein('tenant', 'delete', 'blue')).stdout, 'tenant blue deleted\n')
  })

  it('--wait waits for all within reach', async () => {
    const host2 = await host.peer.admit('host2')
    host.peer.whoHas = [
      { have: [], missing: [host2] },
      { have: [], missing: [host2] },
      { have: [host2], missing: [] },
    ]
    const { code, stderr } = await host.skein('tenant', 'create', '--wait', 'blue')
    assert.equal(code, 0)
    assert.equal(stderr, '2 of 2 members have it\n')
  })

  it('netctl is silent about members, and has no --wait', async () => {
    assert.equal((await host.netctl('net', 'create', '-s', '10.1.2.0/24', 'web')).stderr, '')
    assert.equal(
      (await host.netctl('net', 'create', '-s', '10.1.2.0/24', 'web')).stderr,
      'INFO[0000] Network exists already: default:web      \n',
    )
    assert.equal((await host.netctl('net', 'rm', 'web')).stderr.trimEnd(), 'INFO[0000] Deleting network default:web')
    assert.equal((await host.netctl('tenant', 'create', '--wait', 'x')).code, 2)
  })

  it('lists: all, quiet, JSON; JSON beats quiet beats the table', async () => {
    await host.skein('tenant', 'create', 'blue')
    await host.skein('net', 'create', '-s', '10.1.2.0/24', 'web', '-p', '77')
    await host.skein('net', 'create', '-s', '10.1.2.0/24', '-t', 'blue', 'db')
    assert.equal((await host.skein('net', 'ls', '-q')).stdout, 'web\n')
    assert.equal((await host.skein('net', 'ls', '-a', '-q')).stdout, 'db\nweb\n')
    const { stdout } = await host.skein('network', 'list', '-t', 'blue', '-j', '-q')
    assert.ok(stdout.startsWith('[\n  {\n    "key": "blue:db",\n'))
    assert.deepEqual(
      (JSON.parse(stdout) as NetworkJson[]).map(network => network.key),
      ['blue:db'],
    )
    assert.match(
      (await host.skein('net', 'ls')).stdout,
      /^default {2}web {6}data {5}vxlan {7}77 {10}10\.1\.2\.0\/24 {2}$/m,
    )
    assert.equal((await host.skein('tenant', 'ls', '-q')).stdout, 'default\nblue\n')
  })

  it('inspects as JSON', async () => {
    await host.skein('net', 'create', '-s', '10.1.2.0/24', 'web')
    const { stdout } = await host.netctl('net', 'inspect', 'web')
    assert.equal(JSON.parse(stdout).Oper.availableIPAddresses, '10.1.2.1-10.1.2.254')
    assert.equal(JSON.parse((await host.netctl('tenant', 'inspect', 'default')).stdout).Oper.totalNetworks, 1)
  })

  it('prints the versions of both sides', async () => {
    const text =
      /^\n?Client Version:\nVersion: source\nGitCommit: source\nBuildTime: source\n\nServer Version:\nVersion: 0\.1\.0\nGitCommit: abc\nBuildTime: now\n$/
    for (const form of [['version'], ['--version'], ['-v']]) assert.match((await host.netctl(...form)).stdout, text)
  })

  it('prints a token alone on stdout', async () => {
    const { stdout, stderr } = await host.skein('peer', 'invite', '--ttl', '30m')
    assert.equal(stdout, 'token-for-1800000\n')
    assert.match(stderr, /within 30m; on the new host: skeind --join TOKEN, or if it runs: skein join TOKEN\n$/)
  })

  it('joins', async () => {
    const { stdout } = await host.skein('join', 'abc')
    assert.equal(stdout, `joined mesh ${host.peer.registry.meshId}, 1 members\n`)
    host.peer.deps.admission.join = async () => {
      throw new SkeinError('forbidden', 'host1 refused: the invitation was used')
    }
    assert.deepEqual(await host.skein('join', 'abc'), {
      code: 6,
      stdout: '',
      stderr: 'Error: host1 refused: the invitation was used\n',
    })
  })

  it('lists peers and tells the status', async () => {
    await host.peer.admit('host2')
    const host3 = await host.peer.admit('host3')
    host.peer.connected = [host3]
    const { stdout } = await host.skein('peer', 'ls')
    const key = (name: string) =>
      host.peer.registry
        .members()
        .find(member => member.name === name)
        ?.key.slice(0, 12)
    const state = 'pending: waits for host2'
    assert.equal(
      stdout
        .split('\n')
        .slice(0, 2)
        .concat(stdout.split('\n')[3] as string)
        .join('\n'),
      [
        `NAME   KEY           ${'STATE'.padEnd(state.length)}  ADDRESS            VIA    CONNECTED`,
        `host1  ${key('host1')}  ${'settled'.padEnd(state.length)}  ${'host1:7373'.padEnd(17)}  -      self`,
        `host3  ${key('host3')}  ${state}  192.168.2.11:7373  host1  yes`,
      ].join('\n'),
    )
    assert.equal((JSON.parse((await host.skein('peer', 'ls', '-j')).stdout) as PeerJson[]).length, 3)
    const status = (await host.skein('status')).stdout
    assert.match(status, /^peer +host1 \([0-9a-f]{12}\), settled, version 0\.1\.0$/m)
    assert.match(status, /^mesh +[0-9a-f]{32}: 3 members, out of reach: host2$/m)
    assert.match(status, /^docker +reachable$/m)
    assert.match(status, /^no conditions$/m)
    assert.equal((JSON.parse((await host.skein('status', '--json')).stdout) as StatusJson).members.length, 3)
  })

  const wrong: [argv: string, code: number, says: RegExp][] = [
    ['net create web', 2, /^Error: subnet is required: add --subnet=10\.1\.2\.0\/24\n$/],
    ['net create', 2, /^Error: missing required argument 'network'; see: skein network create --help\n$/],
    ['net create a b -s 10.1.2.0/24', 2, /^Error: too many arguments/],
    ['net create -s', 2, /^Error: -s needs a value/],
    ['net create --bogus web', 2, /^Error: unknown option '--bogus'; see: skein network create --help\n$/],
    ['net create -s 10.1.2.0/24 -p x web', 2, /^Error: --pkt-tag "x" is no number/],
    ['netz', 2, /^Error: unknown command 'netz' \(Did you mean net\?\); see: skein --help\n$/],
    ['peer invite --uses 0', 2, /^Error: --uses 0: must be a number of hosts/],
    ['peer invite --ttl 1y', 2, /^Error: --ttl "1y" is no time/],
    ['net create -s 10.1.2.3/24 web', 3, /^Error: subnet 10\.1\.2\.3\/24 has host bits set/],
    ['net create -s 10.1.2.0/24 a_b', 3, /^Error: network name "a_b" is invalid/],
    ['net create -s 10.1.2.0/24 a/b', 3, /^Error: network name "a\/b" is invalid/],
    ['net create -s 10.1.2.0/24 a:b', 3, /^Error: network key "default:a:b" is invalid/],
    ['net create -s 10.1.2.0/24 -e vlan -p 4095 web', 3, /^Error: VLAN 4095 is invalid: use a number from 1 to 4094/],
    [
      'net create -s 10.1.2.0/24 -e vlan -p -1 web',
      2,
      /^Error: -p needs a value\n$|^Error: --pkt-tag "-1" is no number/,
    ],
    ['net create -s 10.1.2.0/24 -e qinq -p 1 web', 3, /^Error: encap "qinq" is invalid: use vxlan or vlan/],
    [
      'net create -s 10.1.2.0/24 -g 10.1.3.1 web',
      3,
      /^Error: gateway 10\.1\.3\.1 is no address of a host in 10\.1\.2\.0/,
    ],
    ['net create -s 10.1.2.0/24 --tag x web', 3, /^Error: network tags are not supported/],
    ['net create -s 10.1.2.0/24 -t blue web', 4, /^Error: tenant blue does not exist: create it with: skein tenant/],
    ['net create -s 10.0.0.0/16 web', 5, /^Error: network taken conflicts with subnet 10\.0\.0\.0\/16/],
    ['net create -s 10.0.1.0/24 taken', 5, /^Error: network taken exists with other parameters/],
    ['net ls -t blue', 4, /^Error: tenant blue does not exist/],
    ['net inspect web', 4, /^Error: network web does not exist/],
    ['net rm web', 4, /^Error: network web does not exist/],
    ['net rm taken', 5, /^Error: cannot delete network taken, has active endpoints: c1 on host1;/],
    ['tenant create a_b', 3, /^Error: tenant name "a_b" is invalid/],
    ['tenant create', 2, /^Error: missing required argument 'tenant'/],
    ['tenant rm default', 6, /^Error: tenant default cannot be deleted/],
    ['tenant rm red', 4, /^Error: tenant red does not exist/],
    ['-H relative/path net ls', 2, /^Error: --host: "relative\/path" is no address of skeind/],
    ['-H /nowhere/skein.sock net ls', 7, /^Error: cannot reach skeind at \/nowhere\/skein\.sock: is it running\?/],
  ]
  for (const [argv, code, says] of wrong) {
    it(`${argv}: exit ${code}, one line, nothing changed`, async () => {
      await host.skein('net', 'create', '-s', '10.0.0.0/24', 'taken')
      await host.peer.addEndpoint('default', 'taken', '10.0.0.2', 'c1')
      const before = host.peer.registry.digest()
      const outcome = await host.skein(...argv.split(' '))
      assert.equal(outcome.code, code, outcome.stderr)
      assert.match(outcome.stderr, says)
      assert.equal(outcome.stderr.split('\n').length, 2)
      assert.equal(outcome.stdout, '')
      assert.equal(host.peer.registry.digest(), before)
    })
  }

  it('netctl prints errors in its own form, with the same code', async () => {
    assert.deepEqual(await host.netctl('net', 'rm', 'web'), {
      code: 4,
      stdout: '',
      stderr: 'ERRO[0000] network web does not exist: see skein net ls\n',
    })
  })

  it('prints help on stdout when asked, on stderr with exit 2 when a verb is missing', async () => {
    const asked = await host.skein('net', 'create', '--help')
    assert.equal(asked.code, 0)
    assert.match(asked.stdout, /^Usage: skein network create .*--subnet/s)
    const missing = await host.skein('net')
    assert.equal(missing.code, 2)
    assert.equal(missing.stdout, '')
    assert.match(missing.stderr, /^Usage: skein network/)
  })

  it('lists the lab under skein alone', async () => {
    assert.match((await runCli('skein', ['--help'])).stdout, /^ {2}lab/m)
    assert.doesNotMatch((await runCli('netctl', ['--help'])).stdout, /^ {2}lab/m)
  })
})
