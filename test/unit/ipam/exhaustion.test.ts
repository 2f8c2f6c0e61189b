import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'mocha'
import { createNetworkLeaves } from '../../../src/crdt/acts.ts'
import { usableCount } from '../../../src/ipam/core/geometry.ts'
import { usageOf } from '../../../src/ipam/core/usage.ts'
import { createIpam } from '../../../src/ipam/create.ts'
import { silentLogger } from '../../../src/lib/log.ts'
import { checkNetwork } from '../../../src/model/network.ts'
import type { Replica } from '../../../src/replica/replica.ts'
import { MemoryHub } from '../../support/memory-mesh.ts'
import { joinPeer } from '../../support/memory-peer.ts'
import { agree, allSettled, attach, createWeb, type Host, meshOf, PushedClock, withIpam } from './fixture.ts'

describe('ipam: small networks, many networks, large networks', function () {
  this.timeout(60_000)
  const hub = new MemoryHub()
  let hosts: Host[] = []
  afterEach(async () => {
    hub.heal()
    await Promise.all(hosts.map(host => host.stop()))
  })

  it('a /28 with 20 hosts: every address is used once, by who asks, and then the error says so', async () => {
    hosts = await meshOf(hub, 20)
    const web = await createWeb(hosts, '10.1.2.0/28')
    const given: number[] = []
    for (let i = 0; i < 14; i++) {
      const host = hosts[(i * 7) % 20] as Host
      const ip = await host.ipam.allocate(web)
      await attach(host, web, ip)
      given.push(ip)
      await agree(hosts)
    }
    assert.equal(new Set(given).size, 14)
    await assert.rejects((hosts[3] as Host).ipam.allocate(web), /on host4: every address is in use/)
  })

  it('1,000 networks on one host: an address of each, and as many conditions as there are problems', async () => {
    hosts = await meshOf(hub, 1)
    const [host] = hosts as [Host]
    for (let i = 0; i < 1000; i++) {
      const [tenant, name] = ['default', `n${i}`]
      const spec = checkNetwork({ tenant, name, subnet: `10.${i >> 8}.${i & 255}.0/24` })
      await host.replica.write(view => createNetworkLeaves(view, { tenant, name, spec }))
    }
    const networks = host.replica.view.networks()
    const start = performance.now()
    for (const { id } of networks) await host.ipam.allocate(id)
    assert.deepEqual(host.replica.view.conditions(), [])
    const tookMs = performance.now() - start
    assert.ok(tookMs < 5000, `took ${tookMs} ms`)
  })

  it('a /8: a count of addresses is what a walk over all blocks counts', async () => {
    hosts = await meshOf(hub, 3)
    const web = await createWeb(hosts, '10.0.0.0/8')
    for (const host of hosts) await attach(host, web, await host.ipam.allocate(web))
    await agree(hosts)
    const { view } = (hosts[0] as Host).replica
    const network = view.network(web) ?? assert.fail()
    const walked = new Map<string, number>()
    for (let index = 0; index < view.blockCount(web); index++) {
      const block = view.block(web, index) ?? assert.fail()
      walked.set(block.owner, (walked.get(block.owner) ?? 0) + usableCount(view, network, block))
    }
    assert.deepEqual(new Map(usageOf(view, network).map(row => [row.owner, row.addresses])), walked)
  })

  it('a /8: a donation, a reservation and a step of a drain write and read as little as they move', async () => {
    hosts = await meshOf(hub, 3)
    const web = await createWeb(hosts, '10.0.0.0/8')
    // who joins later owns nothing of it and is given
    const joined = await joinPeer(hub, 'host4', hosts[0] as Host)
    await allSettled([...hosts, joined])
    const [giver, newcomer] = [hosts[2] as Host, withIpam(joined)]
    for (const host of hosts) await host.ipam.allocate(web) // each reads the whole network once
    hosts.push(newcomer)
    await agree(hosts)
    const { view } = giver.replica
    const blocks = Array.from({ length: view.blockCount(web) }, (_, at) => at)
    assert.equal(blocks.length, 262_144)
    const cost = costOf(hosts)

    const given = await cost(() => newcomer.ipam.allocate(web))
    assert.ok(newcomer.replica.view.touchedBlocks(web).length > 0, 'blocks were given')
    assert.ok(given.records <= 8 && given.reads <= 200, `a donation: ${given.records} records, ${given.reads} reads`)

    const theirs = blocks.filter(at => view.block(web, at)?.owner === hosts[0]?.signer.key)
    const { first: ip } = view.blockRange(web, theirs[1] ?? assert.fail())
    const kept = await cost(() => giver.ipam.reserve(web, ip))
    assert.equal(view.reservedBy(web, ip), giver.signer.key)
    assert.ok(kept.records <= 12 && kept.reads <= 100, `a reservation: ${kept.records} records, ${kept.reads} reads`)

    await agree(hosts)
    endAfterOneWrite(giver)
    const drained = await cost(() => giver.ipam.drain(5000))
    assert.deepEqual([drained.result.given, drained.result.left > 0], [128, true])
    assert.ok(
      drained.records <= 140 && drained.reads <= 128 * 12,
      `a step of a drain: ${drained.records} records, ${drained.reads} reads`,
    )
  })

  it('answers within 8 s though each write takes seconds, and gives back what comes too late', async () => {
    hosts = await meshOf(hub, 1)
    const [host] = hosts as [Host]
    const web = await createWeb(hosts, '10.1.2.0/28')
    const clock = new PushedClock()
    const { replica, mesh, signer } = host
    let release = () => {}
    const written = new Promise<void>(resolve => {
      release = resolve
    })
    const local: Replica['local'] = {
      get: key => replica.local.get(key),
      entries: prefix => replica.local.entries(prefix),
      set: async pairs => {
        await written
        await replica.local.set(pairs)
      },
    }
    // a class instance has private fields: its methods keep their own object
    const slow = new Proxy(replica, {
      get(target, key) {
        if (key === 'local') return local
        const value: unknown = Reflect.get(target, key, target)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
    const ipam = createIpam({ replica: slow, transport: mesh, signer, clock, log: silentLogger, random: Math.random })
    const asked = ipam.allocate(web)
    const refused = assert.rejects(
      asked,
      /no address for default\/web was written down in time on host1: its disk is slow/,
    )
    await new Promise(resolve => setImmediate(resolve))
    clock.advance(7_600)
    await refused
    assert.equal(ipam.held(web).length, 1)
    release()
    await replica.local.set([])
    for (let i = 0; i < 50 && ipam.held(web).length > 0; i++) await new Promise(resolve => setImmediate(resolve))
    assert.deepEqual(ipam.held(web), [])
    await ipam.stop()
  })
})

/** Records that the hosts write, and blocks that they look at, while something is done. */
function costOf(hosts: readonly Host[]) {
  let reads = 0
  for (const { replica } of hosts) {
    const { view } = replica
    const { block } = view
    view.block = (...args) => {
      reads++
      return block.apply(view, args)
    }
  }
  const written = () => hosts.reduce((sum, { replica }) => sum + replica.view.held(replica.self), 0)
  return async <T>(act: () => Promise<T>) => {
    const before = written()
    reads = 0
    const result = await act()
    return { result, records: written() - before, reads }
  }
}

/** The time of a step of a drain is over with its first batch. */
function endAfterOneWrite({ replica, clock }: Host): void {
  const { write } = replica
  replica.write = async (...args) => {
    const dot = await write.apply(replica, args)
    clock.advance(5000)
    return dot
  }
}
