import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'mocha'
import { removeNetworkLeaves } from '../../../src/crdt/acts.ts'
import { formatIp } from '../../../src/model/ip.ts'
import { eventually } from '../../support/eventually.ts'
import { Hand } from '../../support/hostile-member.ts'
import { MemoryHub } from '../../support/memory-mesh.ts'
import { attach, createWeb, detach, type Host, ipOf, meshOf, ownBlocks, restarted } from './fixture.ts'

describe('ipam: allocate and release on one host', () => {
  let hosts: Host[] = []
  const one = async (): Promise<Host> => {
    hosts = await meshOf(new MemoryHub(), 1)
    return hosts[0] as Host
  }
  afterEach(() => Promise.all(hosts.map(host => host.stop())))

  const take = (host: Host, network: string, count: number) =>
    Promise.all(Array.from({ length: count }, () => host.ipam.allocate(network)))

  it('hands out from the lowest address on, never one twice, also concurrently', async () => {
    const host = await one()
    const web = await createWeb([host], '10.1.2.0/24')
    const ips = await take(host, web, 40)
    assert.deepEqual(
      ips,
      Array.from({ length: 40 }, (_, i) => ipOf('10.1.2.1') + i),
    )
    assert.deepEqual(host.ipam.held(web), ips)
  })

  it('hands nothing out that it was about to when it is found to be an old copy (R8)', async () => {
    const host = await one()
    const web = await createWeb([host], '10.1.2.0/29')
    const { replica, signer } = host
    const hand = new Hand(signer, replica.view.meshId, replica.vector().get(signer.key)?.[0])
    const ofLater = hand.make([{ kind: 'tenant', name: 'later' }])
    const write = replica.local.set.bind(replica.local)
    replica.local.set = async (...facts) => {
      await write(...facts)
      if (!replica.fenced) await replica.takeProof(ofLater.bytes)
    }
    await assert.rejects(host.ipam.allocate(web), { code: 'forbidden', message: /older than what other members hold/ })
  })

  it('hands out the whole subnet but network and broadcast, then says that every address is in use', async () => {
    const host = await one()
    const web = await createWeb([host], '10.1.2.0/29')
    const ips = await take(host, web, 6)
    assert.deepEqual(
      ips.map(formatIp),
      [1, 2, 3, 4, 5, 6].map(last => `10.1.2.${last}`),
    )
    await assert.rejects(host.ipam.allocate(web), {
      code: 'exhausted',
      message:
        'no free address for default/web on host1: every address is in use; remove a container or create a larger network',
    })
  })

  it('keeps to the range of the subnet', async () => {
    const host = await one()
    const web = await createWeb([host], '10.1.2.10-10.1.2.13/24')
    const ips = await take(host, web, 4)
    assert.deepEqual(ips.map(formatIp), ['10.1.2.10', '10.1.2.11', '10.1.2.12', '10.1.2.13'])
    await assert.rejects(host.ipam.allocate(web), { code: 'exhausted' })
  })

  it('takes never-used addresses first, then the one that was freed longest ago', async () => {
    const host = await one()
    const web = await createWeb([host], '10.1.2.0/29')
    const [a, b, c] = await take(host, web, 5)
    for (const ip of [c, a, b]) await host.ipam.release(web, ip as number)
    assert.equal(formatIp(await host.ipam.allocate(web)), '10.1.2.6')
    assert.deepEqual(await take(host, web, 3), [c, a, b])
  })

  it('remembers after a restart what is held and in which order the rest was freed', async () => {
    const hub = new MemoryHub()
    hosts = await meshOf(hub, 1)
    const before = hosts[0] as Host
    const web = await createWeb([before], '10.1.2.0/29')
    const ips = await take(before, web, 6)
    for (const at of [4, 1, 3]) await before.ipam.release(web, ips[at] as number)
    const after = await restarted(hub, before)
    hosts = [after]
    assert.deepEqual(after.ipam.held(web), [ips[0], ips[2], ips[5]])
    assert.deepEqual(await take(after, web, 3), [ips[4], ips[1], ips[3]])
    await after.ipam.release(web, ips[0] as number)
    await after.ipam.release(web, ips[4] as number)
    const again = await restarted(hub, after)
    hosts = [again]
    assert.deepEqual(await take(again, web, 2), [ips[0], ips[4]])
  })

  it('is idempotent in release, and ignores what it never handed out', async () => {
    const host = await one()
    const web = await createWeb([host], '10.1.2.0/24')
    const ip = await host.ipam.allocate(web)
    await Promise.all([host.ipam.release(web, ip), host.ipam.release(web, ip)])
    await host.ipam.release(web, ip)
    await host.ipam.release(web, ipOf('10.1.2.77'))
    await host.ipam.release('f'.repeat(64), ipOf('10.1.2.77'))
    assert.deepEqual(host.ipam.held(web), [])
    assert.equal(host.replica.local.entries('ipam/').length, 1)
  })

  it('does not hand out what a live endpoint holds, though nobody asked for it here (R5)', async () => {
    const host = await one()
    const web = await createWeb([host], '10.1.2.0/24')
    await attach(host, web, ipOf('10.1.2.1'))
    const endpoint = await attach(host, web, ipOf('10.1.2.2'))
    assert.equal(formatIp(await host.ipam.allocate(web)), '10.1.2.3')
    await detach(host, web, endpoint)
    assert.deepEqual(host.ipam.usage(web), [{ owner: host.signer.key, addresses: 254, used: 1, reserved: 0 }])
  })

  it('looks once more after the journal took its time (R5)', async () => {
    const host = await one()
    const web = await createWeb([host], '10.1.2.0/24')
    const allocating = host.ipam.allocate(web)
    // chosen, and on its way to the disk
    while (host.ipam.held(web).length === 0) await Promise.resolve()
    await attach(host, web, ipOf('10.1.2.1'))
    assert.equal(formatIp(await allocating), '10.1.2.2')
    assert.deepEqual(host.ipam.held(web).map(formatIp), ['10.1.2.2'])
  })

  it('does not count as free what an endpoint holds that it came across', async () => {
    const host = await one()
    const web = await createWeb([host], '10.1.2.0/29')
    for (const text of ['10.1.2.1', '10.1.2.2']) await attach(host, web, ipOf(text))
    await host.ipam.allocate(web)
    host.clock.advance(1000)
    await host.replica.waitFor(view => view.freeHint(web, host.signer.key) !== undefined, 1000)
    assert.equal(host.replica.view.freeHint(web, host.signer.key), 1) // 3 of 6: floor(log2 3)
  })

  it('claims what Docker already runs', async () => {
    const host = await one()
    const web = await createWeb([host], '10.1.2.0/24')
    await host.ipam.claim(web, ipOf('10.1.2.1'))
    await host.ipam.claim(web, ipOf('10.1.2.1'))
    assert.equal(formatIp(await host.ipam.allocate(web)), '10.1.2.2')
    assert.deepEqual(host.ipam.held(web).map(formatIp), ['10.1.2.1', '10.1.2.2'])
  })

  it('takes a preferred address of an own block, again after it was freed', async () => {
    const host = await one()
    const web = await createWeb([host], '10.1.2.0/24')
    const ip = ipOf('10.1.2.9')
    assert.equal(await host.ipam.allocate(web, ip), ip)
    await assert.rejects(host.ipam.allocate(web, ip), {
      code: 'conflict',
      message: '10.1.2.9 of default/web is taken on host1; choose another address or leave out --ip',
    })
    const endpoint = await attach(host, web, ip, 'shop')
    await assert.rejects(host.ipam.allocate(web, ip), {
      code: 'conflict',
      message: '10.1.2.9 of default/web is held by shop on host1; remove that container or choose another address',
    })
    await detach(host, web, endpoint)
    await host.ipam.release(web, ip)
    assert.equal(await host.ipam.allocate(web, ip), ip)
  })

  it('refuses preferred addresses that no container can have', async () => {
    const host = await one()
    const web = await createWeb([host], '10.1.2.10-10.1.2.50/24')
    for (const text of ['10.1.2.0', '10.1.2.9', '10.1.2.51', '10.1.2.255', '10.9.9.9']) {
      await assert.rejects(host.ipam.allocate(web, ipOf(text)), {
        code: 'invalid',
        message: `${text} cannot be a container's address in default/web: choose one from 10.1.2.10 to 10.1.2.50`,
      })
    }
    assert.deepEqual(host.ipam.held(web), [])
  })

  it('knows no unknown network, nor a deleted one; one that drains only where an endpoint is left', async () => {
    const host = await one()
    await assert.rejects(host.ipam.allocate('f'.repeat(64)), { code: 'not-found' })
    const web = await createWeb([host], '10.1.2.0/24')
    const ip = await host.ipam.allocate(web)
    const endpoint = await attach(host, web, ip)
    await host.replica.write(view => removeNetworkLeaves(view, web))
    assert.equal(formatIp(await host.ipam.allocate(web)), '10.1.2.2')
    await detach(host, web, endpoint)
    await assert.rejects(host.ipam.allocate(web), { code: 'not-found' })
  })

  it('gives back what was asked for and never used, unless it is claimed or has an endpoint', async () => {
    const host = await one()
    const web = await createWeb([host], '10.1.2.0/24')
    const [, used, claimed] = (await take(host, web, 3)) as [number, number, number]
    await attach(host, web, used)
    await host.ipam.claim(web, claimed)
    host.clock.advance(50_000)
    await new Promise(resolve => setImmediate(resolve))
    assert.equal(host.ipam.held(web).length, 3)
    host.clock.advance(30_000)
    await eventually(() => host.ipam.held(web).length === 2)
    assert.deepEqual(host.ipam.held(web), [used, claimed])
    host.clock.advance(3_600_000)
    await new Promise(resolve => setImmediate(resolve))
    assert.deepEqual(host.ipam.held(web), [used, claimed])
  })

  it('forgets a deleted network once nothing of it is held and all has cooled down', async () => {
    const host = await one()
    const web = await createWeb([host], '10.1.2.0/24')
    const [kept, freed] = (await take(host, web, 2)) as [number, number]
    await host.ipam.claim(web, kept)
    await host.ipam.release(web, freed)
    await host.replica.write(view => removeNetworkLeaves(view, web))
    assert.equal(host.replica.view.isDeleted(web), true)
    const facts = () => host.replica.local.entries('ipam/').length
    host.clock.advance(61_000)
    await new Promise(resolve => setImmediate(resolve))
    assert.equal(facts(), 2)
    await host.ipam.release(web, kept)
    host.clock.advance(20_000)
    await new Promise(resolve => setImmediate(resolve))
    assert.equal(facts(), 2)
    host.clock.advance(31_000)
    await eventually(() => facts() === 0)
  })

  it('leaves no timer behind', async () => {
    const host = await one()
    const web = await createWeb([host], '10.1.2.0/24')
    await host.ipam.allocate(web)
    assert.notEqual(host.clock.pending, 0)
    await host.ipam.stop()
    assert.equal(host.clock.pending, 0)
    await assert.rejects(host.ipam.allocate(web), { code: 'unavailable' })
  })

  it('starts in a /8 without hanging, and goes on in well under 2 ms', async () => {
    const host = await one()
    const net = await createWeb([host], '10.0.0.0/8')
    // of the processor: what else the machine does meanwhile does not count
    const usedMs = (since: NodeJS.CpuUsage) => {
      const { user, system } = process.cpuUsage(since)
      return (user + system) / 1000
    }
    const start = process.cpuUsage()
    await host.ipam.allocate(net)
    const first = usedMs(start)
    const ips = new Set<number>()
    const begin = process.cpuUsage()
    for (let i = 0; i < 300; i++) ips.add(await host.ipam.allocate(net))
    const each = usedMs(begin) / 300
    assert.equal(ips.size, 300)
    assert.ok(first < 2000, `the first allocation took ${first} ms`)
    assert.ok(each < 2, `an allocation took ${each} ms`)
    assert.equal(ownBlocks(host, net).length, 262_144)
  })
})
