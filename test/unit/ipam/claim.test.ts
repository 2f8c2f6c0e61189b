import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { giveAddressLeaves } from '../../../src/crdt/addresses.ts'
import { transferLeaf } from '../../../src/crdt/blocks.ts'
import { decodeVerdict, donationProtocol, encodeClaim } from '../../../src/ipam/core/want.ts'
import type { IpamDeps } from '../../../src/ipam/create.ts'
import { formatIp } from '../../../src/model/ip.ts'
import { eventually } from '../../support/eventually.ts'
import { MemoryHub } from '../../support/memory-mesh.ts'
import { agree, attach, createWeb, detach, type Host, ipOf, meshOf, ownBlocks, restarted, withIpam } from './fixture.ts'

describe('ipam: an address of another host, asked for by name (R6)', () => {
  let hub: MemoryHub
  let hosts: Host[]
  let one: Host
  let two: Host
  let three: Host
  let web: string
  /** In a block of host2. */
  let ip: number
  beforeEach(async () => {
    hub = new MemoryHub()
    hosts = await meshOf(hub, 3)
    ;[one, two, three] = hosts as [Host, Host, Host]
    web = await createWeb(hosts, '10.1.2.0/24')
    ip = two.replica.view.blockRange(web, ownBlocks(two, web)[1] as number).first + 3
  })
  afterEach(async () => {
    hub.heal()
    await Promise.all(hosts.map(host => host.stop()))
  })
  const split = (...groups: Host[][]) => hub.split(...groups.map(group => group.map(host => host.signer.key)))
  const ownerOf = (host: Host, address: number) => host.replica.view.address(web, address)?.owner
  const coolDown = () => {
    for (const host of hosts) host.clock.advance(61_000)
  }
  /** Docker asks for the address, and says later that the container is gone. */
  const run = async (host: Host) => {
    assert.equal(await host.ipam.allocate(web, ip), ip)
    return attach(host, web, ip, 'shop')
  }
  const remove = async (host: Host, endpoint: string) => {
    await detach(host, web, endpoint)
    await host.ipam.release(web, ip)
  }

  it('is carved out of its block for who asks, in one batch, and the block stays', async () => {
    const index = two.replica.view.blockOf(web, ip) ?? -1
    await run(one)
    await agree(hosts)
    for (const { replica } of hosts) {
      assert.equal(replica.view.address(web, ip)?.owner, one.signer.key)
      assert.deepEqual(replica.view.block(web, index)?.carved, [ip])
      assert.equal(replica.view.block(web, index)?.owner, two.signer.key)
    }
    const sum = one.ipam.usage(web).reduce((all, row) => all + row.addresses, 0)
    assert.equal(sum, 254)
  })

  it('stays with the host after release: the next start there needs no owner, any other host has to ask it', async () => {
    await remove(one, await run(one))
    split([one], [two, three])
    await remove(one, await run(one))
    hub.heal()
    await agree(hosts)
    coolDown()
    await run(three)
    assert.equal(ownerOf(three, ip), three.signer.key)
    assert.equal(three.replica.view.addressTransfers(web, ip).length, 2)
  })

  it('is handed out by its register alone, also where one host owns both (R3)', async () => {
    const endpoint = await run(one)
    const index = two.replica.view.blockOf(web, ip) ?? -1
    await two.replica.write((view, at) => [transferLeaf(view, two.signer, web, index, three.signer.key, at)])
    await agree(hosts)
    await remove(one, endpoint)
    await agree(hosts)
    coolDown()
    // host3 owns the block now, and host1 the address: H8
    const { first } = three.replica.view.blockRange(web, index)
    const taken = await Promise.all([0, 1, 2, 4, 5, 6, 7].map(offset => three.ipam.allocate(web, first + offset)))
    assert.equal(taken.length, 7)
    await run(one)
    await agree(hosts)
    await assert.rejects(three.ipam.allocate(web, ip), { code: 'conflict', message: /is held by shop on host1/ })
    assert.equal(ownerOf(three, ip), one.signer.key)
  })

  it('is not given while anybody uses it: the error names the container and its host', async () => {
    const endpoint = await attach(two, web, ip, 'shop')
    await agree(hosts)
    const held = `${formatIp(ip)} of default/web is held by shop on host2; remove that container or choose another address`
    await assert.rejects(one.ipam.allocate(web, ip), { code: 'conflict', message: held })
    await detach(two, web, endpoint)
    await agree(hosts)
    await two.ipam.allocate(web, ip)
    await assert.rejects(one.ipam.allocate(web, ip), {
      code: 'conflict',
      message: `${formatIp(ip)} of default/web is taken on host2; choose another address or leave out --ip`,
    })
    await two.ipam.release(web, ip)
    await assert.rejects(one.ipam.allocate(web, ip), {
      code: 'conflict',
      message: `${formatIp(ip)} of default/web was freed on host2 lately: try again in 30 s, or run the container there`,
    })
    assert.equal(ownerOf(two, ip), undefined, 'nothing was carved out')
    two.clock.advance(61_000)
    await run(one)
  })

  it('is refused by the owner, though the asker has not heard of the container yet', async () => {
    await attach(two, web, ip, 'shop')
    const bytes = encodeClaim({ network: web, ip, nonce: 1 })
    await assert.rejects(one.mesh.request(two.signer.key, donationProtocol, bytes, 1000), {
      code: 'conflict',
      message: /is held by shop on host2/,
    })
  })

  it('cannot be had while its owner is out of reach, which the error names at once', async () => {
    split([one], [two, three])
    const start = performance.now()
    await assert.rejects(one.ipam.allocate(web, ip), {
      code: 'unavailable',
      message: `${formatIp(ip)} of default/web belongs to host2, which is out of reach; wait for it to return, choose another address, or leave out --ip`,
    })
    assert.ok(performance.now() - start < 500)
    hub.heal()
    await eventually(() => one.mesh.connected().includes(two.signer.key))
    await run(one)
  })

  it('names an owner that does not answer, within 6 s', async () => {
    await one.ipam.stop()
    let asked = 0
    const transport: IpamDeps['transport'] = {
      connected: () => one.mesh.connected(),
      handle: (protocol, handler) => one.mesh.handle(protocol, handler),
      request: (_to, _protocol, _bytes, timeoutMs) =>
        new Promise((_resolve, reject) => {
          asked++
          mute.clock.after(timeoutMs, () => reject(new Error('timeout')))
        }),
    }
    const mute = withIpam(one, { transport })
    hosts = [mute, two, three]
    const startMs = mute.clock.monotonic()
    let isDone = false
    const refused = assert
      .rejects(mute.ipam.allocate(web, ip), { code: 'unavailable', message: /belongs to host2, which does not answer/ })
      .finally(() => {
        isDone = true
      })
    await eventually(() => {
      mute.clock.advance(100)
      return isDone
    })
    await refused
    assert.ok(mute.clock.monotonic() - startMs < 6000)
    assert.ok(asked > 1)
  })

  it('is asked for again where it went meanwhile', async () => {
    await two.replica.write((view, at) => giveAddressLeaves(view, two.signer, web, [ip], three.signer.key, at))
    await eventually(() => ownerOf(three, ip) === three.signer.key)
    assert.equal(await one.ipam.allocate(web, ip), ip)
    assert.equal(ownerOf(one, ip), one.signer.key)
  })

  it('is given once to a request that is repeated, and refused to all but one who ask at once', async () => {
    const bytes = encodeClaim({ network: web, ip, nonce: 7 })
    const ask = () => one.mesh.request(two.signer.key, donationProtocol, bytes, 1000).then(decodeVerdict)
    assert.deepEqual(await Promise.all([ask(), ask()]), [true, true])
    assert.equal(await ask(), true)
    assert.equal(two.replica.view.addressTransfers(web, ip).length, 1)
    const other = ip + 1
    const results = await Promise.allSettled([one, three].map(host => host.ipam.allocate(web, other)))
    assert.deepEqual(results.map(result => result.status).sort(), ['fulfilled', 'rejected'])
    const refused = results.find(result => result.status === 'rejected')
    assert.match(String(refused?.reason), /is taken on host[13]/)
  })

  it('is carved out for ever, through restarts of all', async () => {
    await remove(one, await run(one))
    await agree(hosts)
    hosts = [one, two, three] = (await Promise.all(hosts.map(host => restarted(hub, host)))) as [Host, Host, Host]
    assert.equal(ownerOf(one, ip), one.signer.key)
    split([one], [two], [three])
    await run(one)
  })

  it('cannot be one that no container can have', async () => {
    const ask = (from: Host, to: Host, at: string) => {
      const bytes = encodeClaim({ network: web, ip: ipOf(at), nonce: 1 })
      return from.mesh.request(to.signer.key, donationProtocol, bytes, 1000).then(decodeVerdict)
    }
    assert.equal(await ask(one, two, '10.9.9.9'), false)
    const owner = hosts.find(host => host.signer.key === one.replica.view.block(web, 0)?.owner) as Host
    const asker = hosts.find(host => host !== owner) as Host
    await assert.rejects(ask(asker, owner, '10.1.2.0'), { code: 'invalid' })
    assert.equal(await ask(owner, asker, '10.1.2.0'), true, 'nothing is to be given: it is the asker’s')
    assert.deepEqual(two.replica.view.carved(web), [])
  })
})

describe('ipam: single addresses of others when no block is left', () => {
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
  afterEach(() => Promise.all(hosts.map(host => host.stop())))

  /** A container in each block of the host. */
  const occupy = async (host: Host, network: string): Promise<number[]> => {
    const { view } = host.replica
    const first = view.network(network)?.spec.subnet.first ?? 0
    const ips = ownBlocks(host, network).map(index => Math.max(view.blockRange(network, index).first, first))
    for (const ip of ips) await attach(host, network, await host.ipam.allocate(network, ip))
    return ips
  }

  it('lets one host use every address that is free anywhere in reach', async () => {
    const web = await createWeb(hosts, '10.1.2.0/26') // blocks of 2
    // one container in each block of host2 and host3: neither has a block to give
    const taken = [...(await occupy(two, web)), ...(await occupy(three, web))]
    await agree(hosts)
    const got: number[] = []
    while (got.length < 62 - taken.length) {
      const ip = await one.ipam.allocate(web)
      await attach(one, web, ip)
      got.push(ip)
    }
    assert.equal(new Set([...got, ...taken]).size, 62)
    await agree(hosts)
    await assert.rejects(one.ipam.allocate(web), { code: 'exhausted', message: /every address is in use/ })
    assert.ok(one.replica.view.carved(web).length > 0)
  })

  it('takes no single address in advance', async () => {
    const web = await createWeb(hosts, '10.1.2.0/26')
    for (const host of [two, three]) await occupy(host, web)
    const own = one.ipam.usage(web).find(row => row.owner === one.signer.key)?.addresses ?? 0
    for (let i = 0; i < own; i++) await one.ipam.allocate(web)
    await agree(hosts)
    assert.deepEqual(one.replica.view.carved(web), [])
    const ip = await one.ipam.allocate(web)
    assert.deepEqual(one.replica.view.carved(web), [ip])
  })

  it('says when an address that was freed elsewhere may move here, and takes it then', async () => {
    const web = await createWeb(hosts, '10.1.2.0/29')
    const ids: [Host, number, string][] = []
    for (let i = 0; i < 6; i++) {
      const host = hosts[i % 3] as Host
      const ip = await host.ipam.allocate(web)
      ids.push([host, ip, await attach(host, web, ip)])
    }
    await agree(hosts)
    const [, freed, endpoint] = ids[1] as [Host, number, string]
    await detach(two, web, endpoint)
    await two.ipam.release(web, freed)
    await agree(hosts)
    await assert.rejects(one.ipam.allocate(web), {
      code: 'exhausted',
      message:
        'no free address for default/web on host1: host2 holds 1 (freed lately, may move in 30 s); try again in 30 s, or free an address here',
    })
    // the host that freed it may use it at once
    assert.equal(await two.ipam.allocate(web), freed)
    await two.ipam.release(web, freed)
    two.clock.advance(61_000)
    assert.equal(await one.ipam.allocate(web), freed)
  })
})
