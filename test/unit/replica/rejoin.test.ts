import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { joinProof, successionProof } from '../../../src/crdt/identity.ts'
import { knownLeaf } from '../../../src/crdt/known.ts'
import { contentName } from '../../../src/crdt/registry.ts'
import { signerOf } from '../../../src/lib/keys.ts'
import { encodeRejoin, rejoinProtocol } from '../../../src/replica/rejoin-messages.ts'
import { createMemoryDisk, type MemoryDisk } from '../../../src/store/memory-disk.ts'
import { eventually } from '../../support/eventually.ts'
import { MemoryHub, noWayBack } from '../../support/memory-mesh.ts'
import { comeBack, foundPeer, joinPeer, type MemoryPeer, restartPeer } from '../../support/memory-peer.ts'
import { seedAt, tenant } from './rig.ts'

describe('replica: a host that was rolled back comes back (R8)', () => {
  let hub: MemoryHub
  let peers: MemoryPeer[]

  beforeEach(async () => {
    hub = new MemoryHub()
    peers = [await foundPeer(hub, 'host1', seedAt(1))]
  })
  afterEach(() => Promise.all(peers.map(peer => peer.stop())))

  const at = (number: number): MemoryPeer => peers[number - 1] ?? assert.fail()
  const views = () => peers.map(({ replica }) => replica.view)

  async function grow(count: number): Promise<void> {
    for (let n = 2; n <= count; n++) peers.push(await joinPeer(hub, `host${n}`, at(1), seedAt(n)))
    await eventually(() => {
      for (const view of views()) assert.equal(view.members().filter(each => each.settled).length, count)
    })
  }

  async function copyOf({ disk }: MemoryPeer): Promise<MemoryDisk> {
    const copy = createMemoryDisk()
    await copy.replace('journal', (await disk.read('journal')) ?? new Uint8Array())
    return copy
  }

  /** Restores an old copy of a peer's disk, and waits until it has found out. */
  async function rollBack(number = peers.length): Promise<MemoryPeer> {
    const newest = at(number)
    const old = await copyOf(newest)
    const dot = await newest.replica.write(() => [tenant(`late${number}`)])
    await eventually(() => assert.equal(at(1).replica.view.held(newest.signer.key), dot?.counter))
    await newest.stop()
    const again = await restartPeer(hub, newest, old)
    peers[number - 1] = again
    await eventually(() => assert.ok(again.replica.fenced))
    return again
  }

  for (const count of [2, 3]) {
    it(`in a mesh of ${count}: settled under its new key, and the old one is removed without another command`, async () => {
      await grow(count)
      const former = await rollBack()
      assert.match(former.replica.fenced?.message ?? '', /: run skein peer rejoin; if another machine/)
      assert.equal(former.replica.maySucceed, true)
      const next = await comeBack(hub, former, seedAt(9))
      peers[count - 1] = next
      await eventually(() => {
        for (const view of views()) {
          assert.equal(view.member(next.signer.key)?.settled, true)
          assert.equal(view.member(next.signer.key)?.succeeds, former.signer.key)
          assert.equal(view.member(former.signer.key), undefined)
          assert.equal(view.successor(former.signer.key).quarantined, false)
          assert.deepEqual(view.conditions(), [])
        }
        assert.equal(new Set(views().map(view => view.digest())).size, 1)
      })
      await next.replica.write(() => [tenant('again')])
    })
  }

  it('two of five at once: no removal waits for the former key of the other', async () => {
    await grow(5)
    const formers = [await rollBack(4), await rollBack(5)]
    for (const [i, former] of formers.entries()) peers[3 + i] = await comeBack(hub, former, seedAt(8 + i))
    await eventually(() => {
      for (const view of views()) {
        assert.deepEqual(
          view
            .members()
            .map(({ name, settled }) => `${name} ${settled}`)
            .sort(),
          [...['host1 true', 'host2 true', 'host3 true', 'host4 true', 'host5 true']],
        )
        assert.deepEqual(view.conditions(), [])
      }
    })
    const effective = at(1)
      .replica.view.removals()
      .filter(({ outcome }) => outcome === 'effective')
    assert.deepEqual(
      effective.map(({ targets }) => targets.length),
      [2],
    )
  })

  it('two of three at once: who stays is no majority, and the conditions say which commands end it', async () => {
    await grow(3)
    // none of the two lets the other back
    const formers = [await rollBack(2), await rollBack(3)]
    for (const [i, former] of formers.entries()) peers[1 + i] = await comeBack(hub, former, seedAt(8 + i))
    const { removal, replica } = at(1)
    const shown = (kind: string) => replica.view.conditions().filter(each => each.kind === kind)
    // two hosts are called host2: by that name the command is refused
    const former = formers[0]?.signer.key ?? assert.fail()
    const cancel = new RegExp(`on host1: skein peer rm --cancel ${former.slice(0, 12)}$`)
    await eventually(() => assert.match(shown('removal-pending')[0]?.remedy ?? '', cancel))
    await removal.cancel([former])
    const names = formers.map(({ signer }) => signer.key.slice(0, 12)).sort()
    const remedy = `skein peer rm ${names.join(' ')} --host-is-down --and-who-joined-through-it`
    await eventually(() =>
      assert.deepEqual(
        shown('succeeded').map(each => each.remedy),
        [remedy, remedy],
      ),
    )
    assert.deepEqual(shown('removal-pending'), [])
    await removal.start(
      formers.map(({ signer }) => signer.key),
      2,
    )
    await eventually(() => {
      for (const view of views()) {
        assert.equal(view.members().filter(({ settled }) => settled).length, 3)
        assert.deepEqual(view.conditions(), [])
      }
    })
  })

  it('asks again with the same key after an answer was lost, and gets no second one with another', async () => {
    await grow(3)
    const former = await rollBack()
    const self = { name: 'host3', addresses: [], places: ['host3'], machine: '' }
    const ask = (byte: number) => former.rejoining.succeed(former.signer, { ...self, signer: signerOf(seedAt(byte)) })
    const first = await ask(9)
    assert.deepEqual(await ask(9), first)
    await eventually(() => assert.equal(at(2).replica.view.successions().length, 1))
    await assert.rejects(ask(8), {
      code: 'forbidden',
      message: /has come back in the place of this key already: .*skein join TOKEN/,
    })
    // its own process writes nothing either, from the moment it hears of it
    await eventually(() => assert.ok(former.replica.view.succeededBy(former.signer.key)))
    await assert.rejects(
      former.replica.write(() => [tenant('no')]),
      { code: 'forbidden' },
    )
  })

  it('a newcomer that does not know all members yet judges nothing: another member is to be asked', async () => {
    await grow(2)
    const newcomer = seedAt(7)
    hub.split(
      [at(1), at(2)].map(({ signer }) => signer.key),
      [signerOf(newcomer).key],
    )
    const peer = await joinPeer(hub, 'host3', at(1), newcomer)
    peers.push(peer)
    assert.equal(peer.replica.isComplete, false)
    const [former, next] = [at(2).signer, signerOf(seedAt(8))]
    const { meshId } = at(1).replica.view
    const request = encodeRejoin({
      ...{ key: next.key, name: 'host2', addresses: [], places: ['host2'], machine: '' },
      proof: next.sign(joinProof(meshId, former.key, 'host2')),
      succession: former.sign(successionProof(meshId, former.key, next.key, 'host2')),
    })
    const ask = async () => peer.mesh.handler(rejoinProtocol)?.(former.key, request, noWayBack)
    await assert.rejects(ask, { code: 'unavailable', message: /has just joined/ })
  })

  it('is refused while another machine runs with its key, which any member may have seen', async () => {
    await grow(3)
    const former = await rollBack()
    at(2).mesh.places.set(former.signer.key, ['host3', '192.168.2.77'])
    await assert.rejects(comeBack(hub, former, seedAt(9)), {
      code: 'forbidden',
      message: /^another machine, at 192\.168\.2\.77, runs with the key of host3: .*skein join TOKEN/,
    })
    at(2).mesh.places.clear()
    assert.deepEqual(at(1).replica.view.successions(), [])
  })

  it('is refused for a data directory of another machine', async () => {
    await grow(3)
    const facts = { kind: 'peer' as const, name: 'host3', addresses: [], vtepAddress: '', mtu: 1500 }
    await at(3).replica.write(() => [{ ...facts, machine: 'aa'.repeat(16) }])
    const former = await rollBack()
    const self = { name: 'host3', addresses: [], places: [], signer: signerOf(seedAt(9)) }
    const ask = (machine: string) => former.rejoining.succeed(former.signer, { ...self, machine })
    await assert.rejects(ask('bb'.repeat(16)), {
      code: 'forbidden',
      message: /copied from another machine.*skein join TOKEN/,
    })
    await ask('aa'.repeat(16))
  })

  it('is refused once the host was removed', async () => {
    await grow(3)
    const former = await rollBack()
    const self = { name: 'host3', addresses: [], places: [], machine: '' }
    await at(1).removal.start([former.signer.key], 0)
    await eventually(() => assert.equal(at(2).replica.view.member(former.signer.key), undefined))
    await assert.rejects(former.rejoining.succeed(former.signer, { ...self, signer: signerOf(seedAt(9)) }))
    assert.deepEqual(at(1).replica.view.successions(), [])
  })

  it('says in a removal that was started before, and is not decided, that the host is off', async () => {
    await grow(4)
    const former = await rollBack()
    // host2 has not acknowledged: it is cut off
    hub.split(
      [at(2).signer.key],
      [1, 3, 4].map(n => at(n).signer.key),
    )
    await at(3).removal.start([former.signer.key], 0)
    // whoever lets it in knows of that: otherwise the host, back, removes its former key itself, and of the two the asserted one stays
    await eventually(() => assert.equal(at(1).replica.view.removals().length, 1))
    const next = await comeBack(hub, former, seedAt(9))
    peers[3] = next
    await eventually(() => {
      const [removal] = at(3).replica.view.removals()
      assert.equal(removal?.outcome, 'undecided')
      assert.ok(removal?.assertedAt)
    })
    hub.heal()
    await eventually(() => {
      for (const view of views()) {
        assert.equal(view.removals()[0]?.outcome, 'effective')
        assert.equal(view.removals().length, 1)
        assert.equal(view.member(next.signer.key)?.settled, true)
        assert.deepEqual(view.conditions(), [])
      }
    })
  })

  it('admitted on both sides of a split: one is acknowledged after the heal and settles, the other is named with the commands', async () => {
    await grow(4)
    const former = at(4)
    await former.stop()
    peers.pop()
    hub.split(
      [at(1).signer.key],
      [2, 3].map(n => at(n).signer.key),
    )
    const admit = (admitter: MemoryPeer, byte: number) =>
      admitter.replica.write(view => {
        const { key } = signerOf(seedAt(byte))
        const known = knownLeaf(view)
        const proof = former.signer.sign(successionProof(view.meshId, former.signer.key, key, 'host4'))
        const named = { key, name: 'host4', addresses: [], invitation: former.signer.key, known: contentName(known) }
        return [known, { kind: 'admission', ...named, proof }]
      })
    await admit(at(1), 8)
    await admit(at(2), 9)
    await eventually(() => assert.equal(at(3).replica.view.succeededBy(former.signer.key), signerOf(seedAt(9)).key))
    hub.heal()
    await eventually(() => {
      for (const view of views()) {
        assert.equal(view.successions().length, 2)
        const acked = view.admissions().filter(({ key }) => view.member(key)?.succeeds === former.signer.key)
        // 3 has acknowledged the one that it heard of first; 1 and 2 have each admitted one
        assert.deepEqual(
          acked.flatMap(({ ackedBy }) => ackedBy.map(({ key }) => key)),
          [at(3).signer.key],
        )
        const kinds = view.conditions().map(({ kind }) => kind)
        assert.ok(kinds.includes('succeeded-twice'), kinds.join())
      }
      assert.equal(new Set(views().map(view => JSON.stringify(view.conditions()))).size, 1)
    })
  })
})
