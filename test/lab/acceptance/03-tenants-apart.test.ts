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

  async function bothTenants(): Promise<void> {
    const hosts = lab().hosts()
    const [one] = three(hosts)
    await netctl(one, 'net', 'create', '--subnet=10.1.2.0/24', 'contiv-net')
    await netctl(one, 'tenant', 'create', 'blue')
    await netctl(one, 'net', 'create', '-t', 'blue', '--subnet=10.1.2.0/24', 'contiv-net')
    await eventually(async () => {
      for (const host of hosts) {
        for (const name of Object.values(net))
          assert.equal((await host.exec(['docker', 'network', 'inspect', name])).code, 0)
      }
    })
  }

  /** A container of each tenant with the same address, which this host owns in both networks. */
  async function twins(host: LabHost, suffix: string): Promise<{ red: Container; blue: Container }> {
    const tried: string[] = []
    const pool: string[] = []
    try {
      for (let i = 0; i < 60; i++) {
        const red = await runContainer(host, net.default, `red-${suffix}-${i}`)
        const blue = await host.exec([
          'docker',
          'run',
          '-d',
          '--name',
          `blue-${suffix}`,
          '--net',
          net.blue,
          '--ip',
          red.ip,
          'alpine',
          'sleep',
          '3600',
        ])
        if (blue.code === 0) {
          const id = blue.stdout.trim()
          const exec = (...argv: string[]) => docker(host, 'exec', id, ...argv)
          return { red, blue: { host, name: `blue-${suffix}`, id, ip: red.ip, mac: red.mac, exec } }
        }
        assert.match(blue.stderr, /belongs to host\d/)
        await docker(host, 'rm', '-f', `blue-${suffix}`)
        tried.push(red.ip)
        pool.push(red.name)
      }
    } finally {
      if (pool.length > 0) await docker(host, 'rm', '-f', ...pool)
    }
    throw new Error(`no address that ${host.name} owns in both networks; tried ${tried.join(' ')}`)
  }

  it('hold the same address at once and reach only their own, over eth1 neither', async () => {
    await bothTenants()
    const [one, two, three3] = three(lab().hosts())
    const a = await twins(one, 'a')
    const b = await twins(three3, 'b')
    const lone = await runContainer(two, net.blue, 'lone')
    await assertReaches(a.red, b.red.ip)
    await assertReaches(a.blue, b.blue.ip)
    await assertReaches(a.blue, lone.ip)
    await assertCutOff(a.red, lone.ip, { waitSeconds: 1 })
    for (const bridged of ['1', '0']) {
      await one.exec(['sysctl', '-w', `net.bridge.bridge-nf-call-iptables=${bridged}`])
      const eth1 = (await a.blue.exec('ip', 'addr', 'show', 'eth1')).match(/inet ([\d.]+)/)?.[1]
      assert.ok(eth1)
      await assertCutOff(a.red, eth1, { waitSeconds: 1 })
    }
  })

  it('carry the same five-tuple at the same time', async () => {
    await bothTenants()
    const [one, , three3] = three(lab().hosts())
    const a = await twins(one, 'a')
    const b = await twins(three3, 'b')
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
