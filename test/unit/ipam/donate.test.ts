import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { decodeGrant, decodeRequest, donationProtocol, encodeWant } from '../../../src/ipam/core/want.ts'
import type { IpamDeps } from '../../../src/ipam/create.ts'
import { formatIp } from '../../../src/model/ip.ts'
import { eventually } from '../../support/eventually.ts'
import { MemoryHub, noWayBack } from '../../support/memory-mesh.ts'
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

  /** Allocates and attaches. */
  const run = async (host: Host, network: string): Promise<number> => {
    const ip = await host.ipam.allocate(network)
    await attach(host, network, ip)
    return ip
  }
  const runMany = async (host: Host, network: string, count: number): Promise<number[]> => {
    const ips: number[] = []
    while (ips.length < count) ips.push(await run(host, network))
    return ips
  }

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

  it('answers a repeated request again and gives nothing more; a lost reply does no harm', async () => {
    const web = await createWeb(hosts, '10.1.2.0/24')
    const bytes = encodeWant({ network: web, count: 1, nonce: 7, evenLast: false, singles: 0 })
    const before = ownBlocks(two, web).length
    const ask = () => one.mesh.request(two.signer.key, donationProtocol, bytes, 1000)
    const [first, second] = await Promise.all([ask(), ask()])
    assert.deepEqual(first, second)
    assert.deepEqual(await ask(), first)
    assert.equal(ownBlocks(two, web).length, before - 1)
    // nobody took note of the reply, and yet the block is used
    await agree(hosts)
    const own = one.ipam.usage(web).find(row => row.owner === one.signer.key)?.addresses ?? 0
    const ips = await Promise.all(Array.from({ length: own }, () => one.ipam.allocate(web)))
    assert.equal(new Set(ips).size, own)
  })

  it('gives to settled members only, and refuses malformed requests', async () => {
    const web = await createWeb(hosts, '10.1.2.0/24')
    const ask = (bytes: Uint8Array) => one.mesh.request(two.signer.key, donationProtocol, bytes, 1000)
    const good = { network: web, count: 1, nonce: 1, evenLast: false, singles: 0 }
    await assert.rejects(ask(encodeWant({ ...good, count: 17 })))
    await assert.rejects(ask(encodeWant({ ...good, network: 'web' })))
    await two.ipam.stop()
    const hurried = withIpam(two, { patience: 0.05 })
    hosts = [one, hurried, three]
    await assert.rejects(ask(encodeWant({ ...good, network: 'f'.repeat(64) })), { code: 'not-found' })
    const stranger = (): Promise<Uint8Array> => {
      const handler = two.mesh.handler(donationProtocol)
      return handler ? handler('ab'.repeat(32), encodeWant(good), noWayBack) : Promise.reject(new Error('no handler'))
    }
    await assert.rejects(stranger(), { code: 'forbidden' })
    await assert.rejects(ask(new Uint8Array([0x9f, 0x01])))
    await assert.rejects(ask(new Uint8Array(2000)))
    assert.equal(ownBlocks(two, web).length + ownBlocks(one, web).length + ownBlocks(three, web).length, 32)
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

  it('uses a block whose grant got lost on the way', async () => {
    const web = await createWeb(hosts, '10.1.2.0/29')
    await one.ipam.stop()
    const { mesh } = one
    const asked = new Map<string, Set<number>>()
    const transport: IpamDeps['transport'] = {
      connected: () => mesh.connected(),
      handle: (protocol, handler) => mesh.handle(protocol, handler),
      async request(to, protocol, bytes, timeoutMs) {
        await mesh.request(to, protocol, bytes, timeoutMs)
        await one.replica.syncNow(1000)
        asked.set(to, (asked.get(to) ?? new Set()).add(decodeRequest(bytes).nonce))
        throw new Error('reply lost')
      },
    }
    const deaf = withIpam(one, { transport })
    hosts = [deaf, two, three]
    const ips = await runMany(deaf, web, 4)
    assert.equal(new Set(ips).size, 4)
    assert.deepEqual(
      [...asked.values()].map(nonces => nonces.size),
      [1, 1],
    )
  })

  it('does not wait longer than a request for owners that are connected and silent', async () => {
    const web = await createWeb(hosts, '10.1.2.0/29')
    await one.ipam.stop()
    const limits: number[] = []
    const transport: IpamDeps['transport'] = {
      connected: () => one.mesh.connected(),
      handle: (protocol, handler) => one.mesh.handle(protocol, handler),
      request: (_to, _protocol, _bytes, timeoutMs) =>
        new Promise((_resolve, reject) => {
          limits.push(timeoutMs)
          mute.clock.after(timeoutMs, () => reject(new Error('timeout')))
        }),
    }
    const mute = withIpam(one, { transport })
    hosts = [mute, two, three]
    await runMany(mute, web, 2)
    const refused = assert.rejects(mute.ipam.allocate(web), { code: 'exhausted' })
    // the one that was asked in advance, then both at once
    for (const count of [1, 3]) {
      await eventually(() => limits.length === count)
      mute.clock.advance(2000)
    }
    await refused
    assert.ok(limits.every(limitMs => limitMs <= 2000))
    assert.equal(limits.length, 3)
  })

  it('backs off when nobody gives it a block in advance', async () => {
    const web = await createWeb(hosts, '10.1.2.0/24')
    await Promise.all(hosts.map(host => host.ipam.stop()))
    const { mesh } = one
    let requests = 0
    const transport: IpamDeps['transport'] = {
      connected: () => mesh.connected(),
      handle: (protocol, handler) => mesh.handle(protocol, handler),
      request(to, protocol, bytes, timeoutMs) {
        requests++
        return mesh.request(to, protocol, bytes, timeoutMs)
      },
    }
    const asker = withIpam(one, { transport })
    hosts = [asker, two, three]
    const own = asker.ipam.usage(web).find(row => row.owner === one.signer.key)?.addresses ?? 0
    const allocate = async (count: number) => {
      for (let i = 0; i < count; i++) await asker.ipam.allocate(web)
      await new Promise(resolve => setImmediate(resolve))
      await new Promise(resolve => setImmediate(resolve))
    }
    await allocate(own - 4)
    assert.equal(requests, 0)
    await allocate(1)
    assert.equal(requests, 1)
    await allocate(1)
    assert.equal(requests, 1)
    asker.clock.advance(1000)
    await allocate(1)
    assert.equal(requests, 2)
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
