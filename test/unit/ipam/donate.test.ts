import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { decodeGrant, donationProtocol, encodeWant } from '../../../src/ipam/core/want.ts'
import { formatIp } from '../../../src/model/ip.ts'
import { eventually } from '../../support/eventually.ts'
import { MemoryHub } from '../../support/memory-mesh.ts'
import { joinPeer } from '../../support/memory-peer.ts'
import {
  agree,
  allSettled,
  attach,
  createWeb,
  detach,
  type Host,
  ipOf,
  meshOf,
  ownBlocks,
  restarted,
  run,
  runMany,
  withIpam,
} from './fixture.ts'

describe('ipam: three hosts', () => {
  let hub: MemoryHub
  let hosts: Host[]
  let one: Host
  let two: Host
  let three: Host
  beforeEach(async () => {
    hub = new MemoryHub()
    hosts = await meshOf(hub, 3)
    ;[one, two, three] = hosts as [Host, Host, Host]
  })
  afterEach(async () => {
    hub.heal()
    await Promise.all(hosts.map(host => host.stop()))
  })
  const split = (...groups: Host[][]) => hub.split(...groups.map(group => group.map(host => host.signer.key)))

  it('lets one host use the whole of a /29 while all are connected', async () => {
    const web = await createWeb(hosts, '10.1.2.0/29')
    assert.deepEqual(
      hosts.map(host => ownBlocks(host, web).length),
      [2, 2, 2],
    )
    const ips = await runMany(one, web, 6)
    assert.deepEqual(
      ips.map(formatIp).sort(),
      [1, 2, 3, 4, 5, 6].map(last => `10.1.2.${last}`),
    )
    await agree(hosts)
    await assert.rejects(three.ipam.allocate(web), {
      code: 'exhausted',
      message:
        'no free address for default/web on host3: every address is in use; remove a container or create a larger network',
    })
  })

  it('gives no address twice when all ask at once for more than there is', async () => {
    const web = await createWeb(hosts, '10.1.2.0/28')
    const wanted = hosts.flatMap(host => Array.from({ length: 8 }, () => run(host, web)))
    const results = await Promise.allSettled(wanted)
    const given = results.flatMap(result => (result.status === 'fulfilled' ? [result.value] : []))
    assert.equal(new Set(given).size, given.length)
    assert.equal(given.length, 14)
    for (const result of results) if (result.status === 'rejected') assert.equal(result.reason.code, 'exhausted')
  })

  it('keeps working in a split from its own blocks, and asks others again after the heal', async () => {
    const web = await createWeb(hosts, '10.1.2.0/29')
    split([one, two], [three])
    const own = ownBlocks(three, web).length
    const start = performance.now()
    await runMany(three, web, own)
    await assert.rejects(three.ipam.allocate(web), { code: 'exhausted' })
    assert.ok(performance.now() - start < 1000)
    hub.heal()
    await eventually(() => three.mesh.connected().length === 2)
    await run(three, web)
    assert.equal(ownBlocks(three, web).length, own + 1)
  })

  it('writes the error as promised: all that others hold is out of reach', async () => {
    const web = await createWeb(hosts, '10.1.2.0/24')
    split([one], [two], [three])
    const own = three.ipam.usage(web).find(row => row.owner === three.signer.key)?.addresses ?? 0
    await Promise.all(Array.from({ length: own }, () => three.ipam.allocate(web)))
    const [a, b] = [one, two].map(
      host => three.ipam.usage(web).find(row => row.owner === host.signer.key)?.addresses ?? 0,
    )
    const named = [
      { name: 'host1', free: a ?? 0 },
      { name: 'host2', free: b ?? 0 },
    ].sort((x, y) => y.free - x.free || (x.name < y.name ? -1 : 1))
    const list = named.map(({ name, free }) => `${name} holds ${free} (out of reach)`).join(', ')
    await assert.rejects(three.ipam.allocate(web), {
      code: 'exhausted',
      message: `no free address for default/web on host3: ${list}; wait for them to return, or free an address here`,
    })
  })

  it('asks for a block before it runs dry, and not before', async () => {
    const web = await createWeb(hosts, '10.1.2.0/24')
    const before = ownBlocks(one, web).length
    const own = one.ipam.usage(web).find(row => row.owner === one.signer.key)?.addresses ?? 0
    // 254 usable addresses and at most 4 shares: blocks of 8, low water at 4
    for (let free = own; free > 4; free--) await one.ipam.allocate(web)
    await agree(hosts)
    assert.equal(ownBlocks(one, web).length, before)
    await one.ipam.allocate(web)
    await eventually(() => ownBlocks(one, web).length === before + 1)
  })

  let lastNonce = 1000
  /** Asks `two` for blocks, the last one too, until it gives none; what it owns then. */
  const drain = async (network: string): Promise<number[]> => {
    for (;;) {
      const want = encodeWant({ network, count: 16, nonce: ++lastNonce, evenLast: true, singles: 0 })
      const given = decodeGrant(await one.mesh.request(two.signer.key, donationProtocol, want, 1000)).blocks
      if (given.length === 0) return ownBlocks(two, network)
    }
  }
  /** The first address of each of the host's blocks that has 8 usable ones. */
  const firstIps = (host: Host, network: string): number[] =>
    ownBlocks(host, network)
      .map(index => host.replica.view.blockRange(network, index))
      .filter(({ first, last }) => first > ipOf('10.1.2.0') && last < ipOf('10.1.2.255'))
      .map(({ first }) => first)
  const blockOf = (ip: number) => Math.floor((ip - ipOf('10.1.2.0')) / 8)

  it('never gives a block with a held, a cooling or an attached address (R5, R7)', async () => {
    const web = await createWeb(hosts, '10.1.2.0/24')
    const [held, freed, attached] = firstIps(two, web) as [number, number, number]
    await two.ipam.allocate(web, held)
    await two.ipam.allocate(web, freed)
    await two.ipam.release(web, freed)
    await attach(two, web, attached)
    assert.deepEqual(await drain(web), [held, freed, attached].map(blockOf))
    two.clock.advance(29_000)
    assert.deepEqual(await drain(web), [held, freed, attached].map(blockOf))
    await two.ipam.claim(web, held)
    two.clock.advance(2000)
    assert.deepEqual(await drain(web), [held, attached].map(blockOf))
    await detach(two, web, `host2-${attached}`)
    assert.deepEqual(await drain(web), [held].map(blockOf))
  })

  it('lets an address that was released before its endpoint went cool down from then on', async () => {
    const web = await createWeb(hosts, '10.1.2.0/24')
    const ip = await run(two, web)
    await two.ipam.release(web, ip)
    for (let seconds = 0; seconds < 120; seconds += 20) two.clock.advance(20_000)
    await detach(two, web, `host2-${ip}`)
    assert.deepEqual(await drain(web), [blockOf(ip)])
    two.clock.advance(61_000)
    assert.deepEqual(await drain(web), [])
  })

  it('starts the cool-down anew after a restart', async () => {
    const web = await createWeb(hosts, '10.1.2.0/24')
    const ip = await two.ipam.allocate(web)
    await two.ipam.release(web, ip)
    two.clock.advance(29_000)
    two = await restarted(hub, two)
    hosts = [one, two, three]
    await eventually(() => one.mesh.connected().includes(two.signer.key))
    two.clock.advance(29_000)
    assert.deepEqual(await drain(web), [blockOf(ip)])
    two.clock.advance(2000)
    assert.deepEqual(await drain(web), [])
  })

  it('keeps half of its free blocks from a host that only prepares, and the last one for itself', async () => {
    const web = await createWeb(hosts, '10.1.2.0/29')
    const [kept] = ownBlocks(two, web)
    const ask = async (nonce: number, evenLast: boolean) => {
      const bytes = encodeWant({ network: web, count: 16, nonce, evenLast, singles: 0 })
      return decodeGrant(await one.mesh.request(two.signer.key, donationProtocol, bytes, 1000)).blocks
    }
    assert.equal((await ask(1, false)).length, 1)
    assert.deepEqual(await ask(2, false), [])
    assert.deepEqual(ownBlocks(two, web), [kept])
    assert.deepEqual(await ask(3, true), [kept])
  })

  it('serves a host that joined after the network was created', async () => {
    const web = await createWeb(hosts, '10.1.2.0/24')
    const four = withIpam(await joinPeer(hub, 'host4', one))
    hosts = [one, two, three, four]
    await allSettled(hosts)
    await four.replica.waitFor(view => view.network(web) !== undefined, 3000)
    const ips = await runMany(four, web, 20)
    assert.equal(new Set(ips).size, 20)
    assert.ok(ownBlocks(four, web).length >= 3)
    await agree(hosts)
    assert.equal(
      four.ipam.usage(web).reduce((sum, row) => sum + row.addresses, 0),
      254,
    )
  })

  it('tells a pending host whom it waits for, and serves it once it is settled', async () => {
    const web = await createWeb(hosts, '10.1.2.0/24')
    split([one, two], [three])
    const four = withIpam(await joinPeer(hub, 'host4', three), { patience: 0.03 })
    hosts = [one, two, three, four]
    split([one, two], [three, four])
    await four.replica.waitFor(view => view.network(web) !== undefined, 3000)
    const start = performance.now()
    await assert.rejects(four.ipam.allocate(web), (error: Error & { code: string }) => {
      assert.equal(error.code, 'unavailable')
      assert.match(
        error.message,
        /^host4 owns no addresses yet: its admission waits for host1, host2 \(out of reach\); /,
      )
      return true
    })
    assert.ok(performance.now() - start < 8000 * 0.03)
    await four.ipam.stop()
    const patient = withIpam(four)
    hosts = [one, two, three, patient]
    const waiting = patient.ipam.allocate(web)
    hub.heal()
    assert.ok((await waiting) > 0)
  })

  it('publishes a hint only for networks in which it did something', async () => {
    const web = await createWeb(hosts, '10.1.2.0/24')
    await two.ipam.release(web, ipOf('10.1.2.1'))
    await one.ipam.allocate(web)
    for (const host of hosts) host.clock.advance(1000)
    await three.replica.waitFor(view => view.freeHint(web, one.signer.key) !== undefined, 3000)
    const own = one.ipam.usage(web).find(row => row.owner === one.signer.key)?.addresses ?? 0
    assert.equal(three.replica.view.freeHint(web, one.signer.key), Math.floor(Math.log2(own - 1)))
    assert.equal(three.replica.view.freeHint(web, two.signer.key), undefined)
  })
})
