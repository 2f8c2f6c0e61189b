import assert from 'node:assert/strict'
import { type Config, parseConfig } from '../../../src/config/parse.ts'

const machine = { hostname: 'host1', defaultAddress: '192.168.2.10' }

function config(argv: string[], env: Record<string, string> = {}, defaults = machine): Config {
  const parsed = parseConfig(argv, env, defaults)
  assert.equal(parsed.kind, 'run', JSON.stringify(parsed))
  return (parsed as { config: Config }).config
}

function problems(
  argv: string[],
  env: Record<string, string> = {},
  defaults: Parameters<typeof parseConfig>[2] = machine,
) {
  const parsed = parseConfig(argv, env, defaults)
  assert.equal(parsed.kind, 'problems', JSON.stringify(parsed))
  return (parsed as { problems: string[] }).problems
}

describe('config: parse', () => {
  it('has a default for everything on a host with a default route', () => {
    assert.deepEqual(config([]), {
      name: 'host1',
      dataDir: '/var/lib/skein',
      witnessDir: '/var/lib/skein-witness',
      machineId: '',
      listen: { address: '192.168.2.10', port: 7373 },
      join: undefined,
      vtepAddress: '192.168.2.10',
      vlanUplink: undefined,
      vxlanPort: 7374,
      addressPool: '10.64.0.0/10',
      dockerHost: 'unix:///var/run/docker.sock',
      pluginSocket: '/run/docker/plugins/mesh.sock',
      apiSocket: '/run/skein/skein.sock',
      apiListen: undefined,
      logLevel: 'info',
    })
  })

  const forms: [what: string, argv: string[]][] = [
    ['two dashes and =', ['--data-dir=/d']],
    ['two dashes and a space', ['--data-dir', '/d']],
    ['one dash and =', ['-data-dir=/d']],
    ['one dash and a space', ['-data-dir', '/d']],
    ['the last of several', ['--data-dir=/c', '--data-dir=/d']],
  ]
  for (const [what, argv] of forms) {
    it(`reads a flag with ${what}`, () => assert.equal(config(argv).dataDir, '/d'))
  }

  it('lets the flag beat the environment, and takes an empty variable as not set', () => {
    const env = { SKEIN_DATA_DIR: '/env', SKEIN_VXLAN_PORT: '4000', SKEIN_JOIN: '', SKEIN_HOST: 'not ours' }
    const result = config(['--data-dir=/flag'], env)
    assert.equal(result.dataDir, '/flag')
    assert.equal(result.vxlanPort, 4000)
    assert.equal(result.join, undefined)
  })

  it('takes the VTEP address from --listen unless it is given', () => {
    assert.equal(config(['--listen=10.0.0.1:9']).vtepAddress, '10.0.0.1')
    assert.equal(config(['--listen=10.0.0.1:9', '--vtep-address=10.9.9.9']).vtepAddress, '10.9.9.9')
  })

  for (const name of ['eth2', 'enp0s31f6', 'bond0', 'wan.7', 'abcdefghijklmno', 'a@b']) {
    it(`takes ${name} as the VLAN uplink`, () => {
      assert.equal(config([`--vlan-uplink=${name}`]).vlanUplink, name)
      assert.equal(config([], { SKEIN_VLAN_UPLINK: name }).vlanUplink, name)
    })
  }

  it('accepts loopback addresses for the API', () => {
    assert.deepEqual(config(['--api-listen=127.0.0.1:9999']).apiListen, { address: '127.0.0.1', port: 9999 })
    assert.deepEqual(config(['--api-listen=[::1]:9999']).apiListen, { address: '::1', port: 9999 })
  })

  const refused: [argv: string[], says: RegExp][] = [
    [
      ['--address-pool=10.1.0.0/10'],
      /^--address-pool: "10\.1\.0\.0\/10" has host bits set; write it like 10\.64\.0\.0\/10$/,
    ],
    [['--bogus=1'], /^unknown flag --bogus: see skeind --help$/],
    [['start'], /^unexpected argument "start"/],
    [['--'], /^unexpected argument "--"/],
    [['--name'], /^--name needs a value/],
    [['--name', '--join=x'], /^--name needs a value/],
    [['--name=a_b'], /^--name: "a_b" is no host name/],
    [['--data-dir=rel'], /absolute path/],
    [['--listen=10.0.0.1'], /is no ADDR:PORT: write it like 192\.168\.2\.10:7373/],
    [['--listen=host1:7373'], /is no ADDR:PORT/],
    [['--listen=10.0.0.1:0'], /is no ADDR:PORT/],
    [['--listen=10.0.0.1:65536'], /is no ADDR:PORT/],
    [['--listen=0.0.0.0:7373'], /reaches nobody/],
    [['--listen=[::1]:7373'], /must be an IPv4 address/],
    [['--vtep-address=10.0.0'], /is no IPv4 address/],
    [['--vtep-address=0.0.0.0'], /reaches nobody/],
    [['--vxlan-port=0'], /is no port/],
    [['--vlan-uplink='], /is no interface: give one, such as eth2/],
    [['--vlan-uplink=eth2,eth3'], /is no interface: give one, such as eth2; several make a bond/],
    [['--vlan-uplink=eth2 up'], /is no interface/],
    [['--vlan-uplink=eth2/..'], /is no interface/],
    [['--vlan-uplink=eth2:1'], /is no interface/],
    [['--vlan-uplink=..'], /is no interface/],
    [['--vlan-uplink=abcdefghijklmnop'], /is no interface/],
    [['--vxlan-port=1e3'], /is no port/],
    [['--docker-host=tcp://10.0.0.1:2375'], /must be unix:\/\/\/PATH/],
    [[`--plugin-socket=/${'x'.repeat(107)}`], /at most 107 bytes/],
    [[`--api-socket=/${'x'.repeat(107)}`], /at most 107 bytes/],
    [['--api-listen=192.168.2.10:9999'], /plain HTTP without authentication.*loopback/],
    [['--api-listen=0.0.0.0:9999'], /loopback/],
    [['--log-level=loud'], /use one of trace, debug, info, warn, error, silent/],
  ]
  for (const [argv, says] of refused) {
    it(`refuses ${argv.join(' ').slice(0, 40)} with one line`, () => {
      const found = problems(argv)
      assert.equal(found.length, 1, found.join('\n'))
      assert.match(found[0] as string, says)
      assert.doesNotMatch(found[0] as string, /\n/)
    })
  }

  it('reports all problems at once, each with where the value came from', () => {
    const found = problems(
      ['--bogus', 'x', '--vxlan-port=x'],
      { SKEIN_LOG_LEVEL: 'loud' },
      { ...machine, hostname: 'a_b' },
    )
    assert.deepEqual(
      found.map(line => line.split(':')[0]),
      ['unknown flag --bogus', 'hostname (give --name)', '--vxlan-port', 'SKEIN_LOG_LEVEL'],
    )
  })

  it('asks for --listen when there is no default route, and needs none when it is given', () => {
    const lost = { hostname: 'host1', defaultAddress: undefined }
    assert.deepEqual(problems([], {}, lost), [
      'this host has no default route to take the address from: give --listen ADDR:PORT',
    ])
    assert.equal(parseConfig(['--listen=10.0.0.1:7373'], {}, lost).kind, 'run')
  })

  it('never repeats a token, which is a secret', () => {
    assert.doesNotMatch(problems(['--join=se cret']).join(), /cret/)
  })

  it('answers --help with every setting, its variable and its default, before any problem', () => {
    for (const flag of ['--help', '-help', '-h']) {
      const parsed = parseConfig(['--bogus=1', flag], {}, machine)
      assert.equal(parsed.kind, 'help')
      const text = (parsed as { text: string }).text
      for (const setting of Object.keys(config([]))) {
        const name = setting.replaceAll(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)
        assert.match(text, new RegExp(`--${name} .*SKEIN_${name.toUpperCase().replaceAll('-', '_')} .*default: `))
      }
      assert.match(text, /default: \/var\/lib\/skein\)/)
    }
    assert.equal(parseConfig(['-version'], {}, machine).kind, 'version')
  })
})
