import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import { giveAddressLeaves } from '../../../src/crdt/addresses.ts'
import type { EndpointLeaf } from '../../../src/crdt/leaves.ts'
import { Registry } from '../../../src/crdt/registry.ts'
import { rightfulFirst } from '../../../src/crdt/rightful.ts'
import { planEntries, targetsOf } from '../../../src/datapath/plan.ts'
import { RunningPlan } from '../../../src/datapath/running-plan.ts'
import { createNames } from '../../../src/dns/names.ts'
import { verifySignature } from '../../../src/lib/keys.ts'
import { formatIp, macOf } from '../../../src/model/ip.ts'
import { createMembers } from '../../../src/policy/index.ts'
import { Scene } from '../crdt/removal-scene.ts'

/** Five hosts with a network. Number 4 is who looks, and applies what is new to one registry as it comes; each has a VTEP. */
class Contested extends Scene {
  readonly view = new Registry(this.meshId, verifySignature)
  readonly #applied = new Map<number, number>()

  constructor() {
    super(6, 5)
    for (const number of [1, 2, 3, 5]) {
      this.at(number).write([{ kind: 'vtep', network: this.id, address: `192.168.2.${number}`, vni: 500 + number }])
    }
    this.sync()
  }

  sync(): Registry {
    for (const [i, { batches }] of this.writers.entries()) {
      for (const batch of batches.slice(this.#applied.get(i) ?? 0)) this.view.apply(batch)
      this.#applied.set(i, batches.length)
    }
    return this.view
  }

  get self(): string {
    return this.at(4).key
  }

  /** Of hosts 1 and 2 the one with the lower key, then the other. */
  get byKey(): [number, number] {
    return this.at(1).key < this.at(2).key ? [1, 2] : [2, 1]
  }

  /** An address that the host owns by the genesis. */
  ipOf(number: number): number {
    return this.view.blockRange(this.id, this.blockOf(number)).first + 2
  }

  run(number: number, ip: number, mac = macOf(ip)): void {
    const leaf: EndpointLeaf = {
      kind: 'endpoint',
      id: `e${number}`,
      network: this.id,
      ip,
      mac,
      container: '',
      containerName: `c${number}`,
    }
    this.at(number).write([leaf])
    this.sync()
  }

  plan(): RunningPlan {
    return new RunningPlan({ self: this.self, ownAddress: '192.168.2.4', network: this.id })
  }

  /** What is planned from all, anew. */
  planned() {
    const { view, id } = this
    const targets = targetsOf(view.vteps(id), this.self, '192.168.2.4')
    return planEntries(rightfulFirst(view, id, view.endpoints(id)), targets, this.self)
  }

  /** Number of the host to which both the address's MAC and, by the plan followed up to now, the frames lead. */
  leadsTo(plan: RunningPlan, ip: number): number {
    plan.follow(this.view)
    assert.deepEqual(plan.entries, this.planned())
    const target = plan.entries.unicast.get(plan.entries.neighbours.get(formatIp(ip)) ?? '')
    return Number(target?.split(' ')[1] ?? 500) - 500
  }
}

describe('datapath: an address that several hosts hold', () => {
  for (const [what, at] of [
    ['lower', 1],
    ['higher', 0],
  ] as const) {
    it(`leads to its owner, with a key that is not the ${what}, whoever came first`, () => {
      for (const isOwnerFirst of [true, false]) {
        const world = new Contested()
        const owner = world.byKey[at]
        const other = world.byKey[1 - at] as number
        const ip = world.ipOf(owner)
        const plan = world.plan()
        plan.follow(world.view)
        for (const number of isOwnerFirst ? [owner, other] : [other, owner]) world.run(number, ip)
        assert.equal(world.leadsTo(plan, ip), owner)
        assert.equal(world.leadsTo(world.plan(), ip), owner)
      }
    })
  }

  it('leads to its owner also where the other one says another MAC', () => {
    const world = new Contested()
    const [lower, higher] = world.byKey
    const ip = world.ipOf(higher)
    world.run(higher, ip)
    world.run(lower, ip, '0e:00:00:00:00:01')
    assert.equal(world.leadsTo(world.plan(), ip), higher)
  })

  it('leads to who it was given to by name, in the block of another', () => {
    const world = new Contested()
    const [lower, higher] = world.byKey
    const ip = world.ipOf(lower)
    world.run(lower, ip)
    world.run(higher, ip)
    const plan = world.plan()
    assert.equal(world.leadsTo(plan, ip), lower)
    const { signer, next } = world.at(lower)
    world.at(lower).write(giveAddressLeaves(world.view, signer, world.id, [ip], world.at(higher).key, next))
    const before = world.sync().endpointsVersion(world.id)
    assert.equal(world.leadsTo(plan, ip), higher)
    assert.equal(world.view.endpointsVersion(world.id), before)
  })

  it('follows the block when that moves, though no endpoint does, and names the entries', () => {
    const world = new Contested()
    const [lower, higher] = world.byKey
    const ip = world.ipOf(lower)
    world.run(lower, ip)
    world.run(higher, ip)
    const plan = world.plan()
    assert.equal(world.leadsTo(plan, ip), lower)
    world.give(world.at(lower), world.at(higher), world.blockOf(lower))
    world.sync()
    const changed = plan.follow(world.view)
    assert.ok(changed?.has(`u ${macOf(ip)}`))
    assert.equal(world.leadsTo(plan, ip), higher)
    assert.deepEqual(plan.follow(world.view), new Set())
  })

  it('leads to the key that its owner came back under', () => {
    const world = new Contested()
    const ip = world.ipOf(3)
    world.run(3, ip)
    for (const number of [1, 2]) world.run(number, ip)
    const plan = world.plan()
    assert.equal(world.leadsTo(plan, ip), 3)
    world.succeed(1, 3, 6)
    assert.equal(
      world
        .sync()
        .endpointsAt(world.id, ip)
        .some(({ owner }) => owner === world.at(6).key),
      true,
    )
    assert.equal(world.leadsTo(plan, ip), 3)
  })

  it('leads to the heir of an owner that is gone', () => {
    const world = new Contested()
    const [lower, higher] = world.byKey
    const ip = world.ipOf(3)
    world.run(lower, ip)
    world.run(higher, ip)
    const plan = world.plan()
    assert.equal(world.leadsTo(plan, ip), lower)
    const removal = world.start(5, 3, higher, 1)
    for (const acker of [1, 2, 4]) world.acknowledge(acker, removal, 3)
    world.declare(5, removal)
    world.sync()
    assert.equal(world.leadsTo(plan, ip), higher)
  })

  it('of two that name one MAC the one at the address that it is made of has it', () => {
    const world = new Contested()
    const [one, other] = world.byKey.sort((a, b) => world.ipOf(a) - world.ipOf(b))
    const ip = world.ipOf(other as number)
    world.run(other as number, ip)
    world.run(one as number, world.ipOf(one as number), macOf(ip))
    const plan = world.plan()
    assert.equal(world.leadsTo(plan, ip), other)
  })

  it('does not ask whose an address is where one host holds it', () => {
    const world = new Contested()
    for (const number of [1, 2, 3]) world.run(number, world.ipOf(number))
    const asked = new Proxy(world.view, {
      get(view, name) {
        assert.ok(name !== 'block' && name !== 'address', `asked for ${String(name)}`)
        const value = Reflect.get(view, name)
        return typeof value === 'function' ? value.bind(view) : value
      },
    })
    const plan = world.plan()
    plan.follow(asked)
    world.run(1, world.ipOf(1) + 1)
    assert.ok((plan.follow(asked)?.size ?? 0) > 0)
  })

  it('has its owner’s name, and is in its owner’s group', () => {
    const world = new Contested()
    const [lower, higher] = world.byKey
    const ip = world.ipOf(lower)
    const groups = { [lower]: 'aa'.repeat(32), [higher]: 'bb'.repeat(32) }
    const names = createNames(world.view, world.self, { monotonic: () => 0 })
    const members = createMembers(world.id, world.self)
    for (const number of [lower, higher]) {
      const at = { id: 'e', network: world.id, ip, mac: macOf(ip), container: '', containerName: `c${number}` }
      world.at(number).write([{ kind: 'endpoint', ...at, group: groups[number] as string }])
    }
    world.sync()
    const seen = () => {
      members.follow(world.view)
      return [names.pointer(world.id, ip)?.split('.')[0], members.groups().get(ip)]
    }
    assert.deepEqual(seen(), [`c${lower}`, groups[lower]])
    world.give(world.at(lower), world.at(higher), world.blockOf(lower))
    world.sync()
    assert.deepEqual(seen(), [`c${higher}`, groups[higher]])
  })
})
