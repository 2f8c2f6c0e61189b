import assert from 'node:assert/strict'
import type { LabHost } from '../../../lab/index.ts'
import {
  assertCutOff,
  assertReaches,
  type Container,
  docker,
  eventually,
  runContainer,
  useLab,
} from '../support/index.ts'
import { netctl, three } from './cli.ts'

const net = { default: 'contiv-net', blue: 'contiv-net/blue' }

describe('acceptance 3: two tenants with the same network and addresses', function () {
  this.timeout(90_000)
  const lab = useLab()

  const everywhere = (name: string, there: boolean) =>
    eventually(async () => {
      for (const host of lab().hosts()) {
        const { code } = await host.exec(['docker', 'network', 'inspect', name])
        assert.equal(code === 0, there, `${host.name} ${name}`)
      }
    })

  async function bothTenants(): Promise<void> {
    const [one] = three(lab().hosts())
    await netctl(one, 'net', 'create', '--subnet=10.1.2.0/24', 'contiv-net')
    await netctl(one, 'tenant', 'create', 'blue')
    await netctl(one, 'net', 'create', '-t', 'blue', '--subnet=10.1.2.0/24', 'contiv-net')
    for (const name of Object.values(net)) await everywhere(name, true)
  }

  /** A container of tenant blue with this address; undefined if the host does not own it there. */
  async function blueAt(host: LabHost, ip: string): Promise<Container | undefined> {
    const name = `blue-${ip.replaceAll('.', '-')}`
    const argv = ['docker', 'run', '-d', '--name', name, '--net', net.blue, '--ip', ip, 'alpine', 'sleep', '3600']
    const { code, stdout, stderr } = await host.exec(argv, { timeoutMs: 30_000 })
    if (code !== 0) {
      assert.match(stderr, /belongs to host\d/)
      await docker(host, 'rm', '-f', name)
      return undefined
    }
    const id = stdout.trim()
    const exec = (...words: string[]) => docker(host, 'exec', id, ...words)
    return { host, name, id, ip, mac: '', exec }
  }

  interface Twins {
    red: Container
    blue: Container
  }

  /**
   * Two pairs with one address each, `a` both on one host: the nastiest case. Who owns an address is the hash's choice,
   * so a blue network in which no host owns the same address as in the red one is made anew.
   */
  async function twoTwins(): Promise<{ a: Twins; b: Twins }> {
    await bothTenants()
    const hosts = lab().hosts()
    const [one] = three(hosts)
    const reds = await Promise.all(hosts.map((host, i) => runContainer(host, net.default, `red-${i}`)))
    for (let attempt = 0; attempt < 20; attempt++) {
      const blues = await Promise.all(reds.map(red => blueAt(red.host, red.ip)))
      const at = blues.findIndex(Boolean)
      const [red, blue, other] = [reds[at], blues[at], reds[(at + 1) % reds.length]]
      if (red && blue && other) {
        const found = blues[(at + 1) % reds.length] ?? (await firstOf(hosts, host => blueAt(host, other.ip)))
        assert.ok(found, `some host owns ${other.ip} in tenant blue`)
        return { a: { red, blue }, b: { red: other, blue: found } }
      }
      await eventually(async () => void (await netctl(one, 'net', 'rm', '-t', 'blue', 'contiv-net')))
      await everywhere(net.blue, false)
      await netctl(one, 'net', 'create', '-t', 'blue', '--subnet=10.1.2.0/24', 'contiv-net')
      await everywhere(net.blue, true)
    }
    throw new Error('no host owns one address in both networks, 20 times in a row')
  }

  it('hold the same address at once and reach only their own, over eth1 neither', async () => {
    const { a, b } = await twoTwins()
    const lone = await runContainer(b.blue.host, net.blue, 'lone')
    await assertReaches(a.red, b.red.ip)
    await assertReaches(a.blue, b.blue.ip)
    await assertReaches(a.blue, lone.ip)
    await assertCutOff(a.red, lone.ip, { waitSeconds: 1 })
    for (const bridged of ['1', '0']) {
      await a.red.host.exec(['sysctl', '-w', `net.bridge.bridge-nf-call-iptables=${bridged}`])
      const eth1 = (await a.blue.exec('ip', 'addr', 'show', 'eth1')).match(/inet ([\d.]+)/)?.[1]
      assert.ok(eth1)
      await assertCutOff(a.red, eth1, { waitSeconds: 1 })
    }
  })

  /** Who answers on the port: the name of a container, or '' within 1 s. */
  async function answers(from: Container, ip: string, port: number): Promise<string> {
    const argv = ['docker', 'exec', from.id, 'sh', '-c', `nc -w 1 ${ip} ${port} </dev/null`]
    return (await from.host.exec(argv, { timeoutMs: 20_000 })).stdout.trim()
  }

  /** In this tenant these containers, and no other of the same address, answer on the ports that its own policy leaves open. */
  async function assertOwn(pair: readonly Container[], open: readonly number[]): Promise<void> {
    const [a, b] = pair as [Container, Container]
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const) {
      const seen = await Promise.all([8888, 9999].map(port => answers(from, to.ip, port)))
      assert.deepEqual(
        seen,
        [8888, 9999].map(port => (open.includes(port) ? to.name : '')),
        `${from.name} -> ${to.name}`,
      )
    }
  }

  it('have policies of the same names that say the opposite, and each keeps its own', async () => {
    await bothTenants()
    const [one, two, other] = three(lab().hosts())
    const run = async (tenant: string, deny: string, places: readonly LabHost[]): Promise<Container[]> => {
      const flag = ['-t', tenant]
      await netctl(one, 'policy', 'create', ...flag, 'p')
      await netctl(one, 'policy', 'rule-add', ...flag, 'p', '1', '-protocol=tcp', `-port=${deny}`, '-action=deny')
      await netctl(one, 'group', 'create', ...flag, 'contiv-net', 'db', '-policy=p')
      const network = tenant === 'default' ? 'db.contiv-net' : `db.contiv-net/${tenant}`
      await everywhere(network, true)
      return Promise.all(
        places.map(async (host, at) => {
          const name = `${tenant}-${at}`
          const container = await runContainer(host, network, name, { args: ['--ip', `10.1.2.${50 + at}`] })
          for (const port of [8888, 9999]) {
            await container.exec('sh', '-c', `nc -ll -p ${port} -e echo ${name} >/dev/null 2>&1 &`)
          }
          return container
        }),
      )
    }
    // the first of both on one host, the second on two
    const reds = await run('default', '8888', [one, two])
    const blues = await run('blue', '9999', [one, other])
    assert.deepEqual(
      blues.map(({ ip, mac }) => [ip, mac]),
      reds.map(({ ip, mac }) => [ip, mac]),
    )
    const both = (red: number[], blue: number[]) =>
      eventually(() => Promise.all([assertOwn(reds, red), assertOwn(blues, blue)]), { timeoutMs: 15_000 })
    await both([9999], [8888])
    for (const host of lab().hosts()) {
      for (const [tenant, passes] of [
        ['default', 'does not pass'],
        ['blue', 'passes'],
      ]) {
        const said = await host.exec(['skein', 'why', `${tenant}-0`, `${tenant}-1`, 'tcp/8888'])
        assert.match(said.stdout, new RegExp(`tcp/8888: ${passes}\\n`), `${host.name} of ${tenant}: ${said.stderr}`)
      }
    }
    await netctl(two, 'policy', 'rule-rm', 'p', '1')
    await both([8888, 9999], [8888])
    await netctl(other, 'policy', 'rule-add', '-t', 'blue', 'p', '2', '-action=deny', '-priority=5')
    await both([8888, 9999], [])
    await assertReaches(reds[0] as Container, (reds[1] as Container).ip)
    await assertCutOff(blues[0] as Container, (blues[1] as Container).ip, { waitSeconds: 1 })
  })

  it('carry the same five-tuple at the same time', async () => {
    const { a, b } = await twoTwins()
    const talks = (['red', 'blue'] as const).map(async tenant => {
      const [server, client] = [b[tenant], a[tenant]]
      const served = server.exec('sh', '-c', `echo from-${tenant} | timeout 20 nc -l -p 8888`)
      // the same source port on both sides: both connections have one and the same five-tuple
      const got = await eventually(async () => {
        const text = await client.exec('sh', '-c', `(sleep 2) | timeout 10 nc -p 7777 ${server.ip} 8888`)
        assert.match(text, /from-/)
        return text
      })
      await served
      return got
    })
    assert.deepEqual(await Promise.all(talks), ['from-red', 'from-blue'])
  })
})

async function firstOf<T, R>(items: readonly T[], test: (item: T) => Promise<R | undefined>): Promise<R | undefined> {
  for (const item of items) {
    const found = await test(item)
    if (found !== undefined) return found
  }
  return undefined
}
