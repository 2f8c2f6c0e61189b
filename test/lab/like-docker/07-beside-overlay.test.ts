import assert from 'node:assert/strict'
import type { LabHost } from '../../../lab/index.ts'
import { netctl } from '../acceptance/cli.ts'
import { assertReaches, type Container, docker, eventually, inspect, meshNetworks, useLab } from '../support/index.ts'

/** Docker's own overlay, and Skein told so. */
const overlayPort = 4789

/** `docker run` as the tutorial types it. */
async function run(host: LabHost, name: string, network: string): Promise<Container> {
  const id = await docker(host, 'run', '-itd', `--name=${name}`, `--net=${network}`, 'alpine', '/bin/sh')
  return seenOn({ host, name, id, ip: '', mac: '', exec: (...argv) => docker(host, 'exec', name, ...argv) }, network)
}

async function seenOn(container: Container, network: string): Promise<Container> {
  const { NetworkSettings } = await inspect(container.host, 'container', container.name)
  const place = NetworkSettings?.Networks[network]
  assert.ok(place, `${container.name} is on ${network}`)
  return { ...container, ip: place.IPAddress, mac: place.MacAddress }
}

/** The first two lines of `netctl net ls`, and a network's, as the tutorial shows them. */
const netLs = [
  'Tenant   Network     Nw Type  Encap type  Packet tag  Subnet       Gateway',
  '------   -------     -------  ----------  ----------  -------      ------',
  'default  contiv-net  data     vxlan       0           10.1.2.0/24  ',
]

describe("beside Docker's overlay: chapter 2 of the tutorial", function () {
  this.timeout(90_000)
  const lab = useLab({ own: true, hosts: 2, clean: false })
  let one: LabHost
  let two: LabHost
  /** A swarm node that is no member of the mesh. */
  let stranger: LabHost
  let contiv: [Container, Container]
  let overlay: [Container, Container]

  before(async () => {
    const [first, second] = lab().hosts()
    assert.ok(first && second)
    ;[one, two] = [first, second]
    stranger = await lab().addHost({ peer: false })
    await docker(one, 'swarm', 'init', '--advertise-addr', one.address)
    const token = await docker(one, 'swarm', 'join-token', '-q', 'worker')
    for (const host of [two, stranger]) {
      await docker(host, 'swarm', 'join', '--token', token, '--advertise-addr', host.address, `${one.address}:2377`)
    }
  })

  it('multi-host networking with Contiv', async () => {
    await netctl(one, 'net', 'create', '--subnet=10.1.2.0/24', 'contiv-net')
    assert.deepEqual((await netctl(one, 'net', 'ls')).trimEnd().split('\n'), [
      ...netLs.slice(0, 2),
      netLs[2]?.trimEnd(),
    ])
    await eventually(async () => {
      for (const host of [one, two]) assert.deepEqual(await meshNetworks(host), ['contiv-net'])
    })
    assert.match(await docker(one, 'network', 'ls'), /^[0-9a-f]{12} +contiv-net +mesh +local$/m)
    const c1 = await run(one, 'contiv-c1', 'contiv-net')
    const network = await inspect(one, 'network', 'contiv-net')
    assert.deepEqual(
      [network.Name, network.Driver, network.IPAM?.Driver, network.IPAM?.Config, network.Options?.encap],
      ['contiv-net', 'mesh', 'mesh', [{ Subnet: '10.1.2.0/24' }], 'vxlan'],
    )
    assert.equal(network.Options?.tenant, 'default')
    assert.equal(network.Containers?.[c1.id]?.IPv4Address, `${c1.ip}/24`)
    const c2 = await run(two, 'contiv-c2', 'contiv-net')
    assert.match(await docker(two, 'ps'), /alpine +"\/bin\/sh" .* Up .* contiv-c2$/m)
    assert.match(
      await c2.exec('ping', '-c', '2', c1.ip),
      /^2 packets transmitted, 2 packets received, 0% packet loss$/m,
    )
    contiv = [c1, c2]
  })

  it('Docker overlay multi-host networking', async () => {
    // --attachable: what plain containers need since Docker has swarm mode
    await docker(one, 'network', 'create', '-d=overlay', '--attachable', '--subnet=10.1.1.0/24', 'overlay-net')
    const network = await inspect(one, 'network', 'overlay-net')
    assert.deepEqual([network.Driver, network.IPAM?.Config[0]?.Subnet], ['overlay', '10.1.1.0/24'])
    const c1 = await run(one, 'overlay-c1', 'overlay-net')
    assert.match(c1.ip, /^10\.1\.1\.\d+$/)
    const c2 = await run(two, 'overlay-c2', 'overlay-net')
    await eventually(async () => {
      assert.match(
        await c2.exec('ping', '-c', '2', 'overlay-c1'),
        /^PING overlay-c1 \(10\.1\.1\.[\s\S]* 0% packet loss$/m,
      )
    })
    assert.match(await docker(one, 'network', 'ls'), /overlay-net +overlay +swarm$/m)
    overlay = [c1, c2]
  })

  /** Containers of each kind reach each other, and one that is on both networks reaches both. */
  async function bothWork(): Promise<void> {
    for (const [first, second] of [contiv, overlay]) {
      await eventually(() => assertReaches(first, second.ip))
      await assertReaches(second, first.ip)
    }
    const onBoth = await seenOn(overlay[0], 'contiv-net')
    await assertReaches(contiv[1], onBoth.ip)
    await assertReaches(onBoth, contiv[1].ip)
    await assertReaches(onBoth, overlay[1].ip)
  }

  /** The overlay also works with a node that the mesh does not know. */
  async function strangerWorks(name: string): Promise<void> {
    const other = await run(stranger, name, 'overlay-net')
    await eventually(() => assertReaches(other, overlay[0].ip))
    await assertReaches(overlay[1], other.ip)
  }

  it('both work at once, also in one container, on ports of their own', async () => {
    await docker(one, 'network', 'connect', 'contiv-net', 'overlay-c1')
    await bothWork()
    await strangerWorks('overlay-c3')
  })

  /** Packets that the guard of host 1 dropped. */
  async function dropped(): Promise<number> {
    const { stdout } = await one.exec(['nft', 'list', 'chain', 'inet', 'skein', 'vxlan_guard'])
    return [...stdout.matchAll(/packets (\d+)/g)].reduce((sum, [, packets]) => sum + Number(packets), 0)
  }

  /** What host 1 receives contiv-net on. */
  async function vniOf(): Promise<number> {
    const { stdout } = await one.exec(['ip', '-n', 'skein-default', '-d', '-j', 'link', 'show', 'type', 'vxlan'])
    const links = (JSON.parse(stdout) as { linkinfo?: { info_data?: { id: number; port: number } } }[]).flatMap(
      link => link.linkinfo?.info_data ?? [],
    )
    assert.deepEqual(
      links.map(link => link.port),
      [overlayPort],
    )
    return links[0]?.id ?? 0
  }

  it('both work on one UDP port, when Skein is told so; the guard takes our VNIs from members only', async () => {
    for (const host of [one, two]) {
      await host.stopPeer()
      await host.startPeer({ arguments: ['--vxlan-port', String(overlayPort)] })
    }
    await bothWork()
    await strangerWorks('overlay-c4')
    const before = await dropped()
    const type = ['type', 'vxlan', 'id', String(await vniOf()), 'dstport', String(overlayPort), 'remote', one.address]
    const forge = [
      ['ip', 'link', 'add', 'name', 'forge', ...type],
      ['ip', 'addr', 'add', '10.1.2.250/24', 'dev', 'forge'],
      ['ip', 'link', 'set', 'forge', 'up'],
      ['ip', 'neigh', 'replace', contiv[0].ip, 'lladdr', contiv[0].mac, 'dev', 'forge'],
    ]
    for (const argv of forge) assert.equal((await stranger.exec(argv)).code, 0, argv.join(' '))
    const pings = await stranger.exec(['ping', '-c', '3', '-i', '0.1', '-W', '1', contiv[0].ip])
    assert.match(pings.stdout, / 0 received/)
    assert.ok((await dropped()) >= before + 3, 'the guard dropped them')
  })

  it('stays when the swarm is left', async () => {
    for (const host of [two, stranger, one]) await docker(host, 'swarm', 'leave', '--force')
    await assertReaches(contiv[0], contiv[1].ip)
    for (const host of [one, two]) assert.deepEqual(await meshNetworks(host), ['contiv-net'])
    await assertReaches(await run(two, 'contiv-c3', 'contiv-net'), contiv[0].ip)
  })
})
