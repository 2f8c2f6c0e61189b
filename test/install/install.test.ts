import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'mocha'
import { installMissing } from '../../lab/packages.ts'
import { packageRoot } from '../../lab/plan.ts'
import { run } from '../../src/lib/exec.ts'
import { makeRoot, type Root } from './root.ts'

const installLimitMs = 10 * 60_000

describe('install.sh on a clean Debian 13', function () {
  this.timeout(installLimitMs)
  let root: Root
  const { version } = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')) as { version: string }
  const install = (...args: string[]) =>
    root.exec(['/root/skein/install.sh', ...args], { online: true, timeoutMs: installLimitMs })
  const settings = () => readFileSync(root.path('etc/default/skein'), 'utf8').split('\n').filter(Boolean)

  before(async () => {
    const programs = { debootstrap: 'debootstrap', 'systemd-analyze': 'systemd', git: 'git' }
    await installMissing(line => console.log(`    ${line}`), programs, 'npm run test:install')
    root = await makeRoot()
  })
  after(() => root?.remove())

  it('says on one line what is wrong, and changes nothing', async () => {
    const refuses = async (text: RegExp, args: string[]) => {
      const { code, stdout, stderr } = await install(...args)
      assert.deepEqual([code, stdout], [1, ''], stderr)
      assert.match(stderr, text)
      assert.equal(stderr.trim().split('\n').length, 1, stderr)
    }
    await refuses(/^Error: --listen has no value: write --listen VALUE$/m, ['--listen'])
    await refuses(/^Error: '192\.168\.2\.10:7373' is no setting: write --NAME VALUE/, ['192.168.2.10:7373'])
    await refuses(/^Error: the value of --name has blanks or quotes: edit \/etc\/default\/skein/, ['--name', 'a b'])
    renameSync(root.path('etc/os-release'), root.path('etc/os-release.kept'))
    writeFileSync(root.path('etc/os-release'), 'ID=debian\nVERSION_ID="12"\n')
    await refuses(/^Error: this is for Debian 13 or newer, not debian 12: see 'Real hosts' in README\.md/, [])
    renameSync(root.path('etc/os-release.kept'), root.path('etc/os-release'))
    const asNobody = ['setpriv', '--reuid=65534', '--clear-groups', 'bash', '-s']
    const input = readFileSync(join(packageRoot(), 'install.sh'), 'utf8')
    const { code, stderr } = await root.exec(asNobody, { input })
    assert.deepEqual([code, stderr], [1, 'Error: installing needs root: run it as root\n'])
    for (const made of ['opt/skein', 'etc/default/skein', 'usr/bin/npm']) assert.ok(!existsSync(root.path(made)), made)
  })

  it('brings Docker, Node and Skein with one command', async () => {
    const { code, stdout, stderr } = await install('--listen', '192.168.2.10:7373')
    assert.equal(code, 0, `${stdout}${stderr}`)
    assert.match(stdout, /^installing .*docker\.io.* nodejs npm/m)
    assert.match(stdout, /^systemd does not run here: start skeind yourself, before dockerd$/m)
    assert.match(stdout, new RegExp(`^skeind ${version.replaceAll('.', '\\.')} is installed$`, 'm'))
    for (const program of ['dockerd', 'docker', 'nft', 'ip', 'node', 'skeind']) {
      const ran = await root.exec([program, program === 'ip' ? '-V' : '--version'])
      assert.equal(ran.code, 0, `${program}: ${ran.stderr}`)
    }
    for (const program of ['skein', 'netctl', 'skeind']) {
      const { stdout: help } = await root.exec([program, '--help'])
      assert.match(help, new RegExp(`^Usage: ${program}|^${program}`, 'm'))
    }
    assert.deepEqual(settings().slice(1), ['SKEIN_LISTEN=192.168.2.10:7373'])
  })

  it('leaves nothing but Skein', () => {
    const expected = ['CHANGELOG.md', 'LICENSE', 'README.md', 'bin', 'dist', 'docs', 'node_modules', 'package.json']
    assert.deepEqual(readdirSync(root.path('opt/skein')).sort(), expected)
    assert.deepEqual(
      readdirSync(root.path('opt/skein/node_modules')).filter(name => /^(mocha|esbuild)$/.test(name)),
      [],
    )
    assert.deepEqual(
      readdirSync(root.path('opt')).filter(name => name.startsWith('skein')),
      ['skein'],
    )
    assert.ok(!existsSync(root.path('usr/sbin/policy-rc.d')), 'packages may start services again')
  })

  it('writes a unit that systemd takes', async () => {
    const unit = readFileSync(root.path('etc/systemd/system/skeind.service'), 'utf8')
    const here = root.path('skeind.service')
    writeFileSync(here, unit.replace('ExecStart=/usr/local/bin/', `ExecStart=${root.path('opt/skein/bin')}/`))
    const { code, stderr } = await run('systemd-analyze', ['verify', here], { timeoutMs: 30_000 })
    assert.deepEqual([code, stderr], [0, ''])
  })

  it('what is installed runs as a peer, with its settings', async () => {
    // dash, as systemd would: the settings are its environment
    const start = 'ip addr add 192.168.2.10/24 dev lo; set -a; . /etc/default/skein; skeind >/tmp/log 2>&1 &'
    const wait =
      'i=0; until skein peer ls 2>/dev/null; do i=$((i+1)); [ $i -lt 100 ] || { cat /tmp/log; exit 1; }; sleep 0.1; done'
    const { code, stdout } = await root.exec(['sh', '-c', `${start}\n${wait}`], { timeoutMs: 60_000 })
    assert.equal(code, 0, stdout)
    assert.match(stdout, / settled +192\.168\.2\.10:7373 .*self/)
  })

  it('may be run again: settings stay, but for those that are named', async () => {
    writeFileSync(root.path('etc/default/skein'), `${settings().join('\n')}\nSKEIN_LOG_LEVEL=warn\n`)
    const { code, stdout, stderr } = await install('--listen', '192.168.2.11:7373', '--vlan-uplink', 'eth2')
    assert.equal(code, 0, `${stdout}${stderr}`)
    assert.doesNotMatch(stdout, /^installing/m)
    const expected = ['SKEIN_LOG_LEVEL=warn', 'SKEIN_LISTEN=192.168.2.11:7373', 'SKEIN_VLAN_UPLINK=eth2']
    assert.deepEqual(settings().slice(1), expected)
    assert.equal((await root.exec(['skeind', '--version'])).stdout, `${version}\n`)
  })
})
