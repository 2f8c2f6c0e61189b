/** The judges of conditions: what has a cause must be shown, and nothing else; told step by step. */
import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import { createNetwork } from '../../src/api/create-network.ts'
import type { ApiDeps } from '../../src/api/deps.ts'
import { writeGroup } from '../../src/api/object-writes.ts'
import { createTenantLeaves } from '../../src/crdt/acts.ts'
import { checkpointLeaf, runOf } from '../../src/crdt/checkpoint.ts'
import type { Part } from '../../src/crdt/compact-unit.ts'
import type { Condition, RegistryView } from '../../src/crdt/registry-view.ts'
import type { PeerKey } from '../../src/lib/keys.ts'
import { formatIp } from '../../src/model/ip.ts'
import { objectName } from './act-objects.ts'
import { AddressCheck } from './checks/addresses.ts'
import { checkCapacity } from './checks/capacity.ts'
import { checkCauses } from './checks/causes.ts'
import { heldParts, inEffect } from './checks/held-records.ts'
import { succeed } from './departures.ts'
import { copyOf, putBack, startClone } from './faults/copies.ts'
import { dieHost, startHost } from './lifecycle.ts'
import { derivedRandom } from './random.ts'
import { type Stage, setStage } from './stage.ts'
import { small } from './told/words.ts'
import type { World } from './world.ts'

/** With this seed the judge of capacity asks the fourth host first. */
const seedThatAsksTheFourth = 1

/** What the judges say of host 1 if it shows these conditions. */
function judged(stage: Stage, conditions: readonly Condition[]): string | undefined {
  const { world } = stage
  const { view } = stage.peer(1).replica
  const shown: RegistryView = new Proxy(view, {
    get(target, property) {
      if (property === 'conditions') return () => conditions
      const value = Reflect.get(target, property, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  world.failure = undefined
  checkCauses(world, stage.host(1), shown)
  const text = world.failure ? String((world.failure as Error).message) : undefined
  world.failure = undefined
  return text
}

/** All hosts show it; not to show it, or to show another like it, is found. */
function assertJudged(stage: Stage, kind: string): void {
  for (const { ready, peer } of stage.world.hosts) {
    if (ready && peer)
      assert.ok(
        peer.replica.view.conditions().some(each => each.kind === kind),
        kind,
      )
  }
  const all = stage.peer(1).replica.view.conditions()
  const one = all.find(each => each.kind === kind) ?? assert.fail()
  assert.equal(judged(stage, all), undefined)
  assert.match(
    judged(
      stage,
      all.filter(each => each !== one),
    ) ?? '',
    new RegExp(`shows no ${kind}, which has a cause`),
  )
  const objects = [...one.objects].reverse()
  assert.match(judged(stage, [...all, { ...one, objects }]) ?? '', new RegExp(`shows ${kind} without a cause`))
}

/** Host 3 lives on from before what it wrote last, and comes back under a new key. */
async function comeBack(stage: Stage, copy: ReturnType<typeof copyOf>): Promise<void> {
  const host = stage.host(3)
  dieHost(stage.world, host, 'power')
  putBack(stage.world, host, copy, derivedRandom(1, 'told'), 'is lost')
  await stage.finish(startHost(stage.world, host))
  await stage.pass(5000)
  assert.notEqual(host.peer?.replica.fenced, undefined)
  // a fenced host lets go of its connections now and then, so that others have their turn
  for (let tries = 0; host.peer?.mesh.connected().length === 0 && tries < 100; tries++) await stage.pass(200)
  await stage.finish(succeed(stage.world, host))
  await stage.pass(5000)
}

/** The same with only host 2 within reach, which removes its former key: that is lifted. Gives that key. */
async function comeBackBesideTwo(stage: Stage): Promise<PeerKey> {
  const copy = copyOf(stage.host(3))
  await stage.create(3, 'web')
  await stage.heal()
  stage.split([1], [2, 3])
  await comeBack(stage, copy)
  await stage.finish(stage.peer(2).removal.cancel([copy.signer.key]))
  return copy.signer.key
}

describe('simulator: judges of conditions', function () {
  this.timeout(30_000)

  it('vlan-conflict: of two sides’ networks with one tag the later is off the wire', async () => {
    const stage = await setStage(3)
    const vlan = (number: number, name: string, subnet: string) => {
      const deps = { replica: stage.peer(number).replica } as ApiDeps
      return stage.finish(createNetwork(deps, { tenant: 'default', name, subnet, encap: 'vlan', pktTag: 100 }))
    }
    stage.split([1, 2], [3])
    await stage.pass(100)
    await vlan(3, 'wire', '10.2.1.0/28')
    await stage.pass(1000)
    await vlan(1, 'cable', '10.2.2.0/28')
    await stage.heal()
    assert.equal(stage.world.failure, undefined)
    const [one, ...more] = stage.peer(2).replica.view.conditions()
    assert.deepEqual(more, [])
    const later = stage.peer(2).replica.view.networkByName('default', 'cable')?.id
    assert.equal(one?.objects[0], later)
    assertJudged(stage, 'vlan-conflict')
  })

  it('pool-overlap: of two sides’ groups of one network', async () => {
    const stage = await setStage(3)
    const network = await stage.create(1, 'web')
    await stage.heal()
    const group = (number: number, name: string, pool: string) => {
      const deps = { replica: stage.peer(number).replica } as ApiDeps
      return stage.finish(writeGroup(deps, { tenant: 'default', name, network: 'web', pool }))
    }
    const { first } = network.spec.subnet
    const pool = (from: number, to: number) => `${formatIp(first + from)}-${formatIp(first + to)}`
    stage.split([1, 2], [3])
    await stage.pass(100)
    await group(3, 'front', pool(1, 4))
    await stage.pass(1000)
    await group(1, 'back', pool(4, 6))
    await group(2, 'far', pool(7, 8))
    await stage.heal()
    assert.equal(stage.world.failure, undefined)
    const shown = stage.peer(2).replica.view.conditions()
    assert.deepEqual(
      shown.map(({ kind }) => kind),
      ['pool-overlap'],
    )
    assertJudged(stage, 'pool-overlap')
  })

  it('succeeded: a host that came back, and the removal of its former key was lifted', async () => {
    const stage = await setStage(3)
    const former = await comeBackBesideTwo(stage)
    await stage.heal()
    assert.equal(stage.world.failure, undefined)
    const shown = stage.peer(1).replica.view.conditions()
    assert.deepEqual(
      shown.filter(({ kind }) => kind.startsWith('succeeded')).map(({ kind, objects }) => [kind, objects]),
      [['succeeded', [former, stage.host(3).signer.key]]],
    )
    assertJudged(stage, 'succeeded')
  })

  it('succeeded-twice: it was put back once more, and came back once more, on the other side of a split', async () => {
    const stage = await setStage(3)
    const copy = copyOf(stage.host(3))
    await comeBackBesideTwo(stage)
    stage.world.network.links.mendAll()
    stage.split([1, 3], [2])
    await comeBack(stage, copy)
    await stage.finish(stage.peer(1).removal.cancel([copy.signer.key]))
    await stage.heal()
    assert.equal(stage.world.failure, undefined)
    assertJudged(stage, 'succeeded-twice')
  })

  it('checkpoint-unjust: a writer lets go of a network that lives', async () => {
    const stage = await setStage(3)
    const network = await stage.create(2, 'web')
    await stage.heal()
    const host = stage.host(2)
    const own = heldParts(host).filter(({ writer }) => writer === host.signer.key)
    const run = runOf(own) ?? assert.fail()
    await stage.finish(stage.peer(2).replica.write(() => [checkpointLeaf(host.signer, run, [])]))
    await stage.heal()
    assert.equal(stage.world.failure, undefined)
    for (const number of [1, 2, 3]) assert.equal(stage.peer(number).replica.view.network(network.id)?.status, 'live')
    assertJudged(stage, 'checkpoint-unjust')
  })

  it('I1: an IPv6 address that two containers of a network are told', () => {
    const found: string[] = []
    const check = new AddressCheck(
      () => 0,
      (invariant, details) => found.push(`${invariant}: ${details}`),
      () => false,
    )
    const give = (network: string, ip: number) => check.given('host1', 'key', { network, group: undefined }, ip)
    const one = give('web', 1)
    check.given6(one, 'fd00:6::1/64')
    check.given6(give('db', 2), 'fd00:6::1/64')
    assert.deepEqual(found, [])
    check.given6(give('web', 2), 'fd00:6::1/64')
    assert.deepEqual(found, ['I1: host1 was given fd00:6::1/64 of network web, which host1 holds'])
  })

  it('I3: a deletion ends an act of its own network, not what another history of the writer made at the same counter', async () => {
    const stage = await setStage(2)
    const { world } = stage
    startClone(world, stage.host(2), copyOf(stage.host(2)), derivedRandom(1, 'told'))
    stage.split([1, 3], [2])
    await stage.pass(5000)
    const web = await stage.create(3, 'web')
    await stage.pass(5000)
    const [act = assert.fail()] = stage.peer(1).replica.view.actsOf(web.id)
    await stage.remove(1, web)
    const db = await stage.create(2, 'db', '10.1.3.0/24')
    assert.deepEqual(stage.peer(2).replica.view.actsOf(db.id), [act])
    await stage.heal()
    assert.equal(world.failure, undefined)
    for (const number of [1, 2, 3]) assert.equal(stage.peer(number).replica.view.network(db.id)?.status, 'live')
    assert.ok(world.promises.isCovered(objectName.network(web.id), act))
    assert.ok(!world.promises.isCovered(objectName.network(db.id), act))
  })

  /** The first asked is a clone of host 2; while freed addresses cool down host 2 writes, so that the clone finds out that it is one. */
  async function askClone(isKnownCopy: boolean): Promise<World> {
    const stage = await setStage(3, seedThatAsksTheFourth)
    const { world } = stage
    await stage.create(1, 'web', small)
    await stage.heal()
    const clone = startClone(world, stage.host(2), copyOf(stage.host(2)), derivedRandom(1, 'told'))
    await stage.pass(3000)
    assert.equal(clone.peer?.replica.fenced, undefined, 'it wrote the same as its original')
    world.time.after(1000, () => void stage.peer(2).replica.write(view => createTenantLeaves(view, 'blue')))
    // from the moment when it is fenced its blocks are its original's alone
    if (!isKnownCopy) world.time.after(30_000, () => (world.copies.has = () => false))
    await checkCapacity(world)
    assert.notEqual(clone.peer?.replica.fenced, undefined)
    return world
  }

  it('promise 4: a copy that is found out after it was chosen is owed no address (R8): another host is asked', async () => {
    const { tally, failure } = await askClone(true)
    assert.equal(failure, undefined)
    assert.equal(tally.get('capacity asked of a copy just found out'), 1)
    assert.equal(tally.get('capacity asked'), 1)
  })

  it('promise 4: of a network that is deleted after it was chosen no address is owed', async () => {
    const stage = await setStage(3, seedThatAsksTheFourth)
    const web = await stage.create(1, 'web', small)
    await stage.heal()
    stage.world.time.after(30_000, () => void stage.remove(1, web))
    await checkCapacity(stage.world)
    assert.equal(stage.world.failure, undefined)
  })

  it('promise 4: a host that is no copy is owed them, also when it was fenced meanwhile', async () => {
    const { failure } = await askClone(false)
    assert.match(String(failure), /promise 4 violated: host2-clone3 got 0 of /)
  })
})

describe('what a host’s disk holds', () => {
  const part = (writer: PeerKey, first: number, last: number, unit?: 'unit') =>
    ({ writer, first, last, ...(unit ? { survivors: [] } : {}) }) as unknown as Part
  const runs = (parts: readonly Part[]) =>
    inEffect(parts).map(({ writer, first, last }) => `${writer} ${first}-${last}`)

  it('is not what a later unit took the place of, of another history neither', () => {
    const copy = [part('a', 1, 16, 'unit'), part('a', 17, 17), part('a', 18, 29)]
    assert.deepEqual(runs(copy), ['a 1-16', 'a 17-17', 'a 18-29'])
    assert.deepEqual(runs([...copy, part('b', 1, 50, 'unit')]), ['a 1-16', 'a 17-17', 'a 18-29', 'b 1-50'])
    assert.deepEqual(runs([...copy, part('a', 1, 20, 'unit'), part('a', 21, 30)]), ['a 18-29', 'a 1-20', 'a 21-30'])
    assert.deepEqual(runs([...copy, part('a', 1, 42, 'unit'), part('a', 43, 43)]), ['a 1-42', 'a 43-43'])
    assert.equal(inEffect([...copy, part('a', 1, 16, 'unit')]).length, 3)
  })
})
