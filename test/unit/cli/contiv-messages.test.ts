/** Contiv's messages: netctl says them, each on one line, and in the words of its user what to type next. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'mocha'
import { type CliPeer, startCliPeer } from './fixture.ts'

/** What is there: tenant blue, networks lan and dmz, groups web and db of the first and the second, policy p. */
const prepared = [
  'tenant create blue',
  'net create -s 10.1.2.0/24 lan',
  'net create -s 10.1.3.0/24 dmz',
  'group create lan web',
  'group create dmz db',
  'policy create p',
]

/** What Contiv refuses, in its words. `…` stands for the help of the command. */
const refused: [line: string, code: number, text: string][] = [
  ['tenant create', 2, 'Tenant name required; …'],
  ['tenant rm', 2, 'Tenant name required; …'],
  ['tenant inspect', 2, 'Tenant name required; …'],
  ['network create -s 10.1.9.0/24', 2, 'Network name required; …'],
  ['network create x', 2, 'Subnet is required; …'],
  ['network create x -s 10.1.9.0/24 -g 10.1.9', 2, 'Invalid gateway - Enter in A.B.C.D format; …'],
  ['network create x -s 10.1.9.0/24 -g fd00::1', 2, 'Invalid gateway - Enter in A.B.C.D format; …'],
  ['network create x -s 10.1.9.0/24 --s6 fd00:9::/64 --g6 fd00', 2, 'Invalid IPv6 gateway; …'],
  ['network create x -s 10.1.9.0/24 --s6 fd00:9::/64 --g6 10.1.9.1', 2, 'Invalid IPv6 gateway; …'],
  ['network rm', 2, 'Network name required; …'],
  ['network inspect', 2, 'Network name required; …'],
  ['group create lan', 2, 'Network and group name required; …'],
  ['group rm', 2, 'EndpointGroup name required; …'],
  ['group inspect', 2, 'EndpointGroup name required; …'],
  ['policy create', 2, 'Policy name required; …'],
  ['policy rm', 2, 'Policy name required; …'],
  ['policy inspect', 2, 'Policy name required; …'],
  ['policy rule-ls', 2, 'Policy name required; …'],
  ['policy rule-add p', 2, 'Policy name and Rule ID required; …'],
  ['policy rule-rm p', 2, 'Policy name and Rule ID required; …'],
  ['netprofile create', 2, 'Net profile name required; …'],
  ['netprofile rm', 2, 'Net profile name required; …'],
  ['netprofile inspect', 2, 'Net profile name required; …'],
  ['endpoint inspect', 2, 'Endpoint name required; …'],

  ['version x', 2, 'More arguments than required; …'],
  ['tenant ls x', 2, 'More arguments than required; …'],
  ['network ls x', 2, 'More arguments than required; …'],
  ['group ls x', 2, 'More arguments than required; …'],
  ['policy ls x', 2, 'More arguments than required; …'],
  ['netprofile ls x', 2, 'More arguments than required; …'],
  ['global info x', 2, 'More arguments than required; …'],
  ['global inspect x', 2, 'More arguments than required; …'],

  ['network ls -t red', 4, 'tenant not found: red; see: netctl tenant ls'],
  ['group ls -t red', 4, 'tenant not found: red; see: netctl tenant ls'],
  ['policy ls -t red', 4, 'tenant not found: red; see: netctl tenant ls'],
  ['netprofile ls -t red', 4, 'tenant not found: red; see: netctl tenant ls'],

  ['policy rule-add p 1 -d sideways', 3, 'Unknown direction "sideways": use --direction=in or out'],
  ...incoming('-e web', 'to-group'),
  ...incoming('-o lan', 'to-network'),
  ...outgoing('-g web', 'from-group'),
  ...outgoing('-n lan', 'from-network'),
  ...outgoing('-i 10.1.2.3', 'from-ip-address'),
  [
    'policy rule-add p 1 -g web -n dmz',
    3,
    "Can't specify both from-group argument and -from-network: group web is in another network than dmz; leave out --from-network",
  ],
  [
    'policy rule-add p 1 -d out -e web -o dmz',
    3,
    "Can't specify both -to-group and -to-network: group web is in another network than dmz; leave out --to-network",
  ],
]

function incoming(flag: string, name: string): typeof refused {
  const why = 'its to side is the group that has the policy'
  return [[`policy rule-add p 1 ${flag}`, 3, `Cant specify ${name} for incoming rule: ${why}`]]
}

function outgoing(flag: string, name: string): typeof refused {
  const why = 'its from side is the group that has the policy'
  return [[`policy rule-add p 1 -d out ${flag}`, 3, `Cant specify ${name} for outgoing rule: ${why}`]]
}

/** What Contiv says of what it does, on stderr, as the tutorial shows it; '' where the tutorial shows nothing. */
const told: [line: string, text: string][] = [
  ['tenant create red', 'Creating tenant: red'],
  ['tenant delete red', 'Deleting tenant red'],
  // later versions say: Creating network default:x
  ['net create -s 10.1.9.0/24 x', ''],
  ['net delete x', 'Deleting network default:x'],
  // and: Creating EndpointGroup default:x
  ['group create lan x', ''],
  ['group delete x', ''],
  ['policy create q', 'Creating policy default:q'],
  ['policy delete q', 'Deleting policy default:q'],
  // the tutorial's version refuses: from-group argument requires -from-network too
  ['policy rule-add p 1 -g web', ''],
  ['policy rule-add p 2 -g web -n lan', ''],
  // and: Cant specify to-ip-address for incoming rule
  ['policy rule-add p 3 -s 10.1.2.3', ''],
  ['policy rule-rm p 3', ''],
  ['global set -v 1-4000', ''],
]

describe("cli: Contiv's messages", function () {
  this.timeout(60_000)
  let host: CliPeer
  const netctl = (line: string) => host.netctl(...line.split(' '))
  before(async () => {
    host = await startCliPeer()
    for (const line of prepared) assert.equal((await netctl(line)).code, 0, line)
  })
  after(() => host.stop())

  it('refuses in its words, with the exit code of the error table, and changes nothing', async () => {
    const digest = host.peer.registry.digest()
    for (const [line, code, text] of refused) {
      const help = `see: netctl ${line
        .split(' ')
        .slice(0, line.startsWith('version') ? 1 : 2)
        .join(' ')} --help`
      const stderr = `ERRO[0000] ${text.replace('…', help)}\n`
      assert.deepEqual(await netctl(line), { code, stdout: '', stderr }, line)
      assert.equal(host.peer.registry.digest(), digest, line)
    }
  })

  it('tells what it does, where the tutorial has a line for it', async () => {
    for (const [line, text] of told) {
      const stderr = text && `INFO[0000] ${text.padEnd(41)}\n`
      assert.deepEqual(await netctl(line), { code: 0, stdout: '', stderr }, line)
    }
  })

  it('says those of netctl alone: skein has its own', async () => {
    const cases: [line: string, stderr: RegExp][] = [
      ['net create x', /^Error: subnet is required: add --subnet=/],
      ['net create -s 10.1.9.0/24 -g x y', /^Error: gateway x is no address/],
      ['net ls -t red', /^Error: tenant red does not exist: create it with: skein tenant create red\n/],
      ['net ls x', /^Error: too many arguments/],
    ]
    for (const [line, stderr] of cases) assert.match((await host.skein(...line.split(' '))).stderr, stderr, line)
  })
})
