/** Good and bad inputs of all that makes objects: what is bad says why and changes nothing. */
import assert from 'node:assert/strict'
import { Command, type Option } from 'commander'
import { readArguments } from '../../../cli/grammar.ts'
import { addCommands } from '../../../cli/program.ts'
import { createSession } from '../../../cli/session.ts'
import { type CliPeer, runCli, startCliPeer } from './fixture.ts'
import { bad, good, goodInOrder, prepared } from './input-table.ts'

const words = (line: string) => line.split(' ')

describe('cli: policies, groups, profiles, settings', function () {
  this.timeout(60_000)
  let host: CliPeer
  const skein = (line: string) => host.skein(...words(line))
  beforeEach(async () => {
    host = await startCliPeer()
    for (const line of prepared) assert.equal((await skein(line)).code, 0, line)
  })
  afterEach(() => host.stop())

  for (const [line, stdout] of good) {
    it(`takes: ${line}`, async () => {
      const outcome = await skein(line)
      assert.equal(outcome.code, 0, outcome.stderr)
      assert.match(outcome.stdout, stdout)
    })
  }

  it('refuses what is bad with one line, and changes nothing', async () => {
    const before = host.peer.registry.digest()
    for (const [line, code, stderr] of bad) {
      const outcome = await skein(line)
      assert.match(outcome.stderr, stderr, line)
      assert.equal(outcome.code, code, `${line}: ${outcome.stderr}`)
      assert.equal(outcome.stderr.trimEnd().split('\n').length, 1, line)
      assert.equal(host.peer.registry.digest(), before, line)
    }
  })

  it('takes these, one after the other', async () => {
    for (const [line, stdout] of goodInOrder) {
      const version = line.includes('VERSION') ? await latestVersion() : ''
      const outcome = await skein(line.replace('VERSION', version))
      assert.equal(outcome.code, 0, `${line}: ${outcome.stderr}`)
      assert.match(outcome.stdout, stdout, line)
    }
  })

  /** Of the history of green's policy: before its rules were removed. */
  async function latestVersion(): Promise<string> {
    const events = JSON.parse((await skein('policy history -t green p -j')).stdout) as {
      version: string
      what: string
    }[]
    const added = events.filter(({ what }) => what.includes('added'))
    return added.at(-1)?.version ?? ''
  }

  it('the tables above have every verb, and every flag that takes a value both well and badly', async () => {
    const io = { stdout: () => {}, stderr: () => {}, stdin: async () => '' }
    const session = createSession('skein', io, {}, () => ({}))
    const program = new Command('skein')
    await addCommands(program, session, [])
    const nouns = ['tenant', 'network', 'policy', 'group', 'netprofile', 'global', 'why']
    const used = (lines: readonly string[]) => {
      const found = new Set<string>()
      for (const line of lines) {
        const { args, command } = readArguments(program, words(line))
        found.add(pathOf(command))
        for (const arg of args) if (arg.startsWith('--')) found.add(`${pathOf(command)} ${arg.split('=')[0]}`)
      }
      return found
    }
    const [well, badly] = [
      used([...prepared, ...good.map(([line]) => line), ...goodInOrder.map(([line]) => line)]),
      used(bad.map(([line]) => line)),
    ]
    const missing: string[] = []
    for (const command of leavesOf(program).filter(each => nouns.includes(pathOf(each).split(' ')[0] ?? ''))) {
      if (!well.has(pathOf(command))) missing.push(pathOf(command))
      for (const option of command.options.filter(each => each.long !== '--wait')) {
        const flag = `${pathOf(command)} ${option.long}`
        // what is refused whatever its value is in the bad table alone
        if (!well.has(flag) && !neverTaken.includes(flag)) missing.push(`good: ${flag}`)
        if (takesValue(option) && !badly.has(flag)) missing.push(`bad: ${flag}`)
      }
    }
    assert.deepEqual(missing, [])
  })

  const neverTaken = [...['network create --nw-tag', 'group create --external-contract', 'group create --epg-tag']]
  const takesValue = (option: Option) => option.required || option.optional
  const pathOf = (command: Command): string =>
    command.parent?.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name()
  const leavesOf = (command: Command): Command[] =>
    command.commands.length === 0 ? [command] : command.commands.flatMap(leavesOf)

  it('refuses to delete a tenant with any of these, in Contiv’s order, each time with the command that is next', async () => {
    for (const line of [
      'net create -t blue -s 10.1.2.0/24 w',
      'policy create -t blue q',
      'netprofile create -t blue n',
    ]) {
      await skein(line)
    }
    await skein('group create -t blue w g -p q -n n')
    const nouns: string[] = []
    for (let outcome = await skein('tenant rm blue'); outcome.code !== 0; outcome = await skein('tenant rm blue')) {
      const said = /^Error: cannot delete blue has 1 (.*) \(\w\): remove them first with: skein (.*)\n$/.exec(
        outcome.stderr,
      )
      const [, noun = '', next = ''] = said ?? assert.fail(outcome.stderr)
      nouns.push(noun)
      assert.equal((await skein(next)).code, 0, next)
    }
    assert.deepEqual(nouns, ['endpoint groups', 'policies', 'netprofiles', 'networks'])
  })

  it('keeps networks and groups apart that would have one name in Docker', async () => {
    await skein('net create -s 10.1.9.0/24 x.db')
    assert.match(
      (await skein('group create db x')).stderr,
      /EndpointGroup x conflicts .* network x\.db is called x\.db/,
    )
    await skein('net create -s 10.1.10.0/24 c')
    await skein('net create -s 10.1.11.0/24 b.c')
    await skein('group create c a.b')
    assert.match(
      (await skein('group create b.c a')).stderr,
      /EndpointGroup a conflicts .* group a\.b is called a\.b\.c/,
    )
    assert.match((await skein('net rename b.c a.b.c')).stderr, /Network a\.b\.c conflicts with the endpointGroup name/)
    assert.equal((await skein('group create c a.b')).code, 0, 'one that is there is in its own way')
  })

  it('makes the groups of a network that is drained on the one that its containers go to, with their policies', async () => {
    const groups = () => host.peer.registry.objects.groups('default').filter(group => group.bornName === 'app')
    await skein('net create -s 10.1.9.0/24 next')
    const { stdout } = await skein('net drain web --into next')
    assert.match(stdout, /^network default:web is being drained into next/)
    assert.deepEqual(
      groups().map(({ policies, profile, pool }) => [...policies, profile, pool]),
      [
        ['p', 'gold', '10.1.2.10-10.1.2.20'],
        ['p', 'gold', ''],
      ],
    )
    assert.deepEqual(
      host.peer.registry.conditions().map(({ kind }) => kind),
      ['drain'],
    )
    assert.match((await skein('net drain web --into next')).stdout, /already being drained/)
    assert.equal(groups().length, 2)
  })

  it('refuses to delete a group with containers, naming them', async () => {
    const { registry, deps } = host.peer
    const app = registry.objects.groupByName('default', 'app')
    assert.ok(app)
    const at = { network: app.network, ip: 0x0a01020b, mac: '02:02:0a:01:02:0b', container: '', group: app.id }
    await deps.replica.write(() => [{ kind: 'endpoint', id: 'e1', ...at, containerName: 'c1' }])
    assert.match(
      (await skein('group rm app')).stderr,
      /cannot delete group app, has active endpoints: c1 on .*docker rm -f/,
    )
  })

  it('goes back to a version of the history', async () => {
    const version = (await skein('policy history p')).stdout
      .split('\n')
      .find(line => line.includes('rule 1~'))
      ?.slice(0, 8)
    await skein('policy rule-rm p 1')
    const { stdout } = await skein(`policy restore p ${version}`)
    assert.match(stdout, /^policy default:p restored: 1 rules added, 1 removed/)
    assert.equal((await skein('policy rule-ls -q p')).stdout, '1\n')
  })

  it('netctl replaces the policies of a group, also by none; skein leaves them alone', async () => {
    await host.netctl(...words('group create web app'))
    assert.deepEqual(host.peer.registry.objects.groupByName('default', 'app')?.policies, [])
  })

  it('exports what apply takes', async () => {
    const { stdout } = await skein('export')
    const other = await startCliPeer()
    try {
      const dry = await runCli('skein', ['apply', '--dry-run', '-f', '-'], { SKEIN_HOST: other.socketPath }, stdout)
      assert.equal(dry.code, 0, dry.stdout)
      const { code, stdout: said } = await runCli(
        'skein',
        ['apply', '-f', '-'],
        { SKEIN_HOST: other.socketPath },
        stdout,
      )
      assert.equal(code, 0, said)
      assert.equal((await other.skein('export')).stdout, stdout)
      const again = await runCli('skein', ['apply', '-f', '-'], { SKEIN_HOST: other.socketPath }, stdout)
      assert.ok(
        again.stdout.split('\n').every(line => line === '' || line.endsWith('exists already')),
        again.stdout,
      )
    } finally {
      await other.stop()
    }
  })
})
