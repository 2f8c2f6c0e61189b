import assert from 'node:assert/strict'
import { Command } from 'commander'
import { registerLab } from '../../../lab/cli.ts'

function labCommand(): { program: Command; lab: Command } {
  const program = new Command('skein').exitOverride()
  registerLab(program)
  const lab = program.commands.find(command => command.name() === 'lab')
  assert.ok(lab)
  return { program, lab }
}

/** Parses without acting: what the action would have been given. */
async function parsed(...argv: string[]): Promise<{ args: string[]; options: object }> {
  const { program, lab } = labCommand()
  const command = lab.commands.find(candidate => candidate.name() === argv[0])
  assert.ok(command, `there is a command ${argv[0]}`)
  let got: { args: string[]; options: object } | undefined
  command.action(() => {
    got = { args: command.args, options: command.opts() }
  })
  await program.parseAsync(['lab', ...argv], { from: 'user' })
  assert.ok(got)
  return got
}

describe('lab: command line', () => {
  before(() => assert.equal(process.geteuid?.(), 0, 'the lab is for root alone: run the tests as root'))

  it('starts three hosts with peers unless told otherwise', async () => {
    assert.deepEqual((await parsed('up')).options, { hosts: 3, peers: true })
    assert.deepEqual((await parsed('up', '--hosts', '5', '--no-peers')).options, { hosts: 5, peers: false })
    await assert.rejects(parsed('up', '--hosts', 'many'), /'many' is no number of hosts/)
  })

  it('leaves what follows -- alone', async () => {
    const { args } = await parsed('exec', 'host1', '--', 'docker', 'run', '--rm', '-it', 'alpine', '--', '--hosts')
    assert.deepEqual(args, ['host1', 'docker', 'run', '--rm', '-it', 'alpine', '--', '--hosts'])
  })

  it('takes groups of hosts', async () => {
    assert.deepEqual(await parsed('split', '--one-way', '1 2', '3'), { args: ['1 2', '3'], options: { oneWay: true } })
  })

  it('adds a host through a given one', async () => {
    assert.deepEqual((await parsed('add-host', '--join-via', 'host3')).options, { peer: true, joinVia: 'host3' })
  })
})
