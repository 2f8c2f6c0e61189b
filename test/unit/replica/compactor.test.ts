import assert from 'node:assert/strict'
import { beforeEach, describe, it } from 'mocha'
import { createTenantLeaves, removeNetworkLeaves, removeTenantLeaves } from '../../../src/crdt/acts.ts'
import type { Batch } from '../../../src/crdt/batch.ts'
import { checkpointLeaf, compact, runOf } from '../../../src/crdt/checkpoint.ts'
import { type CompactUnit, leavesOf, makeUnit, type Part } from '../../../src/crdt/compact-unit.ts'
import { decodeLeaf } from '../../../src/crdt/leaf-codec.ts'
import type { Leaf } from '../../../src/crdt/leaves.ts'
import { verifySignature } from '../../../src/lib/keys.ts'
import { unitOf } from '../../../src/replica/unit.ts'
import { Scene } from '../crdt/removal-scene.ts'
import { World, type Writer } from '../crdt/writer.ts'
import { compactingPeer } from './compacting-peer.ts'

/** What a peer holds and shows, and how it takes further parts in. */
function holderOf(world: World, number: number, { isOutdated = false } = {}) {
  const { log, registry, compactor } = compactingPeer(world, number, isOutdated)
  const take = (parts: readonly Part[]) => {
    for (const part of parts) {
      if (log.standing(part) === 'known') continue
      compactor.add(part)
      compactor.look()
    }
  }
  /** A batch of its own takes effect at once; it is shown to others, and in the log, when it is durable. */
  const write = (batch: Batch) => {
    registry.apply(batch)
    return () => {
      log.add(unitOf(batch))
      compactor.look()
    }
  }
  /** An orphaned unit that a member gives; says whether it is taken. */
  const adopt = (given: CompactUnit) => {
    const unit = compactor.judged(given)
    const isTaken = unit !== undefined && compactor.adopt(unit)
    compactor.look()
    return isTaken
  }
  return { log, registry, take, write, adopt, mayTake: (unit: CompactUnit) => compactor.mayTake(unit) }
}

type Holder = ReturnType<typeof holderOf>

function endpoint(network: string): Leaf {
  const mac = '02:02:0a:01:02:01'
  return { kind: 'endpoint', id: 'e', network, ip: 0x0a010201, mac, container: '', containerName: 'e' }
}

/** A container starts and ends, and the writer lets go of both; what is left of its chain up to there. */
function letGo(writer: Writer, network = 'ab'.repeat(32)): CompactUnit {
  writer.write([endpoint(network)])
  writer.write([{ kind: 'endpoint-rm', id: 'e', network }])
  const parts = [...writer.batches]
  const run = runOf(parts) ?? assert.fail()
  const kept = parts.flatMap(leavesOf).slice(0, -2)
  const leaf = checkpointLeaf(writer.signer, run, kept)
  writer.write([leaf])
  const result = compact(leaf, parts, verifySignature)
  return result === 'unsound' ? assert.fail(result) : result.unit
}

/** What is left when the writer lets go of all its records so far of these kinds: a checkpoint, and the unit that it makes. */
function letGoOf(writer: Writer, ...kinds: Leaf['kind'][]): CompactUnit {
  return letGoIn([...writer.batches], writer, ...kinds)
}

/** Of those of its first batches. */
function letGoIn(parts: readonly Batch[], writer: Writer, ...kinds: Leaf['kind'][]): CompactUnit {
  const run = runOf(parts) ?? assert.fail()
  const goes = ({ bytes }: { bytes: Uint8Array }) => kinds.some(kind => decodeLeaf(bytes)?.kind === kind)
  const kept = parts.flatMap(leavesOf).filter(leaf => !goes(leaf))
  const leaf = checkpointLeaf(writer.signer, run, kept)
  writer.write([leaf])
  const result = compact(leaf, parts, verifySignature)
  return result === 'unsound' ? assert.fail(result) : result.unit
}

describe('replica: compaction of a copied writer', () => {
  let world: World
  let copy: Writer

  beforeEach(() => {
    world = new World(3).settleAll(2)
    copy = world.at(1).copy()
  })

  it("shows a fork to who held only the other history, when a copy's unit takes the place of its beginning (R8)", () => {
    for (const name of ['a', 'b', 'c']) world.at(1).write([{ kind: 'tenant', name }])
    const unit = letGo(copy)
    const holder = holderOf(world, 2)
    holder.take(world.batches)
    assert.ok(!holder.registry.isForked(copy.key))
    holder.take([unit])
    assert.equal(holder.log.tips(copy.key).length, 2)
    assert.ok(holder.registry.isForked(copy.key))
  })

  it('is taken by who holds the end of its run, and the beginning compacted on the other history (I2)', () => {
    const other = letGo(copy)
    for (const name of ['a', 'b', 'c']) world.at(1).write([{ kind: 'tenant', name }])
    const unit = letGo(world.at(1))
    const late = holderOf(world, 2)
    late.take([other, ...world.at(2).batches, ...copy.batches.slice(-1), ...world.at(1).batches])
    assert.equal(late.log.tips(copy.key).length, 2)
    assert.ok(late.log.holds(copy.key, { counter: unit.last, hash: unit.hash }))
    late.take([unit])
    const early = holderOf(world, 2)
    early.take([unit, ...world.at(2).batches, ...world.at(1).batches.slice(-1)])
    assert.deepEqual(late.log.vector(), early.log.vector())
    assert.equal(late.registry.digest(), early.registry.digest())
  })

  it('leaves what another history has within its run and beyond, to who compacts it and who gets the unit (I2)', () => {
    const network = 'ab'.repeat(32)
    // in one batch, which ends behind the run: of it nothing goes
    copy.write([endpoint(network), { kind: 'tenant', name: 'b' }, { kind: 'tenant', name: 'c' }])
    const unit = letGo(world.at(1), network)
    const late = holderOf(world, 2)
    late.take([
      ...world.at(1).batches.slice(0, -1),
      ...world.at(2).batches,
      ...copy.batches,
      ...world.at(1).batches.slice(-1),
    ])
    const early = holderOf(world, 2)
    early.take([unit, ...world.at(2).batches, ...copy.batches.slice(-1), ...world.at(1).batches.slice(-1)])
    assert.deepEqual(late.log.vector(), early.log.vector())
    assert.equal(late.registry.digest(), early.registry.digest())
    for (const { registry } of [late, early]) assert.equal(registry.endpoints(network).length, 1)
  })

  describe('of which each history lets go of what the other keeps, of what they have in common', () => {
    const network = 'ab'.repeat(32)
    const free: Leaf = { kind: 'free', network, log2: 3 }

    function begun(): Writer {
      const original = world.at(1)
      original.write([free])
      original.write([endpoint(network)])
      original.write([{ kind: 'endpoint-rm', id: 'e', network }])
      return original
    }

    /** Units of the two, and one peer that gave effect to that of the original first, one to that of the copy. */
    function parted(): { units: [CompactUnit, CompactUnit]; holders: [Holder, Holder] } {
      const original = begun()
      copy = original.copy()
      return { units: [letGoOf(original, 'free'), letGoOf(copy, 'endpoint', 'endpoint-rm')], holders: both() }
    }

    function both(): [Holder, Holder] {
      const [original, other] = [world.at(1).batches, world.at(2).batches]
      const early = holderOf(world, 2)
      early.take([...original, ...other, ...copy.batches])
      const late = holderOf(world, 2)
      late.take([...copy.batches, ...other, ...original])
      assert.deepEqual(early.log.vector(), late.log.vector())
      assert.notEqual(early.registry.digest(), late.registry.digest())
      return [early, late]
    }

    for (const beginner of ['one', 'the other']) {
      it(`gives one state to both when they give each other their units, and ${beginner} begins (I2)`, () => {
        const { units, holders } = parted()
        const turns = [() => holders[0].adopt(units[1]), () => holders[1].adopt(units[0])]
        const taken = (beginner === 'one' ? turns : turns.reverse()).filter(turn => turn())
        assert.equal(taken.length, 1, 'of equal runs one counts')
        assert.equal(holders[0].registry.digest(), holders[1].registry.digest())
        assert.deepEqual(holders[0].log.vector(), holders[1].log.vector())
      })
    }

    it('counts the longer run (I2)', () => {
      const original = begun()
      const begin = [...original.batches]
      for (const name of ['a', 'b', 'c']) original.write([{ kind: 'tenant', name }])
      copy = original.copy()
      const short = letGoIn(begin, original, 'free')
      const long = letGoOf(copy, 'endpoint', 'endpoint-rm')
      const [early, late] = both()
      assert.equal(late.adopt(short), false)
      assert.equal(early.adopt(long), true)
      assert.equal(early.adopt(long), false, 'it is held')
      assert.equal(early.registry.digest(), late.registry.digest())
      assert.deepEqual(early.log.vector(), late.log.vector())
    })

    it('takes no unit whose checkpoint it does not hold, or that another than the writer signed', () => {
      const { units, holders } = parted()
      const before = holders.map(({ registry }) => registry.digest())
      const third = copy.copy()
      third.write([{ kind: 'tenant', name: 'blue' }])
      const other = letGoOf(third, 'endpoint-rm')
      const forged = units.map(unit => makeUnit(unit, unit.survivors.slice(1), unit.signature))
      for (const { adopt } of holders) for (const unit of [other, ...forged]) assert.equal(adopt(unit), false)
      assert.deepEqual(
        holders.map(({ registry }) => registry.digest()),
        before,
      )
    })
  })

  it('gives one vector and one state to who held records of a host that a lost history had let in, and who never did (I2)', () => {
    world.admit(1, 3)
    world.at(3).write([{ kind: 'tenant', name: 'blue' }])
    for (const name of ['a', 'b']) copy.write([{ kind: 'tenant', name }])
    const unit = letGo(copy)
    const checkpoint = copy.batches.slice(-1)
    const late = holderOf(world, 2)
    late.take(world.batches)
    assert.ok(late.registry.hasTenant('blue'))
    late.take([unit, ...checkpoint])
    const early = holderOf(world, 2)
    early.take([unit, ...world.at(2).batches, ...checkpoint])
    assert.ok(!late.registry.member(world.at(3).key))
    assert.deepEqual(late.log.vector(), early.log.vector())
    assert.equal(late.registry.digest(), early.registry.digest())
  })
})

describe('replica: an old copy of a data directory', () => {
  it('gives effect to what the others let go of, also where the records are gone by which it could judge that (R8, I2)', () => {
    const world = new World(2).settleAll(2)
    const [one, two] = [world.at(1), world.at(2)]
    two.write(createTenantLeaves(world.all, 'blue'))
    one.write(removeTenantLeaves(world.all, 'blue'))
    const before = [...world.batches]
    // the others, one of them with the key of the copy, were seen to have done with the act; so the deletion went too
    letGoOf(two, 'tenant')
    one.write([{ kind: 'tenant', name: 'red' }])
    const unit = letGoOf(one, 'tenant-rm')
    const early = holderOf(world, 2)
    early.take(world.batches)
    const late = holderOf(world, 1, { isOutdated: true })
    late.take(before)
    late.take([unit, ...two.batches, ...one.batches])
    assert.deepEqual(late.registry.conditions(), [])
    assert.ok(!late.registry.hasTenant('blue'))
    assert.deepEqual(late.log.vector(), early.log.vector())
    assert.equal(late.registry.digest(), early.registry.digest())
  })
})

describe('replica: a checkpoint on its way to the disk', () => {
  it('has no effect on what others are shown before it is durable (R2)', () => {
    const world = new World(2).settleAll(2)
    const unit = letGo(world.at(1))
    const holder = holderOf(world, 1)
    const checkpoint = world.at(1).batches.at(-1) ?? assert.fail()
    const others = world.at(2).batches
    holder.take([...world.at(1).batches.slice(0, -1), ...others.slice(0, -1)])
    const landed = holder.write(checkpoint)
    // something else comes meanwhile, and lets the compactor look
    holder.take(others.slice(-1))
    assert.equal(holder.log.within(unit.writer, unit.first, unit.last).filter(part => part.compact).length, 0)
    landed()
    assert.deepEqual(
      holder.log.within(unit.writer, unit.first, unit.last).map(part => [part.compact, part.hash]),
      [[true, unit.hash]],
    )
  })
})

describe('replica: what is left of a run, as its writer itself brings it', () => {
  let scene: Scene
  let giver: Writer

  /** Host 1 has created a network and given a block of it to host 2. */
  beforeEach(() => {
    scene = new Scene(3)
    giver = scene.at(1)
    scene.give(giver, scene.at(2), scene.blockOf(1))
  })

  /** Host 2, which holds everything so far. */
  function receiver(): Holder {
    const holder = holderOf(scene, 2)
    holder.take(scene.batches)
    return holder
  }

  /** Creates the same network again. */
  function writeAct(number: number): void {
    const leaves = giver.batches.flatMap(leavesOf).map(leaf => decodeLeaf(leaf.bytes))
    scene.at(number).write(leaves.filter(leaf => leaf?.kind === 'network') as Leaf[])
  }

  const remove = (number: number) => scene.at(number).write(removeNetworkLeaves(scene.all, scene.id))

  it('is not taken without the record by which it gave a block away', () => {
    const { mayTake } = receiver()
    assert.equal(mayTake(letGoOf(giver, 'block')), false)
    assert.equal(mayTake(letGoOf(giver, 'block', 'network')), false)
  })

  it('is taken without it in a mesh that has never had a third host: nobody else could bring it, or be given the block', () => {
    const pair = new Scene(3, 2)
    pair.give(pair.at(1), pair.at(2), pair.blockOf(1))
    const holder = holderOf(pair, 2)
    holder.take(pair.batches)
    const unit = letGoOf(pair.at(1), 'block')
    assert.equal(holder.mayTake(unit), true)
    pair.admit(1, 3)
    holder.take(pair.at(1).batches)
    assert.equal(holder.mayTake(unit), false, 'a third was let in')
  })

  for (const [assertion, isTaken] of [
    [0, false],
    [1, true],
  ] as const) {
    const why = isTaken ? 'and said to be down (seed 4113 with copies)' : 'and is not said to be down: it may use it'
    it(`is ${isTaken ? '' : 'not '}taken without it where the third host was removed, ${why}`, () => {
      const removal = scene.start(1, 3, 1, assertion)
      scene.acknowledge(2, removal, 3)
      scene.declare(1, removal)
      const { registry, mayTake } = receiver()
      assert.equal(registry.members().length, 2)
      assert.equal(mayTake(letGoOf(giver, 'block')), isTaken)
    })
  }

  it('is taken without it where it lets in somebody who is not known: whoever judged it may be a stranger here (I2, seed 6684 with copies)', () => {
    const four = new Scene(4, 3)
    const [original, copy] = [four.at(1), four.at(1).copy()]
    // the other machine with the key of host 1 gave a block away, of which host 4 never heard
    four.give(copy, four.at(2), four.blockOf(1))
    const others = [four.at(2), four.at(3)].flatMap(({ batches }) => batches)
    const holder = holderOf(four, 2)
    holder.take([...copy.batches, ...others])
    assert.equal(holder.mayTake(letGo(original.copy())), false, 'host 3 could bring it')
    four.admit(1, 4)
    const unit = letGo(original)
    assert.equal(holder.mayTake(unit), true)
    holder.take([unit, ...original.batches.slice(-1)])
    assert.ok(holder.registry.member(four.at(4).key))
    const early = holderOf(four, 3)
    early.take([...original.batches, ...others, ...copy.batches])
    assert.deepEqual(holder.log.vector(), early.log.vector())
    assert.equal(holder.registry.digest(), early.registry.digest())
    const aware = holderOf(four, 2)
    aware.take([...original.batches.slice(0, -1), ...copy.batches, ...others])
    assert.equal(aware.mayTake(unit), false, 'host 4 could bring it')
  })

  it('is taken without it when the network was deleted and goes too: an old copy met neither of the two checkpoints', () => {
    remove(3)
    const late = receiver()
    letGoOf(giver, 'network')
    const unit = letGoOf(giver, 'network', 'block')
    assert.equal(late.mayTake(unit), true)
    late.take([unit, ...giver.batches.slice(-1)])
    const early = holderOf(scene, 2)
    early.take([...scene.at(3).batches, ...scene.batches])
    assert.deepEqual(late.log.vector(), early.log.vector())
    assert.equal(late.registry.digest(), early.registry.digest())
  })

  it('is taken without it when the deletion is in what is left', () => {
    const { mayTake } = receiver()
    remove(1)
    assert.equal(mayTake(letGoOf(giver, 'network', 'block')), true)
  })

  it('is not taken without it while the network stays, or lives by what another host wrote', () => {
    remove(3)
    assert.equal(receiver().mayTake(letGoOf(giver, 'block')), false)
    writeAct(2)
    assert.equal(receiver().mayTake(letGoOf(giver, 'block', 'network')), false)
    remove(3)
    assert.equal(receiver().mayTake(letGoOf(giver, 'block', 'network')), false, 'the other act is still held')
  })

  it('is not taken without it before it is known what became of the other act that the deletion saw', () => {
    const { mayTake } = receiver()
    writeAct(3)
    remove(1)
    assert.equal(mayTake(letGoOf(giver, 'network', 'block')), false)
  })
})

describe('replica: compaction of a removed writer', () => {
  it('gives one state to all, also when it let go of something that the others had not heard of (R9, I2)', () => {
    const scene = new Scene(3)
    scene.at(3).write([endpoint(scene.id)])
    scene.at(3).write([{ kind: 'endpoint-rm', id: 'e', network: scene.id }])
    const parts = [...scene.at(3).batches]
    const removal = scene.start(1, 3, 1, 1)
    scene.acknowledge(2, removal, 3)
    scene.declare(1, removal)
    const run = runOf(parts) ?? assert.fail()
    scene.at(3).write([checkpointLeaf(scene.at(3).signer, run, parts.flatMap(leavesOf).slice(0, -2))])
    const [one, , three] = [1, 2, 3].map(number => holderOf(scene, number)) as [Holder, Holder, Holder]
    const [first, second, third] = [1, 2, 3].map(number => scene.at(number).batches) as [Part[], Part[], Part[]]
    one.take([...first, ...second, ...third])
    const unaware = first.slice(0, -2)
    three.take([...unaware, ...third, ...second, ...first])
    for (const { log } of [one, three]) assert.ok(log.isCompacted(parts[0] as Part))
    assert.equal(one.registry.digest(), three.registry.digest())
  })
})
