import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { makeBatch, noBatch } from '../../../src/crdt/batch.ts'
import { encodeLeaf } from '../../../src/crdt/leaf-codec.ts'
import type { Leaf } from '../../../src/crdt/leaves.ts'
import type { RegistryView } from '../../../src/crdt/registry-view.ts'
import { owedRemovalLeaves } from '../../../src/crdt/removal-duty.ts'
import { type Signer, signerOf, verifySignature } from '../../../src/lib/keys.ts'
import { encodeNotice, readNotice } from '../../../src/replica/removal-notice.ts'
import { eventually } from '../../support/eventually.ts'
import { MemoryHub } from '../../support/memory-mesh.ts'
import { foundPeer, joinPeer, type MemoryPeer, restartPeer } from '../../support/memory-peer.ts'
import { seedAt } from './rig.ts'

describe('replica: the return of a removed host (R9)', () => {
  let hub: MemoryHub
  let peers: MemoryPeer[]

  beforeEach(async () => {
    hub = new MemoryHub()
    peers = [await foundPeer(hub, 'host1', seedAt(1))]
    for (const n of [2, 3]) peers.push(await joinPeer(hub, `host${n}`, at(0), seedAt(n)))
    await Promise.all(
      peers.map(peer => peer.replica.waitFor(view => view.members().filter(each => each.settled).length === 3, 5000)),
    )
  })
  afterEach(() => Promise.all(peers.map(peer => peer.stop())))

  const at = (index: number): MemoryPeer => peers[index] ?? assert.fail()

  async function stopLast(): Promise<MemoryPeer> {
    const last = peers.pop() ?? assert.fail()
    await last.stop()
    return last
  }

  async function removeWhileOff(): Promise<MemoryPeer> {
    const off = await stopLast()
    await at(0).removal.start([off.signer.key], 1)
    await Promise.all(
      peers.map(peer => peer.replica.waitFor(view => view.removals()[0]?.outcome === 'effective', 3000)),
    )
    return off
  }

  async function comeBack(peer: MemoryPeer): Promise<MemoryPeer> {
    const back = await restartPeer(hub, peer)
    peers.push(back)
    return back
  }

  const write = (peer: MemoryPeer) => peer.replica.write(() => [{ kind: 'tenant', name: 'late' }])

  it('is told why it is let in no more before it hands out anything, and writes nothing then', async () => {
    const back = await comeBack(await removeWhileOff())
    await back.returning.cleared()
    assert.equal(back.replica.removedBy?.startedOn, 'host1')
    assert.equal(back.replica.removedBy?.cut, at(0).replica.view.held(back.signer.key))
    await assert.rejects(write(back), {
      code: 'forbidden',
      message:
        /^this host was removed from its mesh \(skein peer rm on host1 at 20.*\): .*skein peer invite on host1.*skein join TOKEN$/,
    })
    await assert.rejects(back.replica.local.set([['a', 'b']]), { code: 'forbidden' })
    assert.deepEqual(back.mesh.connected(), [])
  })

  it('stays fenced over a restart out of reach of everybody', async () => {
    const back = await comeBack(await removeWhileOff())
    await back.returning.cleared()
    const off = await stopLast()
    hub.split([off.signer.key], [at(0).signer.key, at(1).signer.key])
    const again = await comeBack(off)
    assert.equal(again.replica.removedBy?.startedOn, 'host1')
    await assert.rejects(write(again), { code: 'forbidden' })
  })

  it('goes on by itself when nobody is within reach, and fences itself at the first contact', async () => {
    const off = await removeWhileOff()
    hub.split([off.signer.key], [at(0).signer.key, at(1).signer.key])
    const back = await comeBack(off)
    await write(back)
    hub.heal()
    await eventually(() => assert.ok(back.replica.removedBy))
    await assert.rejects(write(back), { code: 'forbidden' })
  })

  it('says nothing to a stranger, and has nothing to say to a member', async () => {
    await removeWhileOff()
    const stranger = hub.join(signerOf(seedAt(9)).key)
    let told = 0
    stranger.onTold(() => told++)
    stranger.setMembers(peers.map(peer => ({ key: peer.signer.key })))
    await new Promise(resolve => setImmediate(resolve))
    hub.update()
    await new Promise(resolve => setImmediate(resolve))
    assert.equal(told, 0)
    assert.equal(at(1).replica.removedBy, undefined)
    hub.leave(stranger.self)
  })

  it('does not wait when all members are there', async () => {
    const off = await stopLast()
    const back = await comeBack(off)
    const begin = performance.now()
    await back.returning.cleared()
    assert.ok(performance.now() - begin < 1000)
    await write(back)
  })

  describe('without an assertion', () => {
    /** Host 3 is removed while it is off, comes back, is told, and joins again under another key. */
    async function joinAgain(): Promise<{ former: string; back: MemoryPeer }> {
      const off = await stopLast()
      const former = off.signer.key
      await at(0).removal.start([former], 0)
      await at(0).replica.waitFor(view => view.removals()[0]?.outcome === 'effective', 3000)
      const fenced = await comeBack(off)
      await fenced.returning.cleared()
      assert.equal(fenced.replica.isOffForGood, true)
      await stopLast()
      const back = await joinPeer(hub, 'host3', at(0), seedAt(7), [former])
      peers.push(back)
      return { former, back }
    }

    it('it says itself that its former key is off, once it is settled under the new one', async () => {
      assert.equal(at(0).replica.isOffForGood, false)
      const { back } = await joinAgain()
      for (const { replica } of peers) {
        await replica.waitFor(view => view.removals()[0]?.assertedAt !== undefined, 5000)
        await replica.waitFor(view => view.conditions().length === 0, 5000)
      }
      const said = back.replica.written(0).filter(({ kind }) => kind === 'host-down')
      assert.equal(said.length, 1)
    })

    it('it says so of a key of its own alone, and of none that other machines may have', async () => {
      const { former, back } = await joinAgain()
      await back.replica.waitFor(view => view.member(back.signer.key)?.settled === true, 5000)
      const { view, self } = back.replica
      const [removal] = view.removals()
      assert.ok(removal)
      const { assertedAt: _, ...unsaid } = removal
      const seen = (isFenced: boolean, targets = unsaid.targets) =>
        viewWith(view, { removals: () => [{ ...unsaid, targets }], isFenced: () => isFenced })
      const owed = (of: RegistryView, keys: readonly string[]) => owedRemovalLeaves(of, self, () => true, keys)
      assert.deepEqual(owed(seen(false), [former]), [{ kind: 'host-down', removal: removal.dot }])
      assert.deepEqual(owed(seen(true), [former]), [])
      assert.deepEqual(owed(seen(false), []), [])
      const [target] = unsaid.targets
      assert.ok(target)
      assert.deepEqual(owed(seen(false, [target, { ...target, key: at(1).signer.key }]), [former]), [])
    })

    function viewWith(view: RegistryView, changed: Partial<RegistryView>): RegistryView {
      return new Proxy(view, {
        get(of, name) {
          if (Object.hasOwn(changed, name)) return Reflect.get(changed, name)
          const value: unknown = Reflect.get(of, name, of)
          return typeof value === 'function' ? value.bind(of) : value
        },
      })
    }
  })

  describe('what it is shown', () => {
    const one = signerOf(seedAt(1))
    const stranger = signerOf(seedAt(9))

    function batchOf(signer: Signer, leaf: Leaf, first: number, meshId = at(0).replica.view.meshId) {
      return makeBatch(signer, { meshId, first, previous: noBatch, hlc: [1000, 0], leaves: [encodeLeaf(leaf)] })
    }
    const removal = (key: string): Leaf => {
      return { kind: 'removal', targets: [{ key, heir: one.key, counter: 3 }], assertion: 1, known: '0'.repeat(64) }
    }
    const end = (of: Signer, counter: number, effective = true): Leaf => {
      return {
        ...{ kind: 'removal-end', removal: { writer: of.key, counter }, effective },
        ...(effective ? { acks: [], cut: [7] } : { acks: [], cut: [] }),
      }
    }
    const context = (from = one.key) => {
      const { replica } = at(2)
      return { self: replica.self, from, view: replica.view, verify: verifySignature }
    }

    it('is taken if both batches are the starter’s', () => {
      const bytes = encodeNotice(batchOf(one, removal(context().self), 50).bytes, batchOf(one, end(one, 50), 51).bytes)
      assert.deepEqual(readNotice(bytes, context()), {
        ...{ starter: one.key, startedOn: 'host1', sinceMs: 1000, cut: 7 },
      })
    })

    it('is taken from a member that passes on what one did that joined meanwhile, not from a stranger', () => {
      const first = batchOf(stranger, removal(context().self), 1)
      const bytes = encodeNotice(first.bytes, batchOf(stranger, end(stranger, 1), 2).bytes)
      assert.equal(readNotice(bytes, context()).starter, stranger.key)
      assert.throws(() => readNotice(bytes, context(stranger.key)), /neither by a member/)
    })

    it('is refused otherwise', () => {
      const { self } = context()
      const good = { removal: batchOf(one, removal(self), 50), end: batchOf(one, end(one, 50), 51) }
      const forged = (batch: typeof good.end) => {
        const bytes = batch.bytes.slice()
        const at = Buffer.from(bytes).indexOf(batch.signature)
        bytes[at] = (bytes[at] ?? 0) ^ 1
        return bytes
      }
      const refused: [Uint8Array, Uint8Array, RegExp][] = [
        [good.removal.bytes, forged(good.end), /wrong signature/],
        [forged(good.removal), good.end.bytes, /wrong signature/],
        [good.removal.bytes, batchOf(one, end(one, 50), 51, '00'.repeat(16)).bytes, /another mesh/],
        [good.removal.bytes, batchOf(stranger, end(one, 50), 51).bytes, /not both by one/],
        [batchOf(one, removal(stranger.key), 50).bytes, good.end.bytes, /no effective removal/],
        [good.removal.bytes, batchOf(one, end(one, 49), 51).bytes, /no effective removal/],
        [good.removal.bytes, batchOf(one, end(one, 50, false), 51).bytes, /no effective removal/],
        [good.removal.bytes, batchOf(one, end(one, 50), 49).bytes, /no effective removal/],
      ]
      for (const [first, second, reason] of refused) {
        assert.throws(() => readNotice(encodeNotice(first, second), context()), reason)
      }
      assert.throws(() => readNotice(new Uint8Array([0x80]), context()), /not two batches/)
    })
  })
})
