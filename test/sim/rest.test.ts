/** Who is to agree with whom at rest, where not all can: told step by step. */
import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import { createTenantLeaves } from '../../src/crdt/acts.ts'
import { checkpointLeaf, recordOf, runOf } from '../../src/crdt/checkpoint.ts'
import { leavesOf, makeUnit } from '../../src/crdt/compact-unit.ts'
import { encode } from '../../src/lib/cbor.ts'
import { errorText } from '../../src/lib/errors.ts'
import { ask, syncProtocol } from '../../src/replica/sync-messages.ts'
import { leak, unrest } from './checks/convergence.ts'
import { heldParts } from './checks/held-records.ts'
import { insiders, islands, mayMeet } from './checks/insiders.ts'
import { succeed } from './departures.ts'
import { copyOf, putBack, startClone } from './faults/copies.ts'
import { addressOf } from './host.ts'
import { dieHost, startHost } from './lifecycle.ts'
import { derivedRandom } from './random.ts'
import { rest } from './scenario.ts'
import { hashOf, keyOf, type Stage, setStage } from './stage.ts'
import { until } from './until.ts'

const namesOf = (stage: Stage) => islands(stage.world).map(group => group.map(({ host }) => host.name))

describe('simulator: at rest', function () {
  this.timeout(30_000)

  /** Both hosts run twice, and the copies are connected with each other alone. */
  async function twice(): Promise<Stage> {
    const stage = await setStage(2)
    const copies = [1, 2].map(number => copyOf(stage.host(number)))
    stage.split([1, 2], [3, 4])
    copies.forEach((copy, i) => {
      startClone(stage.world, stage.host(i + 1), copy, derivedRandom(1, 'told'))
    })
    stage.split([1, 2], [3, 4])
    await stage.pass(8000)
    await stage.create(1, 'web')
    return stage
  }

  it('two meshes of the same keys, in which nobody looks for anybody, are each at rest by itself', async () => {
    const stage = await twice()
    await stage.heal()
    assert.notEqual(hashOf(stage, 1), hashOf(stage, 3))
    assert.deepEqual(namesOf(stage), [
      ['host1', 'host2'],
      ['host1-clone2', 'host2-clone3'],
    ])
    assert.equal(mayMeet(stage.world), false)
  })

  it('a token leads to the machine that gave it, not to another with its key', async () => {
    const stage = await setStage(2)
    startClone(stage.world, stage.host(2), copyOf(stage.host(2)), derivedRandom(1, 'told'))
    await stage.pass(1000)
    dieHost(stage.world, stage.host(2), 'kill')
    await stage.finish(startHost(stage.world, stage.host(2)))
    for (const number of [2, 3]) {
      const { name } = stage.host(number)
      const token = {
        meshId: '',
        issuer: keyOf(stage, 2),
        seed: new Uint8Array(32),
        addresses: [addressOf(name)],
        expiresMs: 0,
      }
      assert.equal(stage.world.network.issuerFor('host4', token)?.host, name)
    }
  })

  it('they are not at rest while one of them is fenced: it gives its connections up, and they meet', async () => {
    const stage = await twice()
    stage.world.network.links.mendAll()
    const newest = stage.peer(1).replica.vector().get(keyOf(stage, 1))?.[0] ?? assert.fail()
    const proof = stage.peer(1).replica.batchAt({ writer: keyOf(stage, 1), counter: newest.counter }) ?? assert.fail()
    await stage.finish(stage.peer(3).replica.takeProof(proof))
    assert.equal(mayMeet(stage.world), true)
    assert.match((await unrest(stage.world)) ?? '', /different vectors/)
    await until(stage.world, 30_000, 'I2', () => unrest(stage.world), mayMeet)
    for (const number of [2, 3, 4]) assert.equal(hashOf(stage, number), hashOf(stage, 1))
  })

  it('they have to agree once one of them looks for another', async () => {
    const stage = await twice()
    stage.world.network.links.mendAll()
    dieHost(stage.world, stage.host(2), 'kill')
    stage.split([1], [2, 3, 4])
    await stage.finish(startHost(stage.world, stage.host(2)))
    await stage.pass(8000)
    await stage.heal()
    assert.equal(namesOf(stage).length, 1)
    assert.equal(hashOf(stage, 1), hashOf(stage, 3))
    assert.match(errorText(stage.peer(3).replica.fenced), /data directory is older/)
  })

  it('the founder, whom no record let in, is to agree, also while a newcomer has not heard of it yet', async () => {
    const stage = await setStage(2)
    startClone(stage.world, stage.host(2), copyOf(stage.host(2)), derivedRandom(1, 'told'))
    stage.world.doubt([keyOf(stage, 1)])
    const newcomer = stage.world.addHost()
    void startHost(stage.world, newcomer)
    await stage.world.run(() => newcomer.peer !== undefined)
    assert.equal(newcomer.peer?.replica.view.everMember(keyOf(stage, 1)), undefined)
    assert.ok(namesOf(stage).flat().includes('host1'))
  })

  it('so is a host that is down, while another has read nothing yet', async () => {
    const stage = await setStage(2)
    startClone(stage.world, stage.host(1), copyOf(stage.host(1)), derivedRandom(1, 'told'))
    stage.world.doubt([keyOf(stage, 2)])
    dieHost(stage.world, stage.host(2), 'kill')
    const newcomer = stage.world.addHost()
    void startHost(stage.world, newcomer)
    await stage.world.run(() => newcomer.peer !== undefined)
    assert.equal(newcomer.peer?.replica.view.everMember(keyOf(stage, 2)), undefined)
    assert.ok(insiders(stage.world).includes(stage.host(2)))
  })

  it('I2: a host whose write was asked for in the moment of the mending and is not durable yet is not at rest', async () => {
    const stage = await setStage(2)
    const peer = stage.peer(2)
    const written = Promise.resolve().then(() => peer.replica.write(view => createTenantLeaves(view, 'blue')))
    await stage.heal()
    assert.equal(stage.world.failure, undefined)
    assert.equal(peer.pending(), 0, 'the write is durable')
    assert.ok(await written)
    assert.equal(stage.peer(1).replica.view.hasTenant('blue'), true)
  })

  it('the time that they have for it counts from when they met', async () => {
    const { world } = await setStage(1)
    const beginMs = world.time.nowMs
    const passedMs = () => world.time.nowMs - beginMs
    const unequal = async () => (passedMs() < 55_000 ? 'unequal' : undefined)
    await until(world, 20_000, 'I2', unequal, () => passedMs() < 50_000)
    await assert.rejects(
      until(world, 20_000, 'I2', async () => 'unequal'),
      /unequal, 20 s after everything was mended/,
    )
  })

  it('whoever waits for a host that is back from before it let anybody in waits for ever, and is told for whom; that host is fenced (R8)', async () => {
    const stage = await setStage(1)
    const copy = copyOf(stage.host(1))
    await stage.join()
    await stage.heal()
    dieHost(stage.world, stage.host(1), 'power')
    putBack(stage.world, stage.host(1), copy, derivedRandom(1, 'told'), 'is lost')
    await stage.join()
    await stage.finish(startHost(stage.world, stage.host(1)))
    await stage.heal()
    await stage.pass(60_000)
    const newcomer = stage.peer(2).replica.view.member(keyOf(stage, 3))
    assert.deepEqual([newcomer?.settled, newcomer?.waitingFor], [false, [keyOf(stage, 1)]])
    assert.equal(stage.peer(1).replica.view.members().length, 3, 'it knows those that it did not let in')
    assert.match(
      errorText(stage.peer(1).replica.fenced),
      /data directory is older/,
      'whom it refuses proves that to it',
    )
  })

  it('R8: a machine whose connection has ended, which it is about to notice, is to agree with who ended it', async () => {
    const stage = await setStage(2)
    const { network } = stage.world
    const clone = startClone(stage.world, stage.host(2), copyOf(stage.host(2)), derivedRandom(1, 'told'))
    await stage.pass(3000)
    const sessions = () => clone.peer?.mesh.everySession() ?? []
    assert.equal(sessions().length, 1)
    network.weather = { ...network.weather, noticeMs: 60_000 }
    for (const session of sessions()) network.end(stage.peer(1).mesh, session)
    assert.equal(sessions().length, 1, 'it has not noticed')
    assert.deepEqual(namesOf(stage), [['host1', 'host2', 'host2-clone2']])
  })

  /** What is left of host 1's records without the network, as a member that has it gives it; its checkpoint is nowhere. */
  async function giveUnit(stage: Stage, number: number): Promise<void> {
    const founder = stage.host(1)
    const { mesh } = stage.peer(number)
    const own = heldParts(founder).filter(({ writer, last }) => writer === founder.signer.key && last <= 4)
    const run = runOf(own) ?? assert.fail()
    const left = own.flatMap(part => leavesOf(part)).filter(leaf => recordOf(run.writer, leaf)?.leaf.kind !== 'network')
    const { bytes } = makeUnit(run, left, checkpointLeaf(founder.signer, run, left).signature)
    const session = { ends: [mesh, mesh] as const }
    const given = encode([ask.orphans, new Uint8Array(32), [bytes]])
    await stage.finish(mesh.serve(session, syncProtocol, keyOf(stage, 2), given))
  }

  it('I2: old copies that know nobody keep the units that their directories had, and members give each other theirs', async () => {
    const stage = await setStage(1)
    await stage.remove(1, await stage.create(1, 'web'))
    const copy = copyOf(stage.host(1))
    await stage.join()
    await stage.heal()
    for (const _ of [3, 4]) startClone(stage.world, stage.host(1), copy, derivedRandom(1, 'told'))
    await stage.pass(3000)
    assert.deepEqual(namesOf(stage), [['host1', 'host2']])
    const digest = (number: number) => stage.peer(number).replica.view.digest()
    assert.equal(digest(3), digest(4))
    await giveUnit(stage, 4)
    assert.equal(hashOf(stage, 3), hashOf(stage, 4))
    assert.notEqual(digest(3), digest(4))
    await stage.heal()
    assert.equal(stage.world.failure, undefined)
    await giveUnit(stage, 1)
    assert.match((await unrest(stage.world)) ?? '', /host1 and host2 hold units of different runs/)
    await stage.heal()
    assert.equal(stage.world.failure, undefined)
    assert.equal(digest(1), digest(2))
  })

  it('R8: where two machines run with one key each is given the units when it is the one that is asked', async () => {
    const stage = await setStage(1)
    await stage.remove(1, await stage.create(1, 'web'))
    await stage.join()
    await stage.heal()
    startClone(stage.world, stage.host(1), copyOf(stage.host(1)), derivedRandom(1, 'told'))
    await stage.pass(3000)
    const digest = (number: number) => stage.peer(number).replica.view.digest()
    await giveUnit(stage, 2)
    await stage.pass(2000)
    assert.deepEqual([digest(1) === digest(2), digest(3) === digest(2)], [true, false], 'host 1 was connected first')
    const used = stage.peer(2).mesh.sessionsWith(keyOf(stage, 1))[0] ?? assert.fail()
    assert.ok(used.ends.includes(stage.peer(1).mesh))
    stage.world.network.end(stage.peer(2).mesh, used)
    await stage.pass(3000)
    assert.equal(digest(3), digest(2))
    assert.equal(stage.peer(2).mesh.sessionsWith(keyOf(stage, 1)).length, 2, 'host 1 is back')
    await stage.heal()
  })

  it('R8: an old copy that is met while an address is waited for has the time to be told, and to be named', async () => {
    const stage = await setStage(1)
    const { world } = stage
    const network = await stage.create(1, 'web')
    startClone(world, stage.host(1), copyOf(stage.host(1)), derivedRandom(1, 'told'))
    await stage.pass(3000)
    stage.split([1], [2])
    await stage.run(1, network)
    await stage.join()
    assert.equal(stage.peer(1).replica.view.everMember(keyOf(stage, 3)), undefined, 'the clone let it in')
    const ip = (await stage.take(3, network)) ?? assert.fail()
    const isTold = () => [1, 3].some(number => stage.peer(number).replica.view.isForked(keyOf(stage, 1)))
    let toldMs = 0
    const endWhenTold = () => {
      if (!isTold()) return void world.time.after(1, endWhenTold)
      toldMs = world.time.nowMs
      stage.split([1], [2], [3])
      world.time.after(1000, () => world.network.links.mendAll())
      void stage.peer(3).ipam.release(network.id, ip)
    }
    world.time.after(10_000, () => stage.split([1, 3], [2]))
    world.time.after(10_000, endWhenTold)
    await rest(world)
    assert.ok(toldMs > 0)
    assert.deepEqual(namesOf(stage), [['host1', 'host1-clone1', 'host3']])
  })

  it('a newcomer whom only a fenced host knows waits for ever, and is not waited for', async () => {
    const stage = await setStage(1)
    const { network } = stage.world
    const { weather } = network
    network.weather = { ...weather, answerLoss: 1 }
    stage.world.addHost()
    void startHost(stage.world, stage.host(2))
    await stage.pass(3000)
    assert.ok(stage.peer(1).replica.view.member(keyOf(stage, 2)), 'it is let in, and does not learn of it')
    const copy = copyOf(stage.host(1))
    await stage.create(1, 'web')
    await stage.pass(3000)
    dieHost(stage.world, stage.host(1), 'kill')
    putBack(stage.world, stage.host(1), copy, derivedRandom(1, 'told'), 'stays')
    network.weather = weather
    await stage.finish(startHost(stage.world, stage.host(1)))
    assert.notEqual(stage.peer(1).replica.fenced, undefined)
    await stage.heal()
    await stage.pass(60_000)
    await stage.heal()
    assert.equal(stage.world.failure, undefined)
    assert.equal(stage.host(2).ready, false)
  })

  it('R8: a host that runs under a key which has a successor shows its own endpoints, and agrees with the others in all that these make of it', async () => {
    const stage = await setStage(3)
    const network = await stage.create(1, 'web')
    await stage.heal()
    const before = copyOf(stage.host(3))
    await stage.run(3, network)
    await stage.heal()
    const after = copyOf(stage.host(3))
    const former = keyOf(stage, 3)
    const random = derivedRandom(1, 'told')
    dieHost(stage.world, stage.host(3), 'kill')
    putBack(stage.world, stage.host(3), before, random, 'is lost')
    await stage.finish(startHost(stage.world, stage.host(3)))
    await stage.pass(5000)
    stage.split([1], [2, 3])
    for (let tries = 0; stage.peer(3).mesh.connected().length === 0 && tries < 100; tries++) await stage.pass(200)
    await stage.finish(succeed(stage.world, stage.host(3)))
    await stage.pass(5000)
    await stage.finish(stage.peer(2).removal.cancel([former]))
    await stage.heal()
    const successor = keyOf(stage, 3)
    dieHost(stage.world, stage.host(3), 'kill')
    putBack(stage.world, stage.host(3), after, random, 'is copied too')
    await stage.finish(startHost(stage.world, stage.host(3)))
    await stage.heal()
    assert.equal(stage.world.failure, undefined)
    const owners = (number: number) =>
      stage
        .peer(number)
        .replica.view.endpoints(network.id)
        .map(({ owner }) => owner)
    assert.deepEqual(owners(3), [former])
    assert.deepEqual(owners(1), [successor])
  })

  it('R7: what was recorded in a network that only a lost state knew stays, also as the successor’s: nothing is concluded about it (I5)', async () => {
    const stage = await setStage(2)
    const { world } = stage
    const host = stage.host(2)
    const former = keyOf(stage, 2)
    const random = derivedRandom(1, 'told')
    const before = copyOf(host)
    stage.split([1], [2])
    const network = await stage.create(2, 'web')
    await stage.run(2, network)
    dieHost(world, host, 'kill')
    putBack(world, host, before, random, 'is copied too')
    await stage.finish(startHost(world, host))
    await stage.heal()
    const registered = copyOf(host)
    await stage.createTenant(2, 'blue')
    await stage.heal()
    dieHost(world, host, 'power')
    putBack(world, host, registered, random, 'is lost')
    await stage.finish(startHost(world, host))
    await stage.pass(5000)
    for (let tries = 0; stage.peer(2).mesh.connected().length === 0 && tries < 100; tries++) await stage.pass(200)
    await stage.finish(succeed(world, host))
    await stage.heal()
    await stage.pass(60_000)
    const { view } = stage.peer(2).replica
    assert.equal(view.network(network.id), undefined)
    assert.deepEqual(
      view.endpoints(network.id).map(({ owner, recordedBy }) => [owner, recordedBy]),
      [[keyOf(stage, 2), former]],
    )
    assert.equal(leak(world), undefined)
    world.copies.has = () => false
    assert.match(
      leak(world) ?? '',
      /host2 runs \[\], has records of \[10\.1\.2\.1\]/,
      'of a state that none lost it is a leak',
    )
  })
})
