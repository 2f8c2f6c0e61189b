import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { usageOf } from '../../../src/ipam/core/usage.ts'
import type { NetworkId } from '../../../src/model/network.ts'
import { eventually } from '../../support/eventually.ts'
import { MemoryHub } from '../../support/memory-mesh.ts'
import { createWeb, type Host, ipOf, meshOf } from './fixture.ts'

describe('ipam: addresses of a host that was removed (R9)', () => {
  let hosts: Host[]
  let [one, two, three]: Host[] = []
  let web: NetworkId

  beforeEach(async () => {
    hosts = await meshOf(new MemoryHub(), 3)
    ;[one, two, three] = hosts
    web = await createWeb(hosts, '10.1.2.0/29')
    await three?.stop()
    hosts = hosts.filter(host => host !== three)
  })
  afterEach(() => Promise.all(hosts.map(host => host.stop())))

  async function remove(assertion: 0 | 1): Promise<void> {
    await one?.removal.start([three?.signer.key ?? assert.fail()], assertion)
    const isGone = (host: Host) => host.replica.view.removals()[0]?.outcome === 'effective'
    await eventually(() => assert.ok(hosts.every(isGone)))
  }

  async function all(host: Host | undefined): Promise<number[]> {
    const ips: number[] = []
    for (;;) {
      const ip = await host?.ipam.allocate(web).catch(() => undefined)
      if (ip === undefined) return ips
      ips.push(ip)
    }
  }

  const addresses = () => {
    const { view } = one?.replica ?? assert.fail()
    return usageOf(view, view.network(web) ?? assert.fail()).reduce((sum, row) => sum + row.addresses, 0)
  }

  it('are handed out by the heir, and given by it to others', async () => {
    await remove(1)
    assert.equal(addresses(), 6)
    const mine = await all(two)
    assert.ok(mine.length > 2, 'more than what was its own')
    const rest = await all(one)
    const usable = [1, 2, 3, 4, 5, 6].map(last => ipOf(`10.1.2.${last}`))
    assert.deepEqual([...mine, ...rest].sort(), usable)
  })

  it('are nobody’s while it may still run, then the heir’s', async () => {
    await remove(0)
    const before = addresses()
    assert.ok(before < 6)
    const got = [...(await all(two)), ...(await all(one))]
    assert.equal(got.length, before)
    await two?.removal.assertDown([three?.signer.key ?? assert.fail()])
    await eventually(() => assert.equal(one?.replica.view.removals()[0]?.assertedAt !== undefined, true))
    assert.equal(addresses(), 6)
    got.push(...(await all(two)), ...(await all(one)))
    assert.equal(new Set(got).size, 6)
  })
})
