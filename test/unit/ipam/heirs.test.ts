import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { coolDownMs } from '../../../src/ipam/core/ledger.ts'
import { usageOf } from '../../../src/ipam/core/usage.ts'
import type { NetworkId } from '../../../src/model/network.ts'
import { eventually } from '../../support/eventually.ts'
import { MemoryHub } from '../../support/memory-mesh.ts'
import { attach, createWeb, detach, type Host, ipOf, meshOf, restarted } from './fixture.ts'

describe('ipam: addresses of a host that was removed (R9)', () => {
  let hub: MemoryHub
  let hosts: Host[]
  let [one, two, three]: Host[] = []
  let web: NetworkId

  beforeEach(async () => {
    hub = new MemoryHub()
    hosts = await meshOf(hub, 3)
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

  const coolDown = () => {
    for (const host of hosts) host.clock.advance(coolDownMs)
  }
  const heirOf = () => hosts.find(({ signer }) => signer.key === one?.replica.view.removals()[0]?.targets[0]?.heir)

  it('are handed out by the heir, and given by it to others, once they have cooled down', async () => {
    await remove(1)
    assert.equal(addresses(), 6)
    coolDown()
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
    coolDown()
    got.push(...(await all(two)), ...(await all(one)))
    assert.equal(new Set(got).size, 6)
  })

  it('R7: may have been freed a moment before: for 30 s neither the heir nor anybody else gets them', async () => {
    await remove(1)
    const heir = heirOf() ?? assert.fail('no heir')
    const other = hosts.find(host => host !== heir) ?? assert.fail()
    const before = [...(await all(heir)), ...(await all(other))]
    assert.ok(before.length < 6, `${before.length} of 6 handed out at once`)
    const left = [1, 2, 3, 4, 5, 6].map(last => ipOf(`10.1.2.${last}`)).filter(ip => !before.includes(ip))
    const refused = /was another group's or host's lately: try again in (30|29) s$/
    await assert.rejects(heir.ipam.allocate(web), { code: 'conflict', message: refused })
    for (const host of hosts) await assert.rejects(host.ipam.allocate(web, left[0]), { message: refused })
    await assert.rejects(heir.ipam.reserve(web, left[0] ?? 0), { message: refused })
    await assert.rejects(other.ipam.allocate(web), { message: /holds \d \(freed lately, may move in (30|29) s\)/ })
    for (const host of hosts) host.clock.advance(coolDownMs - 1500)
    await assert.rejects(heir.ipam.allocate(web), { message: /: try again in [12] s$/ })
    coolDown()
    assert.deepEqual((await all(heir)).sort(), left)
  })

  it('R7: cool down from zero when the heir starts again', async () => {
    await remove(1)
    const heir = heirOf() ?? assert.fail('no heir')
    coolDown()
    const again = await restarted(hub, heir)
    hosts = [...hosts.filter(host => host !== heir), again]
    const before = await all(again)
    await assert.rejects(again.ipam.allocate(web), { message: /host's lately: try again in (30|29) s$/ })
    coolDown()
    assert.ok(before.length < 6)
    assert.equal(
      before.length + (await all(again)).length,
      6,
      'its own, what the other gave, and what it has as the heir',
    )
  })

  it('R7: the heir may use at once what it has used since, also when it starts again', async () => {
    await remove(1)
    const heir = heirOf() ?? assert.fail('no heir')
    coolDown()
    const mine = await all(heir)
    for (const ip of mine) await heir.ipam.release(web, ip)
    assert.deepEqual((await all(heir)).sort(), mine.sort(), 'freed by itself')
    const [kept, ...freed] = mine
    for (const ip of freed) await heir.ipam.release(web, ip)
    const again = await restarted(hub, heir)
    hosts = [...hosts.filter(host => host !== heir), again]
    assert.deepEqual((await all(again)).sort(), freed.sort(), 'also after it was started again')
    assert.ok(again.ipam.held(web).includes(kept ?? 0))
  })

  it('R7: what its host stops under a new key cools down from then on, though the heir has had the address for long', async () => {
    await remove(1)
    const heir = heirOf() ?? assert.fail('no heir')
    const other = hosts.find(host => host !== heir) ?? assert.fail()
    const { view } = heir.replica
    const ip = [1, 2, 3, 4, 5, 6]
      .map(last => ipOf(`10.1.2.${last}`))
      .find(ip => view.block(web, view.blockOf(web, ip) ?? -1)?.inheritedFrom !== undefined)
    assert.ok(ip !== undefined)
    // as a host does that is back under a new key: its container runs on
    const id = await attach(other, web, ip)
    await heir.replica.waitFor(() => view.holders(web, ip).length > 0, 3000)
    coolDown()
    await detach(other, web, id)
    await heir.replica.waitFor(() => view.holders(web, ip).length === 0, 3000)
    await assert.rejects(heir.ipam.allocate(web, ip), { message: /host's lately: try again in (30|29) s$/ })
    const given = await all(heir)
    assert.ok(!given.includes(ip))
    coolDown()
    assert.deepEqual(await all(heir), [ip])
  })

  it('stay inherited when the heir gives one of their block away, as the register says; what it gave is not', async () => {
    const db = await createWeb(hosts, '10.1.3.0/24', 'db')
    await remove(1)
    const heir = heirOf() ?? assert.fail('no heir')
    const other = hosts.find(host => host !== heir) ?? assert.fail()
    coolDown()
    const blockAt = (host: Host) => {
      const { view } = host.replica
      return Array.from({ length: view.blockCount(db) }, (_, index) => view.block(db, index)).filter(
        block => block?.owner === heir.signer.key && block.inheritedFrom === three?.signer.key,
      )
    }
    const before = blockAt(heir)
    const [block] = before
    const ip = heir.replica.view.blockRange(db, block?.index ?? -1).first + 1
    assert.equal(await other.ipam.allocate(db, ip), ip)
    await eventually(() => assert.equal(heir.replica.view.address(db, ip)?.owner, other.signer.key))
    for (const host of hosts) {
      assert.deepEqual(blockAt(host)[0]?.carved, [ip])
      assert.equal(blockAt(host).length, before.length)
      assert.equal(host.replica.view.address(db, ip)?.inheritedFrom, undefined)
    }
  })
})
