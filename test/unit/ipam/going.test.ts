import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { startRemovalLeaves } from '../../../src/crdt/removal-start.ts'
import { donationProtocol, encodeWant } from '../../../src/ipam/core/want.ts'
import { MemoryHub } from '../../support/memory-mesh.ts'
import { agree, createWeb, type Host, meshOf, ownBlocks } from './fixture.ts'

describe('ipam: what is given to a host while it is being removed (R9, I1)', () => {
  const hub = new MemoryHub()
  let hosts: Host[]
  let one: Host
  let three: Host
  let web: string
  const keyOf = (host: Host) => host.signer.key
  const ask = () => {
    const want = encodeWant({ network: web, count: 1, nonce: 7, evenLast: false, singles: 0 })
    return three.mesh.request(keyOf(one), donationProtocol, want, 1000)
  }

  beforeEach(async () => {
    hosts = await meshOf(hub, 3)
    const [first, second, third] = hosts
    assert.ok(first && second && third)
    ;[one, three] = [first, third]
    web = await createWeb(hosts, '10.1.2.0/24')
    // who would decide the removal is out of reach
    hub.split([keyOf(one), keyOf(three)], [keyOf(second)])
    await one.replica.write(view => startRemovalLeaves(view, keyOf(one), [keyOf(three)], 0))
    await agree([one, three])
  })
  afterEach(async () => {
    hub.heal()
    await Promise.all(hosts.map(host => host.stop()))
  })

  it('is nothing, by whoever promised that it goes: for the others it may be gone, and nobody would ask it', async () => {
    const before = ownBlocks(one, web).length
    await ask()
    assert.equal(ownBlocks(one, web).length, before)
    const ip = await one.ipam.allocate(web)
    await one.ipam.release(web, ip)
    one.clock.advance(60_000)
    await assert.rejects(three.ipam.reserve(web, ip), { code: 'conflict', message: /takes part in the removal/ })
    await assert.rejects(one.ipam.drain(1000), { code: 'unavailable', message: /no settled member is within reach/ })
  })

  it('is given again once the removal is lifted', async () => {
    const [removal] = one.replica.view.removals()
    assert.ok(removal)
    const before = ownBlocks(one, web).length
    await one.replica.write(() => [{ kind: 'removal-end', removal: removal.dot, effective: false, acks: [], cut: [] }])
    await ask()
    assert.equal(ownBlocks(one, web).length, before - 1)
  })
})
