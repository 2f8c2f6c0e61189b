import assert from 'node:assert/strict'
import { Command } from 'commander'
import { readArguments } from '../../../cli/grammar.ts'
import { type CliPeer, startCliPeer } from './fixture.ts'

function tree(): Command {
  const program = new Command('netctl').option('-H, --host <host>', '')
  const net = program.command('network').alias('net')
  net
    .command('create')
    .argument('<network>')
    .option('-t, --tenant <tenant>', '')
    .option('--s6, --subnetv6 <cidr>', '')
    .option('-p, --pkt-tag <tag>', '')
  net.command('ls').option('-a, --all', '').option('-j, --json', '').option('-q, --quiet', '')
  program.command('rule-add').argument('<policy>').argument('<rule>').option('-d, --direction <direction>', '')
  return program
}

describe('cli: grammar', () => {
  const cases: [given: string, becomes: string, leaf: string][] = [
    ['net create -t blue web', 'net create --tenant=blue web', 'create'],
    ['net create -t=blue web', 'net create --tenant=blue web', 'create'],
    ['net create --t blue web', 'net create --tenant=blue web', 'create'],
    ['net create -tenant blue web', 'net create --tenant=blue web', 'create'],
    ['net create -tenant=blue web', 'net create --tenant=blue web', 'create'],
    ['net create --tenant blue web', 'net create --tenant=blue web', 'create'],
    ['net create web --tenant=blue', 'net create web --tenant=blue', 'create'],
    ['net create -s6 2001:db8::/64 web', 'net create --subnetv6=2001:db8::/64 web', 'create'],
    ['net create --subnetv6=2001:db8::/64 web', 'net create --subnetv6=2001:db8::/64 web', 'create'],
    ['net create -p -5 web', 'net create --pkt-tag=-5 web', 'create'],
    ['net create --tenant= web', 'net create --tenant= web', 'create'],
    ['net create --tenant=a=b web', 'net create --tenant=a=b web', 'create'],
    ['net create -- -t', 'net create -- -t', 'create'],
    ['network ls -a -j', 'network ls --all --json', 'ls'],
    ['net ls -all=true -json=false', 'net ls --all', 'ls'],
    ['net ls -aq', 'net ls --all --quiet', 'ls'],
    ['-H /x net ls', '--host=/x net ls', 'ls'],
    ['net ls -host /x', 'net ls --host=/x', 'ls'],
    ['net create ls', 'net create ls', 'create'],
    ['rule-add db-policy 1 -direction=in', 'rule-add db-policy 1 --direction=in', 'rule-add'],
    ['rule-add db-policy -direction in 1', 'rule-add db-policy --direction=in 1', 'rule-add'],
    ['net ls --bogus', 'net ls --bogus', 'ls'],
  ]
  for (const [given, becomes, leaf] of cases) {
    it(`reads: ${given}`, () => {
      const { args, command } = readArguments(tree(), given.split(' '))
      assert.equal(args.join(' '), becomes)
      assert.equal(command.name(), leaf)
    })
  }

  it('refuses a flag without its value, and a switch with one', () => {
    assert.throws(() => readArguments(tree(), ['net', 'create', 'web', '-t']), {
      code: 'usage',
      message: '-t needs a value; see: netctl network create --help',
    })
    assert.throws(() => readArguments(tree(), ['net', 'ls', '--json=x']), { code: 'usage' })
  })

  describe('end to end', () => {
    let host: CliPeer
    beforeEach(async () => {
      host = await startCliPeer()
    })
    afterEach(() => host.stop())

    const forms = [
      'net create --subnet=10.1.2.0/24 -tenant default web',
      'network create web -subnet 10.1.2.0/24',
      'net create -s 10.1.2.0/24 -e=vxlan web -p 0',
      'net create web -s=10.1.2.0/24 -nw-type data -encap=vxlan',
    ]
    for (const form of forms) {
      it(`accepts: ${form}`, async () => {
        assert.deepEqual(await host.netctl(...form.split(' ')), { code: 0, stdout: '', stderr: '' })
        assert.equal((await host.netctl('net', 'ls', '-q')).stdout, 'web\n')
      })
    }
  })
})
