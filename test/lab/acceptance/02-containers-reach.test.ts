import assert from 'node:assert/strict'
import { assertReaches, type Container, eventually, runContainer, useLab } from '../support/index.ts'
import { netctl, three } from './cli.ts'

describe('acceptance 2: a container on each host', function () {
  this.timeout(60_000)
  const lab = useLab()

  async function onePerHost(): Promise<Container[]> {
    const hosts = lab().hosts()
    await netctl(three(hosts)[0], 'net', 'create', '--subnet=10.1.2.0/24', 'contiv-net')
    await eventually(async () => {
      for (const host of hosts) assert.equal((await host.exec(['docker', 'network', 'inspect', 'contiv-net'])).code, 0)
    })
    return Promise.all(hosts.map((host, i) => runContainer(host, 'contiv-net', `c${i + 1}`)))
  }

  it('reach each other by address, all pairs, from the first packet on', async () => {
    const containers = await onePerHost()
    assert.equal(new Set(containers.map(container => container.ip)).size, 3)
    for (const from of containers) {
      for (const to of containers) if (to !== from) await assertReaches(from, to.ip, { count: 3 })
    }
  })

  it('look as in the tutorial: MAC, MTU, eth1, default route', async () => {
    for (const container of await onePerHost()) {
      const bytes = container.ip.split('.').map(byte => Number(byte).toString(16).padStart(2, '0'))
      assert.equal(container.mac, `02:02:${bytes.join(':')}`)
      const eth0 = await container.exec('ip', 'addr', 'show', 'eth0')
      assert.match(eth0, /mtu 1450/)
      assert.match(eth0, new RegExp(`link/ether ${container.mac}`))
      assert.match(eth0, new RegExp(`inet ${container.ip.replaceAll('.', '\\.')}/24`))
      assert.match(await container.exec('ip', 'addr', 'show', 'eth1'), /mtu 1500[\s\S]*inet 172\./)
      assert.match(await container.exec('ip', 'route'), /^default via 172\.[\d.]+ dev eth1/m)
    }
  })

  it('flood no frame for an endpoint that is known', async () => {
    const [first, second, third] = await onePerHost()
    assert.ok(first && second && third)
    // what reaches host 3 of a talk between 1 and 2 was flooded; ARP on the underlay would be flooded too. The probe of
    // the paths between hosts has a VNI of its own (the 24 bits behind the flags), on which no network can be.
    const notProbe = '(udp[12:4] & 0xffffff00) != 0xffffff00'
    const filter = `udp port 7374 and not src host ${third.host.address} and ${notProbe}`
    const watch = third.host.exec(['timeout', '4', 'tcpdump', '-lnni', 'eth0', filter], { timeoutMs: 10_000 })
    await eventually(async () => {
      const listening = await third.host.exec(['pgrep', '-f', 'tcpdump -lnni eth0 udp port 7374'])
      assert.equal(listening.code, 0)
    })
    await first.exec('ip', 'neigh', 'flush', 'dev', 'eth0')
    await assertReaches(first, second.ip, { count: 10 })
    await assertReaches(second, first.ip, { count: 3 })
    assert.equal((await watch).stdout.trim(), '')
  })
})
