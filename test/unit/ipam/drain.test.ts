import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { eventually } from '../../support/eventually.ts'
import { MemoryHub } from '../../support/memory-mesh.ts'
import { createWeb, type Host, meshOf } from './fixture.ts'

describe('ipam: handing over all addresses of a host', () => {
  let hub: MemoryHub
  let hosts: Host[]

  beforeEach(async () => {
    hub = new MemoryHub()
    hosts = await meshOf(hub, 3)
  })
  afterEach(() => Promise.all(hosts.map(host => host.stop())))

  const at = (index: number): Host => hosts[index] ?? assert.fail()

  function blocksOf(id: string, owner: Host): number {
    const { view } = at(0).replica
    let count = 0
    for (let index = 0; index < view.blockCount(id); index++)
      if (view.block(id, index)?.owner === owner.signer.key) count++
    return count
  }

  it('spreads them evenly over the others, who hold the transfers when it is done', async () => {
    const id = await createWeb(hosts, '10.1.0.0/24')
    const before = blocksOf(id, at(2))
    assert.ok(before > 0, String(before))
    const drained = await at(2).ipam.drain(5000)
    assert.deepEqual([drained.given, drained.left, drained.inUse, drained.waitingFor], [before, 0, 0, []])
    assert.equal(drained.to.length, 2)
    await eventually(() => assert.equal(blocksOf(id, at(2)), 0))
    const [one, two] = [blocksOf(id, at(0)), blocksOf(id, at(1))]
    assert.ok(Math.abs(one - two) <= 2, `${one} and ${two}`) // the genesis may have dealt one more, too
    const again = await at(2).ipam.drain(5000)
    assert.equal(again.given, 0)
  })

  it('keeps the block of an address that is in use, and hands it over once that has cooled down', async () => {
    const id = await createWeb(hosts, '10.1.0.0/24')
    const ip = await at(2).ipam.allocate(id)
    assert.equal((await at(2).ipam.drain(5000)).inUse, 1)
    await at(2).ipam.release(id, ip)
    assert.equal((await at(2).ipam.drain(5000)).given, 0)
    at(2).clock.advance(60_000)
    assert.equal((await at(2).ipam.drain(5000)).given, 1)
  })

  it('says so when nobody is there to take them', async () => {
    await createWeb(hosts, '10.1.0.0/24')
    hub.split([at(2).signer.key], [at(0).signer.key, at(1).signer.key])
    await assert.rejects(at(2).ipam.drain(5000), { code: 'unavailable', message: /no settled member is within reach/ })
  })
})
