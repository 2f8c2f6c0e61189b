/** Everything that Contiv's netctl takes, netctl takes too, or says why it has no meaning here. */
import assert from 'node:assert/strict'
import { type ContivCommand, commands, refusedCommands, refusedValues } from './contiv-commands.ts'
import { type CliPeer, runCli, startCliPeer } from './fixture.ts'

/** Where no skeind is: what was understood gets as far as asking it. */
const nobody = { SKEIN_HOST: '/run/skein-test/nobody.sock' }

/** The command under each of its names, alone and with each of its flags: with one dash and two, short and long. */
function linesOf([words, given, flags]: ContivCommand): string[] {
  const paths = words
    .split(' ')
    .reduce<string[]>((before, word) => before.flatMap(path => word.split('|').map(name => `${path} ${name}`)), [''])
    .map(path => path.trim())
  const forms = flags.split(' ').flatMap(flag => {
    const [, names = '', value] = /^([^=]*)(?:=(.*))?$/.exec(flag) ?? []
    const each = names.split(',').filter(name => name !== '')
    return each.flatMap(name =>
      value === undefined ? [`-${name}`, `--${name}`] : [`-${name} ${value}`, `--${name}=${value}`],
    )
  })
  const more = (form: string) => `${paths[0]} ${form} ${given}`
  return [...paths.map(path => `${path} ${given}`), ...forms.map(more)].map(line => line.trim())
}

const netctl = (line: string) => runCli('netctl', line.split(' '), nobody)

describe("cli: Contiv's command line", function () {
  this.timeout(60_000)

  for (const command of commands) {
    it(`takes: ${command.join(' ')}`, async () => {
      for (const line of linesOf(command)) {
        const { stderr } = await netctl(line)
        assert.match(stderr, /^ERRO\[0000\] cannot reach skeind at .*nobody\.sock/, line)
      }
    })
  }

  for (const command of refusedCommands) {
    it(`says why not: ${command.join(' ')}`, async () => {
      const noun = command[0].split(' ')[0]
      for (const line of linesOf(command)) {
        const { code, stdout, stderr } = await netctl(line)
        assert.match(stderr, new RegExp(`^ERRO\\[0000\\] ${noun} is not supported: .{30,}\n$`), line)
        assert.deepEqual([code, stdout], [3, ''], line)
      }
    })
  }

  it('lists what it takes in its help, and not what it refuses', async () => {
    const { stdout } = await netctl('--help')
    const nouns = (of: ContivCommand[]) => [...new Set(of.map(([words]) => words.split(' ')[0] ?? ''))]
    for (const noun of nouns(commands)) assert.match(stdout, new RegExp(`^ +${noun.replace('|', '\\|')} `, 'm'))
    for (const noun of nouns(refusedCommands)) assert.doesNotMatch(stdout, new RegExp(`^ +${noun}`, 'm'))
  })

  describe('with a skeind', () => {
    let host: CliPeer
    beforeEach(async () => {
      host = await startCliPeer()
    })
    afterEach(() => host.stop())

    it('says why not of values that have no meaning here, and changes nothing', async () => {
      for (const line of ['net create -s 10.1.2.0/24 lan', 'group create lan web']) {
        assert.equal((await host.netctl(...line.split(' '))).code, 0, line)
      }
      const digest = host.peer.registry.digest()
      for (const [line, why] of refusedValues) {
        const { code, stderr } = await host.netctl(...line.split(' '))
        assert.match(stderr, why, line)
        assert.equal(code, 3, line)
        assert.equal(host.peer.registry.digest(), digest, line)
      }
    })

    it('takes the global flags, and their variables, before the command', async () => {
      const { socketPath } = host
      const env = { SKEIN_HOST: socketPath, INSECURE: 'true' }
      for (const line of [
        '--insecure tenant ls -q',
        '-insecure=true tenant ls -q',
        'tenant ls -q',
        '-insecure tenant ls -q',
      ]) {
        assert.deepEqual(
          await runCli('netctl', line.split(' '), env),
          { code: 0, stdout: 'default\n', stderr: '' },
          line,
        )
      }
      for (const line of ['-h', '--help', 'net -h', 'net create --help']) {
        assert.match((await netctl(line)).stdout, /^Usage: netctl/, line)
      }
      for (const line of ['--netmaster http://127.0.0.1:1 net ls', '-netmaster=http://127.0.0.1:1 net ls']) {
        assert.match((await netctl(line)).stderr, /cannot reach skeind at http:\/\/127\.0\.0\.1:1/, line)
      }
      const { stderr } = await runCli('netctl', ['net', 'ls'], { NETMASTER: 'http://127.0.0.1:1' })
      assert.match(stderr, /cannot reach skeind at http:\/\/127\.0\.0\.1:1/)
    })

    it('begins -v with a blank line, as Contiv does, and version with none', async () => {
      const said = await host.netctl('version')
      assert.match(
        said.stdout,
        /^Client Version:\nVersion: .*\nGitCommit: .*\nBuildTime: .*\n\nServer Version:\nVersion: /,
      )
      for (const flag of ['-v', '--version']) assert.equal((await host.netctl(flag)).stdout, `\n${said.stdout}`, flag)
      assert.doesNotMatch((await host.skein('-v')).stdout, /^\n/)
    })
  })

  it('cannot tell versions without skeind: no failure to Contiv, whose words come first', async () => {
    const { code, stdout, stderr } = await netctl('version')
    assert.deepEqual([code, stdout], [0, 'Unable to fetch version information\n'])
    assert.match(stderr, /^ERRO\[0000\] cannot reach skeind at .*: is it running\? Start it with: skeind\n$/)
  })
})
