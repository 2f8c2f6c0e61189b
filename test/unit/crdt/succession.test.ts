import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, it } from 'mocha'
import { createNetworkLeaves } from '../../../src/crdt/acts.ts'
import type { EndpointLeaf } from '../../../src/crdt/leaves.ts'
import { Registry } from '../../../src/crdt/registry.ts'
import type { RegistryView } from '../../../src/crdt/registry-view.ts'
import { verifySignature } from '../../../src/lib/keys.ts'
import { macOf } from '../../../src/model/ip.ts'
import { checkNetwork } from '../../../src/model/network.ts'
import { registryOf, World, type Writer } from './writer.ts'

const firstIp = 0x0a010200

/** Three settled hosts with a network; 4, 5 and 6 are keys that others may come back under. */
class Host3 extends World {
  readonly id: string

  constructor() {
    super(6)
    this.settleAll(3)
    const spec = checkNetwork({ tenant: 'default', name: 'web', subnet: '10.1.2.0/24' })
    this.at(1).write(createNetworkLeaves(this.all, { tenant: 'default', name: 'web', spec }))
    this.id = this.all.networks()[0]?.id ?? ''
  }

  endpoint(id: string, last: number): EndpointLeaf {
    const ip = firstIp + last
    const names = { container: '', containerName: id, aliases: [] }
    return { kind: 'endpoint', id, network: this.id, ip, mac: macOf(ip), ...names }
  }

  run(writer: Writer, id: string, last: number): void {
    writer.write([this.endpoint(id, last)])
  }

  /** Name of the endpoint and number of its owner's key, in the order of the view. */
  shown(view: RegistryView = this.all): string[] {
    return view.endpoints(this.id).map(({ id, owner }) => `${id} of ${this.numberOf(owner)}`)
  }

  numberOf(key: string): number {
    return this.writers.findIndex(writer => writer.key === key) + 1
  }
}

describe('crdt: succession (R8)', () => {
  it('admits the key that a member signed in, with whoever admits; it is pending until a majority has acknowledged it', () => {
    const world = new Host3()
    const dot = world.succeed(2, 3, 4)
    const { key } = world.at(4)
    const pending = world.all.member(key)
    assert.deepEqual([pending?.name, pending?.settled, pending?.succeeds], ['host3', false, world.at(3).key])
    assert.equal(pending?.admittedBy, world.at(2).key)
    assert.equal(world.all.succeededBy(world.at(3).key), key)
    assert.deepEqual(pending?.waitingFor, [world.at(1).key, world.at(3).key].sort())
    world.settle(4, dot, [world.ack(1, dot)])
    assert.equal(world.all.member(key)?.settled, true)
  })

  it('takes no signature of a stranger, of another key, or over another name', () => {
    const world = new Host3()
    world.succeed(1, 5, 4)
    assert.equal(world.all.member(world.at(4).key), undefined)
    const known = world.known()
    const { signer } = world.at(3)
    // the old key signs what an invitation signs: that is no succession
    world.at(1).write([known, world.admission(world.at(4).key, 'host3', signer, known)])
    assert.equal(world.all.member(world.at(4).key), undefined)
    assert.deepEqual(world.all.successions(), [])
  })

  it("shows the endpoints and VTEPs as the successor's, until it has written of each itself", () => {
    const world = new Host3()
    const [, , third, fourth] = world.writers as [Writer, Writer, Writer, Writer]
    world.run(third, 'a', 1)
    world.run(third, 'b', 2)
    world.run(third, 'c', 3)
    third.write([{ kind: 'vtep', network: world.id, address: '10.0.0.3', vni: 0x800001 }])
    world.succeed(1, 3, 4)
    assert.deepEqual(world.shown(), ['a of 4', 'b of 4', 'c of 4'])
    assert.deepEqual(world.all.vteps(world.id), [
      { network: world.id, owner: fourth.key, address: '10.0.0.3', vni: 0x800001, recordedBy: third.key },
    ])
    assert.deepEqual([...world.all.vnisOf(fourth.key)], [[0x800001, world.id]])
    world.run(fourth, 'a', 1)
    fourth.write([{ kind: 'endpoint-rm', id: 'b', network: world.id }])
    const { all } = world
    assert.deepEqual(world.shown(), ['a of 4', 'c of 4'])
    assert.deepEqual(
      all.endpointsOf(fourth.key).map(({ id, recordedBy }) => [id, recordedBy && world.numberOf(recordedBy)]),
      [
        ['a', undefined],
        ['c', 3],
      ],
    )
    assert.deepEqual(all.endpointsOf(third.key), [])
    assert.equal(all.endpoint(fourth.key, 'b'), undefined)
    assert.equal(all.endpoint(fourth.key, 'c')?.ip, firstIp + 3)
    assert.equal(all.endpoint(third.key, 'c'), undefined)
    assert.deepEqual(all.holders(world.id, firstIp + 2), [])
    assert.deepEqual(all.duplicates(world.id), [])
  })

  it('is no second use of an address, when a container was started again after it', () => {
    const world = new Host3()
    world.run(world.at(3), 'before', 1)
    world.succeed(1, 3, 4)
    world.run(world.at(4), 'after', 1)
    assert.deepEqual(world.shown(), ['after of 4', 'before of 4'])
    assert.deepEqual(world.all.duplicates(world.id), [])
  })

  it('changes the versions that others watch', () => {
    const world = new Host3()
    const view = new Registry(world.meshId, verifySignature)
    const heard = world.writers.map(() => 0)
    const hear = () =>
      world.writers.forEach((writer, i) => {
        for (const batch of writer.batches.slice(heard[i])) view.apply(batch)
        heard[i] = writer.batches.length
      })
    world.run(world.at(3), 'a', 1)
    hear()
    const versions = () => [
      view.endpointsVersion(world.id),
      view.vtepsVersion(world.id),
      view.ownedVersion(world.at(4).key),
    ]
    const before = versions()
    world.succeed(1, 3, 4)
    hear()
    const succeeded = versions()
    assert.ok(succeeded.every((version, i) => version !== before[i]))
    assert.equal(view.changedAddresses(world.id, before[0] ?? 0), undefined, 'all may be others')
    world.at(4).write([{ kind: 'endpoint-rm', id: 'a', network: world.id }])
    hear()
    assert.deepEqual(view.changedAddresses(world.id, succeeded[0] ?? 0), [firstIp + 1])
    assert.deepEqual([...view.eachEndpoint(world.id)], view.endpoints(world.id))
    assert.notEqual(view.ownedVersion(world.at(4).key), succeeded[2])
  })

  it('leaves nobody the blocks of the former key', () => {
    const world = new Host3()
    const own = (view: RegistryView) =>
      Array.from({ length: view.blockCount(world.id) }, (_, i) => view.block(world.id, i)).filter(
        block => block?.owner === world.at(3).key,
      )
    assert.ok(own(world.all).length > 0 && own(world.all).every(block => !block?.quarantined))
    world.succeed(1, 3, 4)
    assert.ok(own(world.all).length > 0 && own(world.all).every(block => block?.quarantined))
    assert.ok(world.all.isFenced(world.at(3).key))
  })

  it('leaves a host its own records, also under a key that was succeeded', () => {
    const world = new Host3()
    world.run(world.at(3), 'a', 1)
    world.succeed(1, 3, 4)
    const own = new Registry(world.meshId, verifySignature, { self: world.at(3).key })
    for (const batch of world.batches) own.apply(batch)
    assert.deepEqual(world.shown(own), ['a of 3'])
    assert.equal(own.digest(), world.all.digest())
  })

  it('goes on with the successor of a successor', () => {
    const world = new Host3()
    world.run(world.at(3), 'a', 1)
    world.run(world.at(3), 'b', 2)
    world.succeed(1, 3, 4)
    world.run(world.at(4), 'b', 2)
    world.run(world.at(4), 'c', 3)
    world.succeed(2, 4, 5)
    assert.deepEqual(world.shown(), ['a of 5', 'b of 5', 'c of 5'])
    world.run(world.at(5), 'b', 2)
    assert.deepEqual(world.shown(), ['a of 5', 'b of 5', 'c of 5'])
    assert.deepEqual(world.all.duplicates(world.id), [])
  })
})

describe('crdt: two successors of one key', () => {
  it('has the first one take effect; the other is a pending member that inherits nothing, and a condition says so', () => {
    const world = new Host3()
    world.run(world.at(3), 'a', 1)
    world.succeed(1, 3, 5, [9000, 0])
    world.succeed(2, 3, 4, [8000, 0])
    assert.deepEqual(world.shown(), ['a of 4'])
    assert.deepEqual(
      world.all.successions().map(({ key, isInEffect }) => [world.numberOf(key), isInEffect]),
      [
        [4, true],
        [5, false],
      ],
    )
    const condition = world.all.conditions().find(({ kind }) => kind === 'succeeded-twice')
    assert.match(condition?.text ?? '', /^two hosts came back in the place of host3/)
    assert.match(condition?.remedy ?? '', new RegExp(`skein peer rm ${world.at(5).key.slice(0, 12)} --host-is-down$`))
  })

  it('prefers one that is settled, whatever came first', () => {
    const world = new Host3()
    world.run(world.at(3), 'a', 1)
    const dot = world.succeed(1, 3, 5, [9000, 0])
    world.settle(5, dot, [world.ack(2, dot)])
    world.succeed(2, 3, 4, [8000, 0])
    assert.equal(world.all.member(world.at(5).key)?.settled, true)
    assert.deepEqual(world.shown(), ['a of 5'])
  })

  it('lets nobody succeed two keys, which may have recorded the same endpoint', () => {
    const world = new Host3()
    world.run(world.at(2), 'a', 1)
    world.run(world.at(3), 'a', 1)
    world.succeed(1, 3, 4, [8000, 0])
    world.succeed(1, 2, 4, [9000, 0])
    assert.deepEqual(world.shown().sort(), ['a of 2', 'a of 4'])
    assert.equal(world.all.succeededBy(world.at(2).key), undefined)
  })

  it('is the same on all peers in whatever order the records come', () => {
    const step = fc.record({
      kind: fc.nat(5),
      admitter: fc.constantFrom(1, 2),
      a: fc.constantFrom(3, 4, 5),
      b: fc.constantFrom(4, 5, 6),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 10 }), fc.infiniteStream(fc.nat()), (steps, picks) => {
        const world = new Host3()
        world.run(world.at(3), 'a', 1)
        for (const { kind, admitter, a, b } of steps) {
          if (kind < 3 && a !== b) world.succeed(admitter, a, b, [8000 + a * kind, b])
          else if (kind === 3) world.run(world.at(b), 'a', a)
          else if (kind === 4) world.at(b).write([{ kind: 'endpoint-rm', id: 'a', network: world.id }])
          else world.run(world.at(a), `e${b}`, b)
        }
        const queues = world.writers.map(({ batches }) => [...batches])
        const shuffled = []
        for (let open = queues; open.length > 0; open = queues.filter(({ length }) => length > 0)) {
          const batch = open[picks.next().value % open.length]?.shift()
          if (batch) shuffled.push(batch)
        }
        const other = registryOf(world.meshId, shuffled)
        const seen = (view: Registry) => [
          ...[view.digest(), world.shown(view), view.successions(), view.conditions(), view.duplicates(world.id)],
          ...world.writers.map(({ key }) => [view.endpointsOf(key), view.member(key)]),
        ]
        assert.deepEqual(seen(other), seen(world.all))
        // nobody loses an endpoint, and nobody has one twice
        const ids = world.all.endpoints(world.id).map(({ id, owner }) => `${id} ${owner}`)
        assert.equal(new Set(ids).size, ids.length)
      }),
      { numRuns: 60 },
    )
  })
})
