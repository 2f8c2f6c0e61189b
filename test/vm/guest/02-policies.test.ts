import assert from 'node:assert/strict'
import { after, before, describe, it } from 'mocha'
import type { LabHost } from '../../../lab/index.ts'
import { assertAgree } from '../../lab/acceptance/cli.ts'
import { assertOpen, openOf, type Speaker } from '../../lab/groups/speakers.ts'
import { ports } from '../../lab/policies/talker.ts'
import { eventually } from '../../lab/support/index.ts'
import { addressesFor } from './inside.ts'
import { askWhy, countedOn, openBy } from './judged.ts'
import { apply, remove } from './objects.ts'
import { patience } from './patience.ts'
import { openShops, published, type Shop, type Shops, shop, type Tenant, tenants } from './shops.ts'
import { opens, useWire } from './wire.ts'

/** For an answer that is due. */
const dueMs = 20_000
/** For one that is not. */
const silenceMs = 3_000

describe('policies on VLANs, of two tenants with the same addresses, on the kernel of Debian', () => {
  const wire = useWire()
  let shops: Shops
  let one: LabHost
  let two: LabHost

  before(async function () {
    this.timeout(600_000)
    ;({ one, two } = wire())
    shops = await openShops(wire())
  })
  after(async function () {
    this.timeout(600_000)
    await shops?.close()
  })

  /** Between the group's members on two hosts, and from the plain host to both. */
  const pairs = ({ db1, db2, plain }: Shop): [Speaker, Speaker][] => [
    [db1, db2],
    [db2, db1],
    [plain, db1],
    [plain, db2],
  ]
  /** By both families these ports open from each to each of the tenant. */
  async function assertOpenToAll(tenant: Tenant, open: readonly number[]): Promise<void> {
    await Promise.all(pairs(shops[tenant]).map(([from, to]) => assertOpen(from, to, open)))
  }
  /** The same, once it is so, and what the hosts say of it: one of IPv4, the other of IPv6. */
  async function assertAll(tenant: Tenant, open: readonly number[]): Promise<void> {
    await eventually(() => assertOpenToAll(tenant, open), patience)
    for (const [from, to] of pairs(shops[tenant])) await says([one, two], tenant, from, to, open)
  }
  async function says([of4, of6]: LabHost[], tenant: Tenant, from: Speaker, to: Speaker, open: readonly number[]) {
    for (const [host, family] of [
      [of4, 'ip'],
      [of6, 'ip6'],
    ] as const) {
      assert.ok(host)
      const said = await openBy(host, { tenant, src: from[family], dst: to[family] })
      assert.deepEqual(said, open, `${host.name} of ${from.name} -> ${to.name}, ${from[family]}`)
    }
  }

  it('judge members on two hosts and a plain host, in each tenant by its own rules', async () => {
    assert.deepEqual([shops.default.db1.ip, shops.default.db2.ip], [shops.blue.db2.ip, shops.blue.db1.ip])
    await Promise.all([assertAll('default', [8888]), assertAll('blue', [8889, 8890])])
  })

  it('nobody is heard by another tenant', async () => {
    const all = tenants.flatMap(tenant => {
      const { db1, db2, plain } = shops[tenant]
      return [...pairs(shops[tenant]), [db1, plain] as const, [db2, plain] as const]
    })
    await Promise.all(
      all.flatMap(([from, to]) =>
        [to.ip, to.ip6].map(async address => {
          assert.equal(await from.who(address, 8888, dueMs), to.name, `${from.name} -> ${address}`)
        }),
      ),
    )
  })

  it('hold where it is received against a plain host, by the rule that why names, which counts it there', async () => {
    const { plain, db2 } = shops.default
    const before = await Promise.all(tenants.map(tenant => countedOn(two, tenant)))
    assert.deepEqual(await openOf(plain, db2.ip, [8889], []), [])
    const [after, blue] = await Promise.all(tenants.map(tenant => countedOn(two, tenant)))
    const why = await askWhy(one, { tenant: 'default', src: plain.ip, dst: db2.ip, flow: 'tcp/8889' })
    assert.deepEqual([why.passes, why.decidedOn, why.cases[0]?.rule?.ruleId], ['no', ['host2'], '1'])
    assert.ok((after?.['1'] ?? 0) > (before[0]?.['1'] ?? 0), 'rule 1 counted it')
    assert.deepEqual(blue, before[1], 'in the other tenant nothing was judged')
  })

  it("the group's name is all of its members, those of the own host first", async () => {
    for (const tenant of tenants) {
      const { db1, db2, containers } = shops[tenant]
      const [c1, c2] = containers
      await eventually(async () => assert.deepEqual(await addressesFor(c1, 'db'), [db1.ip, db2.ip]), patience)
      await eventually(async () => assert.deepEqual(await addressesFor(c2, 'db'), [db2.ip, db1.ip]), patience)
    }
  })

  it("hold on the way out by the VLAN's router, and at published ports", async () => {
    const { beyond } = shop
    for (const [tenant, open] of [
      ['default', [8888, 8889]],
      ['blue', ports],
    ] as const) {
      const { db1, db2 } = shops[tenant]
      await Promise.all(
        [db1, db2].map(async from => {
          assert.deepEqual(await openOf(from, beyond, ports, open), open, `${from.name} -> ${beyond}`)
          assert.deepEqual(await openBy(one, { tenant, src: from.ip, dst: beyond }), open)
        }),
      )
    }
    const way = await askWhy(two, { tenant: 'blue', src: shops.blue.db1.ip, dst: beyond, flow: 'tcp/8888' })
    assert.equal(way.way, 'router')
    const { outside } = wire().lab
    const isOpen = async (port: 8888 | 8889, expected: boolean) =>
      assert.equal(await opens(outside, one.address, published[port]), expected, `published port ${port}`)
    await Promise.all([eventually(() => isOpen(8888, true), patience), isOpen(8889, false)])
  })

  it('a rule that goes lets in what it denied, on both hosts and in its own tenant alone', async () => {
    await remove(two, 'rules', 'blue:p:1')
    await Promise.all([assertAll('blue', ports), assertOpenToAll('default', [8888])])
  })

  describe('in a split of the mesh that the VLANs know nothing of', () => {
    let flows: Record<'cutInTheSplit' | 'cutAfterIt' | 'kept', (readonly [Speaker, number])[]>
    const rule = { direction: 'in', protocol: 'tcp' }

    async function assertLive(live: Record<keyof typeof flows, boolean>): Promise<void> {
      for (const kind of Object.keys(live) as (keyof typeof flows)[]) {
        const said = await Promise.all(
          flows[kind].map(([from, flow]) => from.say(flow, live[kind] ? dueMs : silenceMs)),
        )
        assert.deepEqual(
          said,
          flows[kind].map(() => live[kind]),
          kind,
        )
      }
    }

    before(async () => {
      const { default: red, blue } = shops
      const open = async (from: Speaker, to: Speaker, port: number) => [from, await from.open(to.ip, port)] as const
      flows = {
        cutInTheSplit: await Promise.all([open(red.plain, red.db2, 8888), open(red.db1, red.db2, 8888)]),
        cutAfterIt: [await open(red.plain, red.db1, 8888)],
        kept: await Promise.all([open(blue.plain, blue.db1, 8888), open(blue.db1, blue.db2, 8889)]),
      }
      await assertLive({ cutInTheSplit: true, cutAfterIt: true, kept: true })
      await wire().lab.split(['1', '2'])
      const to = (host: LabHost, id: string, more: object) =>
        apply(host, { policies: [{ name: 'p', rules: [{ id, ...rule, ...more }] }] })
      await to(two, '4', { port: 8888, priority: 20, action: 'deny' })
      await to(one, '5', { port: 8889, priority: 10, action: 'allow' })
    })

    it('are on each side those that it knows, against the plain host and from there', async () => {
      const { plain, db1, db2 } = shops.default
      await Promise.all([
        eventually(() => assertOpen(plain, db1, [8888, 8889]), patience),
        eventually(() => assertOpen(plain, db2, []), patience),
      ])
      await says([one, one], 'default', plain, db1, [8888, 8889])
      await says([two, two], 'default', plain, db2, [])
    })

    it('let no stale sender past a receiver that knows better', async () => {
      const { db1, db2 } = shops.default
      const before = (await countedOn(two, 'default'))['4'] ?? 0
      await assertOpen(db1, db2, [])
      assert.ok(((await countedOn(two, 'default'))['4'] ?? 0) > before, 'it came, and was denied there')
      // its own host knows better, though the receiver's is the stale one; and each host tells what it knows
      await Promise.all([
        assertOpen(db2, db1, []),
        says([one, one], 'default', db1, db2, [8888, 8889]),
        says([two, two], 'default', db1, db2, []),
      ])
    })

    it('cut what stands and nothing else; names stand for all members; the other tenant goes on', async () => {
      await assertLive({ cutInTheSplit: false, cutAfterIt: true, kept: true })
      const { db1, db2, containers } = shops.default
      assert.deepEqual(await addressesFor(containers[0], 'db'), [db1.ip, db2.ip])
      await assertOpenToAll('blue', ports)
    })

    it('are all of them everywhere after the heal, and have cut what they deny', async () => {
      await wire().lab.heal()
      await assertAgree([one, two], patience.timeoutMs)
      await assertAll('default', [8889])
      await assertOpenToAll('blue', ports)
      await assertLive({ cutInTheSplit: false, cutAfterIt: false, kept: true })
    })
  })
})
