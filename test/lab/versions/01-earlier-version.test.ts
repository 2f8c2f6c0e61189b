import assert from 'node:assert/strict'
import { type LabHost, membersReady } from '../../../lab/index.ts'
import { assertAgree, netctl, status, three } from '../acceptance/cli.ts'
import { assertReaches6, runDual } from '../ipv6/scene.ts'
import { places } from '../like-docker/mesh.ts'
import {
  assertReaches,
  type Container,
  eventually,
  networksAppear,
  pingDuring,
  runContainer,
  useLab,
} from '../support/index.ts'
import { buildEarlier, removeEarlier } from './earlier.ts'

/** The one and the other, on three hosts: host1 and host3 begin with the earlier version, host2 with this one. */
describe('versions: hosts of an earlier version and of this one in one mesh', function () {
  this.timeout(120_000)
  const lab = useLab({ own: true, hosts: 3, peers: false, clean: false })
  let root = ''
  before(async function () {
    this.timeout(120_000)
    root = await buildEarlier()
  })
  after(() => removeEarlier(root))

  const hosts = () => three(lab().hosts())
  const running: Container[] = []
  /** All hosts agree and list the same containers; the youngest three reach all. */
  async function assertWhole(list: readonly LabHost[]): Promise<void> {
    await assertAgree(list, 20_000)
    const wanted = running.map(each => `${each.name} ${each.ip}`).sort()
    for (const host of list) await eventually(async () => assert.deepEqual(await places(host, 'web'), wanted))
    for (const from of running.slice(-3)) for (const to of running) await eventually(() => assertReaches(from, to.ip))
  }

  it('invite each other, and settle', async () => {
    const [one, two, other] = hosts()
    await one.startPeer({ root })
    await two.startPeer({ join: await one.invite() })
    await other.startPeer({ root, join: await two.invite() })
    await membersReady(['host1', 'host2', 'host3'], 30_000)
    await assertAgree(hosts(), 20_000)
  })

  it('have networks, addresses and containers in common, whoever made them', async () => {
    const [one, two, other] = hosts()
    await netctl(one, 'net', 'create', '-s', '10.1.2.0/24', 'web')
    await netctl(two, 'net', 'create', '-s', '10.1.3.0/24', 'of-this')
    await networksAppear(hosts(), 'web', 'of-this')
    for (const [n, host] of hosts().entries()) running.push(await runContainer(host, 'web', `c${n + 1}`))
    await assertWhole(hosts())
    await netctl(other, 'net', 'rm', 'of-this')
    await assertAgree(hosts(), 20_000)
  })

  it('go on in a split, each side alone, and are one after it', async () => {
    const [one, two, other] = hosts()
    await lab().split(['1 3', '2'])
    await netctl(one, 'net', 'create', '-s', '10.1.4.0/24', 'both')
    await netctl(two, 'net', 'create', '-s', '10.1.4.0/24', 'both')
    for (const [n, host] of [one, two, other].entries()) running.push(await runContainer(host, 'web', `s${n + 1}`))
    await lab().heal()
    await assertWhole(hosts())
    assert.deepEqual((await status(two)).conditions, [])
  })

  it('pass on what only this version knows: a host that joins by the earlier ones has all of it', async () => {
    const [one, two, other] = hosts()
    await netctl(two, 'net', 'create', '-s', '10.6.0.0/24', '-s6', 'fd00:6::/64', '-g', '10.6.0.254', 'dual')
    await netctl(two, 'policy', 'create', 'guard')
    await netctl(two, 'policy', 'rule-add', '-d', 'in', '--protocol', 'tcp', '--action', 'deny', 'guard', '1')
    await assertAgree(hosts(), 20_000)
    await lab().split(['1 3', '2'])
    const four = await lab().addHost({ peer: false })
    await four.startPeer({ join: await other.invite() })
    await assertAgree([one, other, four], 20_000)
    assert.match(await netctl(four, 'net', 'ls'), /dual .*fd00:6::\/64/)
    assert.match(await netctl(four, 'policy', 'rule-ls', 'guard'), /tcp/)
    await lab().heal()
    await membersReady(['host1', 'host2', 'host3', 'host4'], 30_000)
    await networksAppear([two, four], 'dual')
    const aa = await runDual(two, 'dual', 'aa')
    const bb = await runDual(four, 'dual', 'bb')
    await eventually(() => assertReaches6(aa, bb.ip6))
  })

  it('are brought to this version one by one: no packet is lost, nothing is forgotten', async () => {
    const [one, , other] = hosts()
    const [c1, , c3] = running as [Container, Container, Container]
    for (const host of [one, other]) {
      const { lost } = await pingDuring(c1, c3.ip, async () => {
        await host.stopPeer()
        await host.startPeer()
        await membersReady(['host1', 'host2', 'host3', 'host4'], 30_000)
      })
      assert.deepEqual(lost, [])
    }
    await assertWhole(lab().hosts())
    await networksAppear(lab().hosts(), 'dual')
    running.push(await runContainer(one, 'web', 'after'))
    await assertWhole(lab().hosts())
    for (const host of lab().hosts()) assert.deepEqual((await status(host)).conditions, [])
  })
})
