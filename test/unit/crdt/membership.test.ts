import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, it } from 'mocha'
import { meshIdOf } from '../../../src/crdt/identity.ts'
import { Registry } from '../../../src/crdt/registry.ts'
import { verifySignature } from '../../../src/lib/keys.ts'
import { nonce, registryOf, signerAt, World, Writer } from './writer.ts'

const isSettled = (world: World, number: number) => world.all.member(world.at(number).key)?.settled

describe('crdt: founding', () => {
  it('makes the founder a settled member at once', () => {
    const world = new World(1)
    const [member] = world.all.members()
    assert.equal(member?.settled, true)
    assert.equal(member?.admittedBy, undefined)
    assert.equal(member?.name, 'host1')
  })

  it('believes nobody who did not found this mesh', () => {
    const world = new World(2)
    const { meshId } = world
    const forger = new Writer(signerAt(9), meshId)
    const mesh = { kind: 'mesh' as const, nonce, name: 'evil', addresses: [] }
    forger.write([{ ...mesh, founder: forger.key }])
    forger.write([{ ...mesh, founder: world.at(1).key }])
    forger.write([{ ...mesh, founder: world.at(1).key, nonce: new Uint8Array(16).fill(1) }])
    assert.deepEqual(registryOf(meshId, forger.batches).members(), [])
    assert.notEqual(meshIdOf(forger.key, nonce), meshId)
  })

  it('keeps the first of two foundings by the founder', () => {
    const world = new World(1)
    const founder = world.at(1).key
    world.at(1).write([{ kind: 'mesh', founder, nonce, name: 'later', addresses: [] }])
    assert.equal(registryOf(world.meshId, [...world.batches].reverse()).members()[0]?.name, 'host1')
    assert.equal(world.all.members()[0]?.name, 'host1')
  })
})

describe('crdt: admission (R4)', () => {
  it('is pending until it declares a majority, and shows whom it waits for', () => {
    const world = new World(4).settleAll()
    const registry = world.all
    assert.deepEqual(
      registry.members().map(member => [member.name, member.settled]),
      [1, 2, 3, 4].map(n => [`host${n}`, true]),
    )
    const joined = new World(4)
    const second = joined.admit(1, 2)
    joined.settle(2, second, [])
    const third = joined.admit(2, 3)
    const pending = joined.all.member(joined.at(3).key)
    assert.equal(pending?.settled, false)
    assert.equal(pending?.admittedBy, joined.at(2).key)
    assert.deepEqual(pending?.waitingFor, [joined.at(1).key])
    assert.equal(joined.all.majorityFor(third), undefined)
    const ack = joined.ack(1, third)
    assert.equal(isSettled(joined, 3), false, 'only the newcomer declares')
    assert.deepEqual(joined.all.majorityFor(third), [ack])
    joined.settle(3, third, [ack])
    assert.equal(isSettled(joined, 3), true)
    assert.deepEqual(joined.all.member(joined.at(3).key)?.waitingFor, [])
  })

  it('needs both of two', () => {
    const world = new World(3)
    world.settle(2, world.admit(1, 2), [])
    const third = world.admit(1, 3)
    world.settle(3, third, [])
    assert.equal(isSettled(world, 3), false)
  })

  it('counts who is pending, and lets it acknowledge, but not in the place of who is settled (H10)', () => {
    const world = new World(4)
    world.settle(2, world.admit(1, 2), [])
    world.admit(1, 3) // stays pending
    const fourth = world.admit(1, 4)
    assert.equal(world.all.majorityFor(fourth), undefined, 'one of three')
    const pending = world.ack(3, fourth)
    world.settle(4, fourth, [pending])
    assert.equal(isSettled(world, 4), false, 'two of three, but one of the two that are settled')
    world.settle(4, fourth, [pending, world.ack(2, fourth)])
    assert.equal(isSettled(world, 4), true)
  })

  it('counts admissions that only an acker knew (model.md V6)', () => {
    const world = new World(5)
    world.settle(2, world.admit(1, 2), [])
    const old = world.all
    const fifth = world.admit(2, 5) // 1 does not hear of it
    const fourth = world.admit(1, 4, old)
    const ack = world.ack(2, fourth) // lists 5
    world.settle(4, fourth, [ack])
    assert.equal(isSettled(world, 4), true, 'two of three: 1, 2, 5')
    const third = world.admit(1, 3, old)
    world.settle(3, third, [])
    assert.equal(isSettled(world, 3), false)
    assert.equal(world.all.admissions().length, 4)
    assert.ok(world.all.admissions().some(item => item.dot.counter === fifth.counter))
  })

  it('takes no declaration of a majority that the named acknowledgements do not prove', () => {
    const world = new World(4).settleAll()
    const other = new World(4)
    other.settle(2, other.admit(1, 2), [])
    const third = other.admit(1, 3)
    const [none, stranger] = [[], [{ writer: signerAt(9).key, counter: 1 }]]
    other.settle(3, third, none)
    other.settle(3, third, stranger)
    const ackOfSecond = other.ack(2, other.admit(1, 4))
    other.settle(3, third, [ackOfSecond]) // of another admission
    assert.equal(isSettled(other, 3), false)
    other.settle(4, third, [other.ack(2, third)]) // declared by someone else
    assert.equal(isSettled(other, 3), false)
    assert.equal(isSettled(other, 4), false)
    assert.equal(isSettled(world, 4), true)
  })
})

describe('crdt: admissions without effect', () => {
  const admissions = (world: World) => world.all.admissions().length
  const writeAdmission = (world: World, by: number, newcomer: number, seedByte: number, name = `host${newcomer}`) => {
    const known = world.known()
    return world.at(by).write([known, world.admission(world.at(newcomer).key, name, signerAt(seedByte), known)])
  }

  it('are those by a non-member', () => {
    const world = new World(4)
    world.invite(3, 50)
    writeAdmission(world, 3, 4, 50)
    assert.equal(admissions(world), 0)
    assert.equal(world.all.members().length, 1)
  })

  it('take effect once their writer turns out to be a member, whatever came first', () => {
    const world = new World(4)
    world.invite(3, 50)
    writeAdmission(world, 3, 4, 50)
    world.admit(1, 3)
    assert.equal(world.all.members().length, 3)
    assert.equal(
      registryOf(
        world.meshId,
        [...world.writers].reverse().flatMap(w => w.batches),
      ).members().length,
      3,
    )
  })

  it('are those without an invitation of the admitter itself, before it', () => {
    const world = new World(4)
    writeAdmission(world, 1, 2, 50) // none
    world.invite(1, 50) // too late for that one
    assert.equal(admissions(world), 0)
    world.admit(1, 3)
    writeAdmission(world, 3, 2, 50) // another's
    assert.equal(admissions(world), 1)
  })

  it('are those that the invitation did not sign for this name and key', () => {
    const world = new World(3)
    const invitation = world.invite(1, 50)
    const known = world.known()
    const good = world.admission(world.at(2).key, 'host2', invitation, known)
    world.at(1).write([known, { ...good, name: 'other' }])
    world.at(1).write([{ ...good, key: world.at(3).key }])
    world.at(1).write([{ ...good, proof: signerAt(51).sign(new Uint8Array(3)) }])
    assert.equal(admissions(world), 0)
    world.at(1).write([good])
    assert.equal(admissions(world), 1)
  })

  it('are those that use an invitation up; the same key may be admitted twice by it', () => {
    const world = new World(4)
    world.invite(1, 50, 1)
    writeAdmission(world, 1, 2, 50)
    writeAdmission(world, 1, 2, 50)
    writeAdmission(world, 1, 3, 50)
    assert.deepEqual(
      world.all.members().map(member => member.key),
      [world.at(1).key, world.at(2).key],
    )
    assert.deepEqual(world.all.invitations(world.at(1).key)[0]?.usedBy, [world.at(2).key])
  })

  it('and acknowledgements of strangers count for nothing', () => {
    const world = new World(5)
    world.settle(2, world.admit(1, 2), [])
    const third = world.admit(1, 3)
    const acks = [world.ack(4, third), world.ack(5, third)]
    world.settle(3, third, acks)
    assert.equal(isSettled(world, 3), false)
    assert.deepEqual(world.all.admissions().find(item => item.dot.counter === third.counter)?.ackedBy, [])
  })
})

describe('crdt: settled is for good (R4)', () => {
  it('whatever the one that invited it writes about the invitation later', () => {
    const world = new World(2).settleAll()
    assert.equal(isSettled(world, 2), true)
    world.invite(1, 102, 1)
    assert.equal(isSettled(world, 2), true)
  })

  it('whatever it declares itself later', () => {
    const world = new World(3).settleAll()
    const admission = world.all.admissions().find(item => item.key === world.at(3).key)?.dot
    assert.ok(admission)
    world.settle(3, admission, [])
    world.settle(3, { writer: world.at(1).key, counter: 1 }, [])
    assert.equal(isSettled(world, 3), true)
  })

  it('when acknowledgements with longer lists arrive', () => {
    const world = new World(7)
    world.settle(2, world.admit(1, 2), [])
    const third = world.admit(1, 3)
    const ack = world.ack(2, third)
    world.settle(3, third, [ack])
    for (const newcomer of [4, 5, 6, 7]) world.admit(2, newcomer)
    for (const acker of [1, 4, 5, 6]) world.ack(acker, third)
    assert.equal(isSettled(world, 3), true)
  })

  it('whatever records are added, in whatever order (property)', () => {
    const move = fc.record({ by: fc.integer({ min: 1, max: 6 }), of: fc.integer({ min: 2, max: 6 }), kind: fc.nat(4) })
    fc.assert(
      fc.property(fc.array(move, { maxLength: 14 }), fc.nat(1000), (moves, shuffle) => {
        const world = new World(6)
        for (const { by, of, kind } of moves) {
          const admission = world.all.admissions().find(item => item.key === world.at(of).key)?.dot
          if (kind === 0) world.admit(by, of)
          else if (kind === 1) world.invite(by, 100 + of)
          else if (admission && kind === 2) world.ack(by, admission)
          else if (admission) world.settle(of, admission, world.all.majorityFor(admission) ?? [])
        }
        const left = world.writers.map(writer => [...writer.batches])
        const registry = new Registry(world.meshId, verifySignature)
        const settled = new Set<string>()
        for (let turn = shuffle; left.some(chain => chain.length > 0); turn += 7) {
          const batch = left[turn % left.length]?.shift()
          if (batch) registry.apply(batch)
          for (const key of settled) assert.equal(registry.member(key)?.settled, true)
          for (const member of registry.members()) if (member.settled) settled.add(member.key)
        }
        assert.equal(registry.digest(), world.all.digest())
        assert.deepEqual(registry.members(), world.all.members())
      }),
      { numRuns: 60 },
    )
  })
})
