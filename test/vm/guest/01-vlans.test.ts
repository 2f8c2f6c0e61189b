import assert from 'node:assert/strict'
import { before, describe, it } from 'mocha'
import { type LabHost, membersReady } from '../../../lab/index.ts'
import { assertAgree } from '../../lab/acceptance/cli.ts'
import { conditionsOf, obey, sameConditions } from '../../lab/conflicts/two-webs.ts'
import { call, docker, eventually } from '../../lab/support/index.ts'
import { networksOf } from './engine.ts'
import { connect, disconnect, type Inside, lookInside, removeInside } from './inside.ts'
import { apply, remove, setVlanRange } from './objects.ts'
import { patience } from './patience.ts'
import { checkBeyond, checkDockersWay, checkForged, checkNeighbours, joinRouter, routed } from './routed.ts'
import { playTutorial } from './tutorial.ts'
import {
  addressesOf,
  captured,
  joinSwitch,
  joinVlan,
  reaches,
  tenantNamespaces,
  uplinkAddress,
  useWire,
  vlanTags,
  type Wire,
} from './wire.ts'

/** Of no container: reserved, so that nobody is given it. */
const plainAddress = '10.1.3.200'

describe('VLAN networks, on the kernel of Debian', () => {
  let wire: Wire
  let near: Inside
  let far: Inside
  const up = useWire()
  before(() => {
    wire = up()
  })

  const onBoth = (check: (host: LabHost) => Promise<void>) =>
    eventually(() => Promise.all([wire.one, wire.two].map(check)), patience)
  const shown = (...networks: string[]) =>
    onBoth(async host => {
      const there = await networksOf(host)
      for (const network of networks) assert.ok(there.includes(network), `${host.name} shows ${network}`)
    })
  const tags = (...expected: number[]) =>
    onBoth(async host => assert.deepEqual(await vlanTags(host), expected, host.name))
  /** Every host knows what was done, and so does its Docker. */
  const settled = async () => {
    await assertAgree([wire.one, wire.two], patience.timeoutMs)
    const known = (await call(wire.one, 'GET', '/api/v1/networks/')) as { networkName: string }[]
    await shown(...known.map(network => network.networkName))
  }
  /** Once no host's container is on it any more, as all hosts know. */
  const removed = (network: string) => eventually(() => remove(wire.one, 'networks', `default:${network}`), patience)
  const vlan = (name: string, subnet: string, pktTag?: number) => {
    return { networks: [{ name, subnet, encap: 'vlan', ...(pktTag === undefined ? {} : { pktTag }) }] }
  }
  const pings = (from: Parameters<typeof reaches>[0], target: string) =>
    eventually(() => reaches(from, target), patience)

  it('chapter 4 of the tutorial, typed: a VLAN network, and its frames with their tag', async () => {
    await playTutorial({ settle: settled })
    near = await lookInside(wire.one, 'contiv-vlan-c1')
    far = await lookInside(wire.two, 'contiv-vlan-c2')
  })

  it('a plain host of that VLAN and the containers reach each other', async () => {
    const { one, plain } = wire
    await obey(one, `skein ip reserve contiv-vlan ${plainAddress} --peer host1`)
    await joinVlan(plain, 112, [`${plainAddress}/24`])
    const check = async (container: Inside) => {
      await pings(container, plainAddress)
      await pings(plain, await container.address('contiv-vlan'))
    }
    await Promise.all([near, far].map(check))
  })

  it('the uplink keeps its own address and traffic', async () => {
    const { one, two, plain } = wire
    assert.deepEqual(await addressesOf(one, 'eth2'), [uplinkAddress.host1])
    assert.deepEqual(await addressesOf(two, 'eth2'), [uplinkAddress.host2])
    for (const target of [uplinkAddress.host1, uplinkAddress.host2]) await reaches(plain, target)
    await reaches(one, uplinkAddress.plain)
  })

  it('with IPv6: containers and the plain host reach each other, by neighbour discovery on the wire', async () => {
    await docker(wire.two, 'network', 'create', ...routed.creation, routed.name)
    await joinRouter(wire)
    await shown(routed.name)
    await checkNeighbours({ wire, near, far })
  })

  it("a VLAN's gateway is the router on the wire: containers reach what is beyond it, and are reached from there", async () => {
    await checkBeyond({ wire, near, far })
    await checkDockersWay({ wire, near, far })
  })

  it('forged neighbours go nowhere, and a router of the wire gives no addresses', async () => {
    await checkForged({ wire, near, far })
    await Promise.all([near, far].map(container => disconnect(routed.name, container)))
    await removed('routed')
  })

  it('-e vlan without -p: a tag of the range, the same on both hosts', async () => {
    const { one, two } = wire
    await setVlanRange(one, '100-199')
    await apply(one, vlan('chosen', '10.4.0.0/24'))
    const [tag, same] = await Promise.all([one, two].map(host => eventually(() => tagOf(host, 'chosen'), patience)))
    assert.equal(same, tag)
    assert.ok(tag !== undefined && tag >= 100 && tag <= 199 && tag !== 112, String(tag))
    await tags(...[112, tag].sort())
    await removed('chosen')
    await tags(112)
    await setVlanRange(one, '1-4094')
  })

  it('one tag on two sides of a split: after the heal the older network has it, and one command ends it', async () => {
    const { lab, one, two } = wire
    await lab.split(['1', '2'])
    await apply(one, vlan('older', '10.5.0.0/24', 200))
    await apply(two, vlan('younger', '10.6.0.0/24', 200))
    await eventually(async () => assert.ok((await networksOf(one)).includes('older')), patience)
    await eventually(async () => assert.ok((await networksOf(two)).includes('younger')), patience)
    const [old] = await Promise.all([connect('older', near), connect('younger', far)])
    assert.deepEqual(await vlanTags(two), [112, 200])
    await lab.heal()
    await assertAgree([one, two], patience.timeoutMs)
    await shown('older', 'younger')
    // the tag is the older's on the other host, too
    await connect('older', far)
    await pings(far, old)
    await tags(112, 200)
    const conditions = await eventually(async () => {
      const found = (await sameConditions([one, two])).filter(each => each.kind === 'vlan-conflict')
      assert.equal(found.length, 1)
      return found
    }, patience)
    assert.match(conditions[0]?.text ?? '', /^default\/younger is off the uplinks .*VLAN 200 belongs to default\/older/)
    assert.deepEqual(conditions[0]?.commands, ['skein net drain younger --into older'])
    await disconnect('younger', far)
    const remedy = await eventually(async () => {
      const [now] = (await conditionsOf(one, 'mesh')).filter(each => each.kind === 'vlan-conflict')
      assert.deepEqual(now?.commands, ['skein net rm younger'])
      return now?.commands[0]
    }, patience)
    await obey(one, remedy)
    await onBoth(async host => assert.deepEqual(await conditionsOf(host, 'mesh'), [], host.name))
    await Promise.all([near, far].map(container => disconnect('older', container)))
    await removed('older')
    await tags(112)
  })

  it('VXLAN and VLANs on one NIC: another uplink by a restart, containers running', async () => {
    const { lab, one, two } = wire
    await joinSwitch(wire)
    await apply(one, { networks: [{ name: 'overlay', subnet: '10.7.0.0/24' }] })
    await shown('overlay')
    await two.stopPeer()
    await two.startPeer({ arguments: ['--vlan-uplink', 'eth0'] })
    // who starts a container sooner is told to try again, which costs more than to wait
    await membersReady(['host1', 'host2'], patience.timeoutMs)
    const vlan = await near.address('contiv-vlan')
    await pings(far, vlan)
    // the first may be too early for an emulated peer that has just started; it is told so, and tries again
    const [overlay] = await Promise.all(
      [near, far].map(container => eventually(() => connect('overlay', container), patience)),
    )
    assert.ok(overlay)
    const both = async () => {
      await Promise.all([pings(far, overlay), pings(far, vlan)])
    }
    await both()
    await captured(lab.switch, 'p2', `vlan 112 and icmp and host ${vlan}`, both)
    await captured(lab.switch, 'p2', 'udp port 7374', both)
  })

  it('removing networks leaves nothing on the uplinks', async () => {
    const { one, two } = wire
    await Promise.all([near, far].map(removeInside))
    for (const network of ['contiv-vlan', 'overlay']) await removed(network)
    // the last network takes the tenant's namespace with it, and all VLANs that were in it
    await onBoth(async host => assert.deepEqual(await tenantNamespaces(host), [], host.name))
    await onBoth(async host => assert.deepEqual(await networksOf(host), [], host.name))
    for (const host of [one, two]) assert.deepEqual(await vlanTags(host, ''), [], 'nor in the namespace of the host')
    assert.deepEqual(await addressesOf(two, 'eth2'), [uplinkAddress.host2])
    await reaches(one, uplinkAddress.host2)
  })
})

async function tagOf(host: LabHost, name: string): Promise<number> {
  const networks = (await call(host, 'GET', '/api/v1/networks/')) as { networkName: string; pktTag: number }[]
  const found = networks.find(network => network.networkName === name)
  assert.ok(found, `${host.name} knows ${name}`)
  return found.pktTag
}
