import assert from 'node:assert/strict'
import type { LabHost } from '../../../lab/index.ts'
import { netctl, three } from '../acceptance/cli.ts'
import { docker, eventually, runContainer, useLab } from '../support/index.ts'
import { addresses, ask, assertUnknown, createNetwork, nslookup, upstream } from './names.ts'

const skeinStatus = async (host: LabHost) => (await host.exec(['skein', 'status'])).stdout

describe('like Docker: names across hosts', function () {
  this.timeout(90_000)
  const lab = useLab()
  const hosts = () => three(lab().hosts())

  it('are those of networks that the asker shares, of all hosts', async () => {
    const [one, two, three3] = hosts()
    await netctl(one, 'tenant', 'create', 'blue')
    await createNetwork(lab().hosts(), 'web', '10.1.2.0/24')
    await createNetwork(lab().hosts(), 'db', '10.1.3.0/24')
    await createNetwork(lab().hosts(), 'web', '10.1.2.0/24', 'blue')
    const c1 = await runContainer(one, 'web', 'c1')
    const blue1 = await runContainer(one, 'web/blue', 'blue1')
    const apps = [await runContainer(two, 'web', 'app'), await runContainer(three3, 'web', 'app')]
    const store = await runContainer(two, 'db', 'store')
    const secret = await runContainer(two, 'web/blue', 'secret')
    await eventually(async () => {
      assert.deepEqual((await addresses(c1, 'app')).sort(), apps.map(({ ip }) => ip).sort())
      assert.deepEqual(await addresses(blue1, 'secret'), [secret.ip])
    })
    for (const [from, name] of [
      [c1, 'secret'],
      [c1, 'store'],
      [blue1, 'app'],
      [blue1, 'store'],
    ] as const) {
      await assertUnknown(from, name)
    }
    assert.match(await nslookup(c1, store.ip), /NXDOMAIN/)
    await docker(one, 'network', 'connect', 'db', 'c1')
    await eventually(async () => assert.deepEqual(await addresses(c1, 'store'), [store.ip]), { timeoutMs: 1_000 })
    await docker(one, 'network', 'disconnect', 'db', 'c1')
    await eventually(() => assertUnknown(c1, 'store'), { timeoutMs: 1_000 })
  })

  it('stay while their host is out of reach, and go after the heal with what went meanwhile', async () => {
    const [one, two, three3] = hosts()
    await createNetwork(lab().hosts(), 'contiv-net', '10.1.2.0/24')
    const c1 = await runContainer(one, 'contiv-net', 'c1')
    const c3 = await runContainer(three3, 'contiv-net', 'c3')
    await eventually(async () => assert.deepEqual(await addresses(c1, 'c3'), [c3.ip]))
    await lab().split(['1 2', '3'])
    await docker(three3, 'rm', '-f', 'c3')
    const c2 = await runContainer(two, 'contiv-net', 'c2')
    await eventually(async () => assert.deepEqual(await addresses(c1, 'c2'), [c2.ip]), { timeoutMs: 2_000 })
    assert.deepEqual(await addresses(c1, 'c3'), [c3.ip])
    await lab().heal()
    await eventually(() => assertUnknown(c1, 'c3'))
  })

  it('never cost other names: errors as they are, and without the peer within 6 s as without Skein', async () => {
    const [one] = hosts()
    await createNetwork(lab().hosts(), 'contiv-net', '10.1.2.0/24')
    const c1 = await runContainer(one, 'contiv-net', 'c1')
    await eventually(async () =>
      assert.match(
        (await one.exec(['nft', 'list', 'table', 'ip', 'skein_dns'])).stdout,
        new RegExp(`${upstream} expires`),
      ),
    )
    assert.deepEqual(await addresses(c1, 'outside.lab'), [upstream])
    await assertUnknown(c1, 'nobody.example.org')
    assert.deepEqual((await ask(c1, 'tcp', 'outside.lab')).answers, [`NOERROR ${upstream}`])
    assert.deepEqual((await ask(c1, 'udp', 'outside.lab', 'AAAA')).answers, ['NOERROR'])
    await one.killPeer()
    await eventually(async () => assert.deepEqual(await addresses(c1, 'outside.lab'), [upstream]), { timeoutMs: 6_000 })
    assert.equal((await ask(c1, 'udp', 'outside.lab', 'A', 20)).answered, 20)
    await one.startPeer()
    await eventually(async () =>
      assert.match(
        (await one.exec(['nft', 'list', 'table', 'ip', 'skein_dns'])).stdout,
        new RegExp(`${upstream} expires`),
      ),
    )
    await one.stopPeer()
    assert.deepEqual(await addresses(c1, 'outside.lab'), [upstream], 'at once')
  })

  it('are answered a thousand times a second without loss', async () => {
    const [one, two] = hosts()
    await createNetwork(lab().hosts(), 'contiv-net', '10.1.2.0/24')
    const c1 = await runContainer(one, 'contiv-net', 'c1')
    const c2 = await runContainer(two, 'contiv-net', 'c2')
    await eventually(async () => assert.deepEqual(await addresses(c1, 'c2'), [c2.ip]))
    assert.deepEqual(await ask(c1, 'udp', 'c2', 'A', 3_000), {
      sent: 3_000,
      answered: 3_000,
      answers: [`NOERROR ${c2.ip}`],
    })
    const external = await ask(c1, 'udp', 'outside.lab', 'A', 1_000)
    assert.deepEqual(external, { sent: 1_000, answered: 1_000, answers: [`NOERROR ${upstream}`] })
  })

  it('are known not to work where they cannot, with the remedy', async () => {
    const [one, two, three3] = hosts()
    await createNetwork(lab().hosts(), 'contiv-net', '10.1.2.0/24')
    const setResolver = (text: string) => two.exec(['sh', '-c', `echo 'nameserver ${text}' >/etc/resolv.conf`])
    const rule = (verb: string) =>
      one.exec(['iptables', verb, 'INPUT', '-i', 'docker_gwbridge', '-p', 'udp', '--dport', '7375', '-j', 'DROP'])
    await setResolver('127.0.0.1')
    await runContainer(two, 'contiv-net', 'loopback')
    await docker(three3, 'run', '-d', '--name', 'bridged', 'alpine', 'sleep', '60')
    await docker(three3, 'network', 'connect', 'contiv-net', 'bridged')
    const c1 = await runContainer(one, 'contiv-net', 'c1')
    await addresses(c1, 'outside.lab')
    await rule('-I')
    try {
      await eventually(async () => {
        assert.match(await skeinStatus(two), /in loopback: Docker asks 127\.0\.0\.1 [\s\S]*"dns"[\s\S]*daemon\.json/)
        assert.match(await skeinStatus(three3), /in bridged: no way out over docker_gwbridge/)
      })
      await eventually(
        async () => {
          assert.deepEqual(await addresses(c1, 'outside.lab'), [upstream])
          assert.match(await skeinStatus(one), /firewall drops what containers ask at 172[\s\S]*iptables/)
        },
        { timeoutMs: 30_000 },
      )
    } finally {
      await rule('-D')
      await setResolver(upstream)
      await one.stopPeer()
    }
    await one.startPeer()
    await eventually(async () => assert.doesNotMatch(await skeinStatus(one), /firewall drops/))
  })
})
