import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { decodeRequest, donationProtocol, encodeWant } from '../../../src/ipam/core/want.ts'
import type { IpamDeps } from '../../../src/ipam/create.ts'
import { eventually } from '../../support/eventually.ts'
import { MemoryHub, noWayBack } from '../../support/memory-mesh.ts'
import { agree, createWeb, type Host, meshOf, ownBlocks, runMany, withIpam } from './fixture.ts'

describe('ipam: requests and grants on their way', () => {
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

  it('a request that is asked again when what it gave was passed on, or was nothing, gives anew, once', async () => {
    const web = await createWeb(hosts, '10.1.2.0/24')
    const bytes = encodeWant({ network: web, count: 1, nonce: 7, evenLast: false, singles: 0 })
    const ask = () => one.mesh.request(two.signer.key, donationProtocol, bytes, 1000)
    const first = await ask()
    await agree(hosts)
    await one.ipam.drain(5000)
    await agree(hosts)
    assert.deepEqual(ownBlocks(one, web), [])
    const [again, same] = await Promise.all([ask(), ask()])
    assert.deepEqual(again, same)
    assert.notDeepEqual(again, first)
    await agree(hosts)
    assert.equal(ownBlocks(one, web).length, 1)
    // this host has nothing; what it said once it does not say for ever
    const last = encodeWant({ network: web, count: 1, nonce: 9, evenLast: true, singles: 0 })
    const askAnother = () => two.mesh.request(one.signer.key, donationProtocol, last, 1000)
    await one.ipam.drain(5000)
    const nothing = await askAnother()
    await ask()
    await agree(hosts)
    assert.notDeepEqual(await askAnother(), nothing)
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
})
