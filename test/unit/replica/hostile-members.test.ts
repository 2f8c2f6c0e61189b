import assert from 'node:assert/strict'
import { after, before, describe, it } from 'mocha'
import { admissionProof } from '../../../src/crdt/identity.ts'
import type { AdmissionLeaf, Leaf } from '../../../src/crdt/leaves.ts'
import { contentName } from '../../../src/crdt/registry.ts'
import type { RegistryView } from '../../../src/crdt/registry-view.ts'
import type { Dot } from '../../../src/crdt/vector.ts'
import { newSeed, type PeerKey, signerOf } from '../../../src/lib/keys.ts'
import { joinMesh } from '../../../src/replica/join.ts'
import { eventually } from '../../support/eventually.ts'
import { Hand, type HostileMesh, meshWithHostile } from '../../support/hostile-member.ts'
import { MemoryHub } from '../../support/memory-mesh.ts'
import type { MemoryPeer } from '../../support/memory-peer.ts'
import { signerAt } from '../crdt/writer.ts'

describe('replica: membership, forged', () => {
  const hub = new MemoryHub()
  let mesh: HostileMesh
  const first = () => mesh.honest[0] as MemoryPeer
  const view = () => first().replica.view
  const known = (): Leaf => ({
    kind: 'known',
    admissions: view()
      .admissions()
      .map(({ key, dot }) => ({ key, dot })),
    removals: [],
    ends: [],
    pending: [],
  })
  const member = (key: PeerKey) => mesh.honest.map(peer => peer.replica.view.member(key)?.settled)

  before(async () => {
    mesh = await meshWithHostile(hub)
  })
  after(() => mesh.stop())

  const admission = (invitation: number, key: PeerKey, list: Leaf): AdmissionLeaf => {
    const proof = signerAt(invitation).sign(admissionProof(mesh.hand.meshId, key, 'evil'))
    const named = { kind: 'admission', key, name: 'evil', addresses: [], known: contentName(list) } as const
    return { ...named, invitation: signerAt(invitation).key, proof }
  }

  it('a list of members that are none keeps nobody from being settled', async () => {
    const invented = Array.from({ length: 1000 }, () => ({
      key: signerOf(newSeed()).key,
      dot: { writer: mesh.hand.key, counter: 1 },
    }))
    const list: Leaf = { kind: 'known', admissions: invented, removals: [], ends: [], pending: [] }
    const invitation = await first().admission.invite(60_000, ['x:1'])
    const newcomer = signerOf(newSeed())
    await joinMesh(
      (i, request) => hub.requestJoin(i, request),
      invitation,
      newcomer,
      { name: 'n', addresses: [] },
      5000,
    )
    const dot =
      view()
        .admissions()
        .find(item => item.key === newcomer.key)?.dot ?? assert.fail('not admitted')
    mesh.say([mesh.hand.make([list, { kind: 'ack', admission: dot, known: contentName(list) }])])
    await mesh.agree()
    assert.ok((await proof(view, dot.writer, dot.counter)).every(ack => ack.writer !== mesh.hand.key))
  })

  it('an invitation admits no more than it was made for, whatever a later record of it says', async () => {
    const keys = [newSeed(), newSeed(), newSeed()].map(seed => signerOf(seed).key)
    const invitation: Leaf = { kind: 'invitation', invitation: signerAt(91).key, expiresMs: 1, uses: 1 }
    mesh.say([
      mesh.hand.make([
        invitation,
        known(),
        ...keys.map(key => admission(91, key, known())),
        { ...invitation, uses: 10_000 },
        admission(91, keys[2] as PeerKey, known()),
      ]),
    ])
    await first().replica.waitFor(now => now.member(keys[0] as PeerKey) !== undefined, 5000)
    await mesh.agree()
    for (const peer of mesh.honest) {
      assert.deepEqual(
        keys.map(key => peer.replica.view.member(key) !== undefined),
        [true, false, false],
      )
    }
  })

  it('nobody is settled by a declaration without a majority, nor by the acknowledgements of another', async () => {
    const victim = new Hand(signerOf(newSeed()), mesh.hand.meshId)
    const list = known()
    hub.split(
      [first().signer.key],
      [(mesh.honest[1] as MemoryPeer).signer.key],
      [(mesh.honest[2] as MemoryPeer).signer.key],
    )
    const invitation: Leaf = { kind: 'invitation', invitation: signerAt(92).key, expiresMs: 1, uses: 1 }
    const batch = mesh.hand.make([invitation, list, admission(92, victim.key, list)])
    const dot = { writer: mesh.hand.key, counter: batch.last }
    const others = view()
      .admissions()
      .flatMap(item => item.ackedBy.map(ack => ack.dot))
    assert.ok(others.length > 0)
    const claims: Leaf[] = [[], others, [dot], [{ writer: mesh.hand.key, counter: 1 }]].map(acks => {
      return { kind: 'settled', admission: dot, acks }
    })
    // a member may name whom it likes in its lists, but its own acknowledgement counts once
    const ack: Leaf = { kind: 'ack', admission: dot, known: contentName(list) }
    const acks = mesh.hand.make([ack, ack, ack])
    const mine = [0, 1, 2].map(i => ({ writer: mesh.hand.key, counter: acks.first + i }))
    mesh.say([batch, acks, victim.make([...claims, { kind: 'settled', admission: dot, acks: mine }])], [first()])
    await first().replica.waitFor(now => now.lastWrite(victim.key) !== undefined, 5000)
    assert.equal(view().member(victim.key)?.settled, false)
    hub.heal()
    await mesh.agree()
    assert.deepEqual(member(victim.key), [false, false, false])
    for (const { replica } of mesh.honest) {
      const shown = replica.view.conditions().find(({ objects }) => objects.includes(victim.key))
      assert.match(shown?.text ?? '', /^evil wrote .*: that it is settled, which no majority acknowledged$/)
    }
    const proven = await proof(view, dot.writer, dot.counter)
    mesh.say([victim.make([{ kind: 'settled', admission: dot, acks: proven }])])
    await mesh.agree()
    assert.deepEqual(member(victim.key), [true, true, true], 'with the majority that it had meanwhile it is')
  })
})

/** The acknowledgements that prove an admission, once the honest peers have written theirs. */
function proof(view: () => RegistryView, writer: PeerKey, counter: number): Promise<Dot[]> {
  return eventually(() => {
    const acks = view().majorityFor({ writer, counter })
    return acks && acks.length > 0 ? acks : assert.fail('no majority yet')
  })
}
