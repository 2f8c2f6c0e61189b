import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { MemoryHub } from '../../support/memory-mesh.ts'
import { agree, allSettled, attach, createWeb, type Host, ipOf, meshOf, restarted } from './fixture.ts'

describe('ipam: reservations', () => {
  const hub = new MemoryHub()
  let hosts: Host[] = []
  let web = ''

  beforeEach(async () => {
    hosts = await meshOf(hub, 3)
    web = await createWeb(hosts, '10.1.2.0/28')
  })
  afterEach(async () => {
    hub.heal()
    await Promise.all(hosts.map(host => host.stop()))
  })

  const at = (n: number) => hosts[n - 1] as Host
  const keys = (...ns: number[]) => ns.map(n => at(n).signer.key)
  /** An address that the host owns, by its genesis. */
  const ownOf = (host: Host) => {
    const { view, self } = host.replica
    for (let ip = ipOf('10.1.2.1'); ip < ipOf('10.1.2.15'); ip++) {
      if (view.block(web, view.blockOf(web, ip) ?? -1)?.owner === self) return ip
    }
    return assert.fail('owns nothing')
  }

  it('moves the address while its owner is there; in a split it is handed out on request, and then alone', async () => {
    const ip = ownOf(at(1))
    assert.ok(await at(3).ipam.reserve(web, ip))
    assert.equal(await at(3).ipam.reserve(web, ip), undefined)
    await agree(hosts)
    for (const host of hosts) assert.deepEqual(host.replica.view.reserved(web), [ip])
    assert.equal(
      at(1)
        .ipam.usage(web)
        .find(row => row.owner === at(3).signer.key)?.reserved,
      1,
    )
    hub.split(keys(1, 2), keys(3))
    const given: number[] = []
    await assert.rejects(async () => {
      for (;;) given.push(await at(3).ipam.allocate(web))
    }, /no free address for default\/web on host3: .*out of reach/)
    assert.ok(given.length > 0 && !given.includes(ip))
    assert.equal(await at(3).ipam.allocate(web, ip), ip)
  })

  it('keeps an own address too, over restarts, until it is released', async () => {
    const ip = ownOf(at(1))
    await at(1).ipam.reserve(web, ip)
    await agree(hosts)
    await assert.rejects(
      at(2).ipam.allocate(web, ip),
      /is reserved for host1: .* skein ip release -t default web 10\.1\.2\./,
    )
    hosts[0] = await restarted(hub, at(1))
    await allSettled(hosts)
    hub.split(keys(1), keys(2, 3))
    const given: number[] = []
    const takeAll = async () => {
      for (;;) given.push(await at(1).ipam.allocate(web))
    }
    await assert.rejects(takeAll(), /no free address/)
    assert.ok(!given.includes(ip))
    assert.ok(await at(1).ipam.unreserve(web, ip))
    assert.equal(await at(1).ipam.unreserve(web, ip), undefined)
    assert.equal(await at(1).ipam.allocate(web), ip)
  })

  it('is refused for what is in use, reserved elsewhere, no address of a container, or out of reach', async () => {
    const [used, kept] = [ownOf(at(1)), ownOf(at(2))]
    await attach(at(1), web, await at(1).ipam.allocate(web, used), 'app')
    await at(2).ipam.reserve(web, kept)
    await agree(hosts)
    await assert.rejects(at(3).ipam.reserve(web, used), /is held by app on host1/)
    await assert.rejects(at(3).ipam.reserve(web, kept), /is reserved for host2/)
    await assert.rejects(at(3).ipam.reserve(web, ipOf('10.1.2.15')), /cannot be a container's address/)
    await assert.rejects(at(3).ipam.reserve('ab'.repeat(32), kept), /unknown or deleted/)
    hub.split(keys(1, 2), keys(3))
    await assert.rejects(
      at(3).ipam.reserve(web, used + 1 === kept ? used : ownOf(at(2))),
      /(belongs to host2, which is out of reach|is held by)/,
    )
    assert.equal(at(3).replica.view.reserved(web).length, 1)
  })
})
