import assert from 'node:assert/strict'
import { after, before, describe, it } from 'mocha'
import { encode } from '../../../src/lib/cbor.ts'
import { newSeed, type PeerKey } from '../../../src/lib/keys.ts'
import { joinMesh } from '../../../src/replica/join.ts'
import { syncProtocol } from '../../../src/replica/sync-messages.ts'
import { Hand, type HostileMesh, meshWithHostile } from '../../support/hostile-member.ts'
import { MemoryHub } from '../../support/memory-mesh.ts'
import type { MemoryPeer } from '../../support/memory-peer.ts'
import { signerAt } from '../crdt/writer.ts'
import { tenant } from './rig.ts'

describe('replica: who is no member', () => {
  const hub = new MemoryHub()
  let mesh: HostileMesh
  const first = () => mesh.honest[0] as MemoryPeer
  const view = () => first().replica.view
  const member = (key: PeerKey) => mesh.honest.map(peer => peer.replica.view.member(key)?.settled)

  before(async () => {
    mesh = await meshWithHostile(hub)
  })
  after(() => mesh.stop())

  /** Whoever is no member, and each of these by each protocol. Who was removed is told so, and nothing else: return.test.ts. */
  const outsiders: Record<string, () => PeerKey> = {
    'a stranger': () => signerAt(66).key,
    'the holder of an invitation': () => view().invitations(first().signer.key)[0]?.key ?? '',
  }
  for (const [who, keyOf] of Object.entries(outsiders)) {
    it(`${who} is connected to by nobody, and what it says and wants is not taken`, async () => {
      const key = keyOf()
      const stranger = hub.join(key)
      stranger.setMembers(mesh.honest.map(peer => ({ key: peer.signer.key })))
      await stranger.start()
      assert.deepEqual(stranger.connected(), [])
      for (const protocol of [syncProtocol, '/skein/ipam/1', '/skein/api/1']) {
        await assert.rejects(stranger.request(first().signer.key, protocol, encode([0, new Uint8Array(32)]), 1), {
          code: 'unreachable',
        })
      }
      const size = view().size()
      stranger.broadcast(encode([new Hand(signerAt(66), mesh.hand.meshId).make([tenant('evil')]).bytes]))
      await mesh.agree()
      assert.equal(view().size(), size)
      await stranger.stop()
    })
  }

  it('a token of another mesh, or with another’s seed, admits nobody', async () => {
    const invitation = await first().admission.invite(60_000, ['x:1'])
    const self = { name: 'evil', addresses: [] }
    const join = (wish: Partial<typeof invitation>) =>
      joinMesh((i, request) => hub.requestJoin(i, request), { ...invitation, ...wish }, signerAt(67), self, 5000)
    await assert.rejects(join({ meshId: 'ff'.repeat(16) }), { code: 'forbidden' })
    await assert.rejects(join({ seed: newSeed() }), { code: 'forbidden' })
    await assert.rejects(join({ issuer: (mesh.honest[1] as MemoryPeer).signer.key }), { code: 'forbidden' })
    assert.equal(view().member(signerAt(67).key), undefined)
    await join({})
    await mesh.agree()
    assert.deepEqual(member(signerAt(67).key), [false, false, false])
  })
})
