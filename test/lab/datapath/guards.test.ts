import assert from 'node:assert/strict'
import { mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'mocha'
import { vxlanName } from '../../../src/datapath/names.ts'
import { eventually } from '../../support/eventually.ts'
import { type Host, Lab, must, startMesh } from './lab.ts'

describe('datapath: guards of the host', function () {
  this.timeout(60_000)
  const lab = new Lab()
  let one: Host
  let web = ''
  let vni = 0

  /** Frames that host 1's VXLAN device has received. */
  const received = async () => {
    const text = await one.exec('ip', '-n', 'skein-default', '-j', '-s', 'link', 'show', vxlanName(web))
    return JSON.parse(text)[0].stats64.rx.packets as number
  }
  /** Sends three frames out of a VXLAN device in a namespace, to host 1 or as `remote` says. */
  const forge = async (exec: (...command: string[]) => Promise<string>, local: string, remote: string) => {
    const parameters = ['type', 'vxlan', 'id', `${vni}`, 'dstport', '7374', 'local', local, 'remote', remote]
    await exec('ip', 'link', 'add', 'name', 'forge', ...parameters)
    await exec('ip', 'addr', 'add', '10.1.1.66/24', 'dev', 'forge')
    await exec('ip', 'link', 'set', 'forge', 'up')
    await exec('ip', 'neigh', 'replace', '10.1.1.11', 'lladdr', '02:02:0a:01:01:0b', 'dev', 'forge')
    await exec('sh', '-c', 'ping -n -q -c 3 -i 0.05 -W 1 10.1.1.11 || true')
    await exec('ip', 'link', 'del', 'forge')
  }
  /** Packets that a rule dropped. */
  const dropped = async (family: string, chain: string) => {
    const { nftables } = JSON.parse(await one.exec('nft', '-j', 'list', 'chain', family, 'skein', chain))
    const rules = nftables.flatMap(
      (each: { rule?: { expr: { counter?: { packets: number } }[] } }) => each.rule?.expr ?? [],
    )
    return rules.reduce((sum: number, each: { counter?: { packets: number } }) => sum + (each.counter?.packets ?? 0), 0)
  }
  const inside =
    (container: string) =>
    (...command: string[]) =>
      one.exec('ip', 'netns', 'exec', container, ...command)

  const ip6 = (ip: string) => ip.replace(/.*\./, 'fd00:ffff::')
  /** Its link-local address, once it may be used. */
  const linkLocal = (container: string) =>
    eventually(async () => {
      const text = await inside(container)('ip', '-6', 'addr', 'show', 'dev', 'eth1', 'scope', 'link', '-tentative')
      const address = /inet6 (fe80::[0-9a-f:]+)/.exec(text)?.[1]
      assert.ok(address, `${container} has a link-local address`)
      return `${address}%eth1`
    }, 5_000)

  /** A container's second interface, as Docker makes it where somebody has made docker_gwbridge with IPv6. */
  const gatewayPort = async (container: string, ip: string) => {
    await one.exec('ip', 'netns', 'add', container)
    const peer = ['type', 'veth', 'peer', 'name', 'eth1', 'netns', container]
    await one.exec('ip', 'link', 'add', 'name', `veth-${container}`, ...peer)
    await one.exec('ip', 'link', 'set', `veth-${container}`, 'master', 'docker_gwbridge', 'up')
    await inside(container)('ip', 'addr', 'add', `${ip}/16`, 'dev', 'eth1')
    // as Docker adds it: used at once
    await inside(container)('ip', 'addr', 'add', `${ip6(ip)}/64`, 'dev', 'eth1', 'nodad')
    await inside(container)('ip', 'link', 'set', 'lo', 'up')
    await inside(container)('ip', 'link', 'set', 'eth1', 'up')
    await inside(container)('ip', 'route', 'add', 'default', 'via', '172.18.0.1')
  }

  before(async () => {
    await lab.up(2)
    one = lab.hosts[0] as Host
    await startMesh(lab.hosts)
    web = await one.ask('create', 'default', 'web', 0)
    vni = await one.ask('ensure', web)
    await one.container(web, 'c1', '10.1.1.11')
    // Docker's own settings on a host; off, or the kernel's check would stop the forged source before the guard does
    await one.exec('sysctl', '-q', '-w', 'net.ipv4.ip_forward=1', 'net.ipv4.conf.all.rp_filter=0')
    // a MAC of its own, as Docker gives it: otherwise it changes with the ports, and who has asked for the old one waits
    await one.exec('ip', 'link', 'add', 'name', 'docker_gwbridge', 'address', '02:42:ac:12:00:01', 'type', 'bridge')
    await one.exec('sysctl', '-q', '-w', 'net.ipv4.conf.docker_gwbridge.rp_filter=0')
    await one.exec('ip', 'addr', 'add', '172.18.0.1/16', 'dev', 'docker_gwbridge')
    await one.exec('ip', 'addr', 'add', 'fd00:ffff::1/64', 'dev', 'docker_gwbridge', 'nodad')
    await one.exec('ip', 'link', 'set', 'docker_gwbridge', 'up')
    for (const n of [2, 3]) await gatewayPort(`g${n}`, `172.18.0.${n}`)
  })
  after(() => lab.down())

  it('I4: takes no VXLAN from a stranger on the underlay', async () => {
    const stranger = await lab.plug('stranger', '192.168.2.99')
    const exec = (...command: string[]) => must('nsenter', `--net=/run/netns/${stranger}`, ...command)
    const before = await received()
    await forge(exec, '192.168.2.99', one.address)
    assert.equal(await received(), before)
    // again if the regular check came in between
    await eventually(async () => {
      await one.code('nft', 'delete', 'table', 'inet', 'skein')
      await forge(exec, '192.168.2.99', one.address)
      return (await received()) > before
    })
  })

  it('loads the guard again that someone deleted, within seconds, and counts it', async () => {
    await eventually(() => one.exec('nft', 'list', 'table', 'inet', 'skein'), 8000, 100)
    // counted once the ports of docker_gwbridge have been looked at too
    await eventually(async () => (await one.ask('status')).repaired >= 1)
    assert.deepEqual((await one.ask('status')).errors, [])
  })

  it("I4: takes no VXLAN from a container, also under a member's address", async () => {
    const before = [await received(), await dropped('inet', 'vxlan_guard')] as const
    await forge(inside('g2'), '172.18.0.2', one.address)
    await inside('g2')('ip', 'addr', 'add', '192.168.2.12/32', 'dev', 'lo')
    await forge(inside('g2'), '192.168.2.12', one.address)
    assert.equal(await received(), before[0])
    await inside('g2')('ip', 'addr', 'del', '192.168.2.12/32', 'dev', 'lo')
    assert.ok((await dropped('inet', 'vxlan_guard')) >= before[1] + 6)
  })

  it("I4: forwards no container's VXLAN", async () => {
    const before = await dropped('inet', 'forwarded')
    await forge(inside('g2'), '172.18.0.2', '192.168.2.12')
    assert.ok((await dropped('inet', 'forwarded')) >= before + 3)
  })

  it('isolates each port of docker_gwbridge as it appears', async () => {
    await gatewayPort('g4', '172.18.0.4')
    await eventually(async () => {
      const ports = JSON.parse(await one.exec('ip', '-j', '-d', 'link', 'show', 'master', 'docker_gwbridge'))
      assert.equal(ports.length, 3)
      for (const port of ports) assert.equal(port.linkinfo.info_slave_data.isolated, true)
    }, 1000)
    assert.equal(await one.pings('g4', '172.18.0.1'), true)
  })

  for (const setting of ['0', '1']) {
    it(`I4: passes nothing between containers on docker_gwbridge, IPv4 or IPv6, with bridge-nf-call-iptables=${setting}`, async () => {
      for (const program of ['iptables', 'ip6tables']) {
        await one.exec('sysctl', '-q', '-w', `net.bridge.bridge-nf-call-${program}=${setting}`)
      }
      const local = await linkLocal('g3')
      for (const to of ['172.18.0.3', 'fd00:ffff::3', local]) assert.equal(await one.pings('g2', to), false, to)
      for (const to of ['172.18.0.1', 'fd00:ffff::1']) assert.equal(await one.pings('g2', to), true, to)
      await one.ask('stop')
      for (const n of [2, 3]) await one.exec('bridge', 'link', 'set', 'dev', `veth-g${n}`, 'isolated', 'off')
      for (const to of ['172.18.0.3', 'fd00:ffff::3']) {
        const before = await dropped('bridge', 'between_ports')
        assert.equal(await one.pings('g2', to), false, `${to}: the rules alone, before a port is isolated`)
        assert.ok((await dropped('bridge', 'between_ports')) > before)
      }
      await one.exec('nft', 'delete', 'table', 'bridge', 'skein')
      // without guards it passes
      for (const to of ['172.18.0.3', 'fd00:ffff::3', local]) await eventually(() => one.pings('g2', to), 5000)
      await one.killPeer()
      await one.startPeer()
      for (const to of ['172.18.0.3', 'fd00:ffff::3', local]) {
        await eventually(async () => !(await one.pings('g2', to, 1)))
      }
    })
  }

  it('names the package when nft is missing', async () => {
    await one.killPeer()
    const path = await mkdtemp(join(tmpdir(), 'skein-no-nft-'))
    try {
      for (const name of ['ip', 'bridge', 'sysctl', 'nsenter', 'setpriv']) {
        await symlink((await must('which', name)).trim(), join(path, name))
      }
      await one.startPeer({ path })
      await eventually(async () => {
        const { errors } = await one.ask('status')
        assert.deepEqual(errors, ['networks are not guarded: nft is missing; install the package nftables'])
      })
    } finally {
      await rm(path, { recursive: true })
    }
  })
})
