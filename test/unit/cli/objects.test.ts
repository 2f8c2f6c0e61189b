/** Good and bad inputs of `policy`, `group`, `netprofile` and `global`: what is bad says why and changes nothing. */
import assert from 'node:assert/strict'
import { type CliPeer, runCli, startCliPeer } from './fixture.ts'

const words = (line: string) => line.split(' ')

/** A tenant, a network, a policy with a rule that names both, a profile and a group that has them. */
const prepared = [
  'tenant create blue',
  'net create -s 10.1.2.0/24 web',
  'net create -s 10.1.3.0/24 db',
  'policy create p',
  'policy create spare',
  'netprofile create gold -b 10m -d 3 -s 100',
  'group create web app -p p -n gold -r 10.1.2.10-10.1.2.20',
  'policy rule-add p 1 -n db -l tcp -P 80 -j deny',
  'policy rule-add p 2 -g app',
]

const good: [line: string, stdout: RegExp][] = [
  ['policy create new', /^policy default:new created/],
  ['policy create -t blue p', /^policy blue:p created/],
  ['policy create p', /^policy default:p exists already/],
  ['policy ls -q', /^p\nspare\n$/],
  ['policy inspect p', /"Rules"/],
  ['policy rm spare', /^policy default:spare deleted/],
  ['policy rule-add p 3 -direction=out -e app -p 100', /^rule default:p:3 added/],
  ['policy rule-add p 3 --from-ip-address 10.1.2.3-9 --to-ip-address 10.1.0.0/16', /added/],
  ['policy rule-add p 3 -l 6 -P 80', /added/],
  ['policy rule-add p 3 -l 255', /added/],
  ['policy rule-add p 3 -g app -n web', /added/],
  ['policy rule-add p 1 -n db -l 6 -P 80 -j deny', /^rule default:p:1 exists already/],
  ['policy rule-rm p 1', /^rule default:p:1 removed/],
  ['policy rule-ls p -q', /^1\n2\n$/],
  ['policy history p', /rule 1~[0-9a-f]{4} added: deny in tcp 80 from network db priority 1 +in effect/],
  ['group create web app', /^group default:app exists already/],
  ['group create web app -p spare', /^group default:app changed/],
  ['group create web app --policy=', /^group default:app changed/],
  ['group create web other -p p,spare -r 10.1.2.21-30', /^group default:other created/],
  ['group inspect app', /"groupTag": "app.default"/],
  ['netprofile create gold -b 1gbps', /^netprofile default:gold changed/],
  ['netprofile create gold', /^netprofile default:gold exists already/],
  ['netprofile ls', /gold +default +10Mbps +3 +100\n$/],
  ['netprofile inspect gold', /"EndpointGroups"/],
  ['global info', /^Fabric mode: default\nForward mode: bridge\nARP mode: proxy\nVlan Range: 1-4094\n/],
  ['global set -v 100-200', /^settings changed/],
  ['global set -f default', /^settings are so already/],
]

const bad: [line: string, code: number, stderr: RegExp][] = [
  ['policy create a_b', 3, /policy name "a_b" is invalid/],
  ['policy create -t red p', 4, /tenant red does not exist: create it with: skein tenant create red/],
  ['policy create', 2, /missing required argument/],
  ['policy rm nope', 4, /policy nope does not exist: create it/],
  ['policy rm p', 5, /Policy is being used: .* groups app have it/],
  ['policy inspect nope', 4, /policy nope does not exist/],
  ['policy rule-ls nope', 4, /policy nope does not exist/],
  ['policy rule-add nope 1', 4, /policy nope does not exist/],
  ['policy rule-add p', 2, /missing required argument/],
  ['policy rule-add p a~b', 3, /rule name "a~b" is invalid/],
  ['policy rule-add p 1 -j deny', 5, /can not update a rule after its created: .* skein policy rule-rm p 1/],
  ['policy rule-add p 3 -d sideways', 3, /Unknown direction "sideways"/],
  ['policy rule-add p 3 -p 0', 2, /--priority "0" is invalid: use a number from 1 to 100/],
  ['policy rule-add p 3 -p 101', 2, /--priority "101"/],
  ['policy rule-add p 3 -j drop', 3, /action "drop" is invalid/],
  ['policy rule-add p 3 -l 300', 3, /protocol "300" is invalid/],
  ['policy rule-add p 3 -l ip', 3, /protocol "ip" is invalid/],
  ['policy rule-add p 3 -l icmp -P 80', 3, /port 80 needs a protocol that has ports/],
  ['policy rule-add p 3 -P 80', 3, /needs a protocol that has ports/],
  ['policy rule-add p 3 -l tcp -P 65536', 2, /--port "65536" is invalid/],
  ['policy rule-add p 3 -e app', 3, /Cant specify to-group for incoming rule/],
  ['policy rule-add p 3 -o web', 3, /Cant specify to-network for incoming rule/],
  ['policy rule-add p 3 -d out -g app', 3, /Cant specify from-group for outgoing rule/],
  ['policy rule-add p 3 -d out -n web', 3, /Cant specify from-network for outgoing rule/],
  ['policy rule-add p 3 -d out -i 10.1.2.3', 3, /Cant specify from-ip-address for outgoing rule/],
  ['policy rule-add p 3 -g app -n db', 3, /Can't specify both from-group app and from-network db/],
  ['policy rule-add p 3 -g nope', 4, /group nope does not exist/],
  ['policy rule-add p 3 -n nope', 4, /network nope does not exist/],
  ['policy rule-add p 3 -i 10.1.2.3/24', 3, /has host bits set \(did you mean 10.1.2.0\/24/],
  ['policy rule-add p 3 -i 10.1.2.9-10.1.2.3', 3, /ends before it starts/],
  ['policy rule-add p 3 -i 10.1.2.9-300', 3, /whose end is no address/],
  ['policy rule-add p 3 -i 10.1.2.0/33', 3, /a length of 1 to 32/],
  ['policy rule-add p 3 -i fd00::1', 3, /is no IPv4 address/],
  ['policy rule-rm p 9', 4, /rule 9 does not exist in policy p: see skein policy rule-ls p/],
  ['policy rule-rm p 1~ffff', 4, /rule 1~ffff does not exist/],
  ['policy history nope', 4, /policy nope has no history/],
  ['policy restore p ffff', 4, /names no event of policy p: see skein policy history p/],
  ['policy restore p', 2, /missing required argument/],
  ['group create web', 2, /missing required argument/],
  ['group create nope g', 4, /network nope does not exist/],
  ['group create web a_b', 3, /group name "a_b" is invalid/],
  ['group create web g -p nope', 4, /policy nope does not exist/],
  ['group create web g -n nope', 4, /netprofile nope does not exist/],
  ['group create web g -r 10.9.0.1-10.9.0.9', 3, /is not within the network's addresses/],
  ['group create web g -r 10.1.2.0/28', 3, /is a prefix: write the range/],
  ['group create web g -r 10.1.2.20-10.1.2.30', 5, /overlaps that of group app/],
  ['group create web g -e c', 3, /external contracts/],
  ['group create web g --tag t', 3, /group tags are not supported/],
  ['group create db app', 5, /Cannot change network association/],
  ['group create web app -r 10.1.2.40-10.1.2.50', 5, /Cannot change IP pool/],
  ['group rm nope', 4, /group nope does not exist/],
  ['group rm db app', 3, /group app is in network web, not db/],
  ['group rm app', 5, /cannot delete group app, 1 rules name it: .* skein policy rule-rm p 2/],
  ['group ls -t red', 4, /tenant red does not exist/],
  ['netprofile create x -b fast', 3, /bandwidth "fast" is invalid/],
  ['netprofile create x -d 64', 2, /--dscp "64"/],
  ['netprofile create x -s 1', 3, /burst 1 is invalid/],
  ['netprofile create x -s 10487', 2, /--burst "10487"/],
  ['netprofile rm nope', 4, /netprofile nope does not exist/],
  ['netprofile rm gold', 5, /cannot delete netprofile gold, groups app have it/],
  ['net rm web', 5, /cannot delete web has 1 endpoint groups \(app\): .* skein group rm app/],
  ['net rm db', 5, /cannot delete network db, 1 rules name it/],
  ['net rename db store', 5, /cannot rename network db, 1 rules name it: .* skein policy rule-rm p \d/],
  ['global set', 2, /nothing to set/],
  ['global set -f aci', 3, /fabric mode aci is not supported/],
  ['global set -b routing', 3, /forwarding mode routing is not supported/],
  ['global set -a flood', 3, /ARP mode flood is not supported/],
  ['global set -a x', 3, /ARP mode "x" is invalid/],
  ['global set -v 0-10', 3, /VLAN range "0-10" is invalid/],
  ['global set -v 5-4095', 3, /VLAN range "5-4095" is invalid/],
  ['global set -x 9-1', 3, /VXLAN range "9-1" is invalid/],
  ['global set -s 10.0.0.0/16', 3, /no private subnet/],
]

describe('cli: policies, groups, profiles, settings', () => {
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

  it('refuses to delete a tenant with any of these, in Contiv’s order', async () => {
    for (const line of ['policy create -t blue q', 'netprofile create -t blue n']) await skein(line)
    assert.match(
      (await skein('tenant rm blue')).stderr,
      /cannot delete blue has 1 policies \(q\): .* skein policy rm -t blue q/,
    )
    await skein('policy rm -t blue q')
    assert.match((await skein('tenant rm blue')).stderr, /has 1 netprofiles \(n\)/)
    await skein('netprofile rm -t blue n')
    assert.equal((await skein('tenant rm blue')).code, 0)
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
