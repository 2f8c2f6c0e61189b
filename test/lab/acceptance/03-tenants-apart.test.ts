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
