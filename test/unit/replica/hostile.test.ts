import assert from 'node:assert/strict'
import { after, before, describe, it } from 'mocha'
import type { Batch } from '../../../src/crdt/batch.ts'
import { meshIdOf } from '../../../src/crdt/identity.ts'
import { encodeLeaf } from '../../../src/crdt/leaf-codec.ts'
import { fromHex } from '../../../src/lib/bytes.ts'
import { decode, encode } from '../../../src/lib/cbor.ts'
import { verifySignature } from '../../../src/lib/keys.ts'
import { maxMessageBytes } from '../../../src/mesh/transport.ts'
import { ask, openChunk, syncProtocol } from '../../../src/replica/sync-messages.ts'
import { eventually } from '../../support/eventually.ts'
import { Hand, type HostileMesh, meshWithHostile } from '../../support/hostile-member.ts'
import { MemoryHub, noWayBack } from '../../support/memory-mesh.ts'
import type { MemoryPeer } from '../../support/memory-peer.ts'
import { signerAt } from '../crdt/writer.ts'
import { tenant } from './rig.ts'

describe('replica: batches of a hostile member', () => {
  let mesh: HostileMesh
  let turn = 0
  const first = () => mesh.honest[0] as MemoryPeer
  const digests = () => mesh.honest.map(peer => peer.replica.view.digest())
  const headOf = (key: string) => first().replica.vector().get(key)?.[0] ?? { counter: 0, hash: '0'.repeat(64) }
  const asIs = (bytes: Uint8Array) => ({ bytes }) as Batch
  /** The hand of somebody whose key the hostile member has not: it signs with its own. */
  const inTheNameOf = (key: string) =>
    new Hand({ key, sign: bytes => mesh.hand.signer.sign(bytes) }, mesh.hand.meshId, headOf(key))

  before(async () => {
    mesh = await meshWithHostile(new MemoryHub())
  })
  after(() => mesh.stop())

  const cases: Record<string, () => Batch[]> = {
    'a batch in another writer’s name, in the next place of its chain': () => [
      inTheNameOf(first().signer.key).make([tenant('evil')]),
    ],
    'one in the name of who would be told of it, and of a stranger': () => [
      inTheNameOf((mesh.honest[1] as MemoryPeer).signer.key).make([tenant('evil')]),
      new Hand(signerAt(66), mesh.hand.meshId).make([tenant('evil')]),
    ],
    'a batch of another mesh, by a key that is a member here': () => [
      mesh.hand.make([tenant('evil')], { meshId: meshIdOf(mesh.hand.key, new Uint8Array(16)) }),
    ],
    'one that follows on nothing, and one that skips counters': () => [
      mesh.hand.make([tenant('evil')], { after: { counter: 7000, hash: 'ab'.repeat(32) } }),
      mesh.hand.make([tenant('evil')], { after: { ...mesh.hand.head, counter: mesh.hand.head.counter + 1 } }),
      mesh.hand.make([tenant('evil')], { after: { counter: 2 ** 52, hash: mesh.hand.head.hash } }),
    ],
    'a leaf that the signed header does not name': () => {
      const batch = mesh.hand.make([tenant('good')], { after: mesh.hand.head })
      return [asIs(encode([batch.header, batch.signature, [encodeLeaf(tenant('evil'))]]))]
    },
    'a leaf and a batch above their sizes, 1025 leaves, none': () => [
      mesh.hand.make([new Uint8Array(128 * 1024 + 1)], { after: mesh.hand.head }),
      mesh.hand.make(
        Array.from({ length: 5 }, () => new Uint8Array(120 * 1024)),
        { after: mesh.hand.head },
      ),
      mesh.hand.make(
        Array.from({ length: 1025 }, () => encode(['comet'])),
        { after: mesh.hand.head },
      ),
      mesh.hand.make([], { after: mesh.hand.head }),
    ],
    'no CBOR, maps, deep nesting': () => [
      asIs(new Uint8Array([0xff, 0xa1, 0x00, 0x00])),
      asIs(new Uint8Array([0xa0])),
      asIs(new Uint8Array(2000).fill(0x81)),
    ],
    'a time that is none': () => [
      mesh.hand.make([tenant('evil')], { after: mesh.hand.head, hlc: [2 ** 53, 0] }),
      mesh.hand.make([tenant('evil')], { after: mesh.hand.head, hlc: [0, 65_536] }),
    ],
  }

  for (const [what, make] of Object.entries(cases)) {
    it(`are not held: ${what}; what honest peers write next is`, async () => {
      mesh.say(make())
      // what is said after it is handled after it
      mesh.say([mesh.hand.make([tenant(`t${++turn}`)])])
      await first().replica.write(() => [tenant(`h${turn}`)])
      await mesh.agree()
      for (const { replica } of mesh.honest) {
        assert.ok(replica.view.hasTenant(`t${turn}`) && replica.view.hasTenant(`h${turn}`))
        assert.ok(!replica.view.hasTenant('evil') && !replica.view.hasTenant('good'))
        assert.deepEqual(replica.vector().get(mesh.hand.key), [mesh.hand.head])
        assert.equal(replica.vector().size, 4)
        assert.deepEqual(replica.view.conditions(), [])
      }
    })
  }

  it('are shown by who was sent them when their writer did not sign them, with the neighbour, and change no state', async () => {
    const [sent, other] = mesh.honest as [MemoryPeer, MemoryPeer]
    const theirs = other.signer.key
    const before = sent.replica.wrongSignatures()[0]?.count ?? 0
    const batches = [1, 2, 3].map(n => inTheNameOf(theirs).make([tenant(`evil${n}`)]))
    const quiet = other.replica.wrongSignatures()
    mesh.say(batches, [sent])
    await eventually(() => sent.replica.wrongSignatures()[0]?.count === before + 3)
    const [seen, ...none] = sent.replica.wrongSignatures()
    assert.deepEqual(none, [])
    assert.equal(seen?.from, mesh.hand.key)
    assert.ok(seen?.writers.includes(theirs))
    assert.deepEqual(other.replica.wrongSignatures(), quiet, 'who was sent none shows none')
    await mesh.agree()
    for (const { replica } of mesh.honest) assert.deepEqual(replica.view.conditions(), [])
  })

  it('are held once when they are replayed, its own and others’', async () => {
    mesh.say([mesh.hand.make([tenant('own')])])
    await first().replica.write(() => [tenant('theirs')])
    await mesh.agree()
    const digest = digests()
    const wants = [...first().replica.vector().keys()].map(key => [fromHex(key), [], true])
    const answer = await first().mesh.handler(syncProtocol)?.(mesh.hand.key, encode([ask.pull, wants]), noWayBack)
    const { units } = openChunk(decode(answer ?? new Uint8Array(), maxMessageBytes))
    assert.ok(units.length > 10)
    for (let i = 0; i < 3; i++) mesh.say(units.reverse().map(asIs))
    await first().replica.write(() => [tenant('after')])
    await mesh.agree()
    for (const { replica } of mesh.honest) {
      assert.notEqual(replica.view.digest(), digest[0])
      assert.ok([...replica.vector().values()].every(tips => tips.length === 1))
      assert.deepEqual(replica.view.conditions(), [])
    }
  })

  it('are not made another by a second form of the signature: a third could forge a fork with it', () => {
    const { header, signature } = mesh.hand.make([tenant('x')], { after: mesh.hand.head })
    // s + L is the same number to the curve; RFC 8032 has only the lower
    const order = 2n ** 252n + 27742317777372353535851937790883648493n
    const le = (bytes: Uint8Array) => [...bytes].reduceRight((sum, byte) => sum * 256n + BigInt(byte), 0n)
    const other = new Uint8Array(signature)
    let s = le(signature.subarray(32)) + order
    for (let i = 32; i < 64; i++, s /= 256n) other[i] = Number(s % 256n)
    assert.equal(s, 0n)
    assert.ok(verifySignature(mesh.hand.key, header, signature))
    assert.equal(verifySignature(mesh.hand.key, header, other), false)
  })
})
