import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'mocha'
import { admissionProof, joinProof } from '../../../src/crdt/identity.ts'
import { bytesOf } from '../../../src/crdt/plain.ts'
import { encode } from '../../../src/lib/cbor.ts'
import { newSeed, type Signer, signerOf } from '../../../src/lib/keys.ts'
import type { Invitation } from '../../../src/mesh/transport.ts'
import { joinMesh } from '../../../src/replica/join.ts'
import { createMemoryDisk } from '../../../src/store/memory-disk.ts'
import { eventually } from '../../support/eventually.ts'
import { MemoryHub } from '../../support/memory-mesh.ts'
import { foundPeer, joinPeer, type MemoryPeer, restartPeer } from '../../support/memory-peer.ts'
import { seedAt } from './rig.ts'

const forbidden = (message: RegExp) => ({ code: 'forbidden', message })

describe('replica: admission', () => {
  let peers: MemoryPeer[] = []
  let hub = new MemoryHub()

  async function founder(): Promise<MemoryPeer> {
    hub = new MemoryHub()
    const a = await foundPeer(hub, 'host1', seedAt(1))
    peers = [a]
    return a
  }

  const join = (invitation: Invitation, signer: Signer, name = 'host2') =>
    joinMesh((i, bytes) => hub.requestJoin(i, bytes), invitation, signer, { name, addresses: [`${name}:7373`] }, 1000)

  afterEach(() => Promise.all(peers.map(peer => peer.stop())))

  it('introduces a newcomer to all members, itself included', async () => {
    const a = await founder()
    const newcomer = signerOf(seedAt(2))
    const members = await join(await a.admission.invite(60_000, ['host1:7373']), newcomer)
    assert.deepEqual(members, [
      { key: a.signer.key, addresses: ['host1:7373'] },
      { key: newcomer.key, addresses: ['host2:7373'] },
    ])
    assert.equal(a.replica.view.member(newcomer.key)?.settled, false)
  })

  it('refuses a token that was used by another, but answers its user again', async () => {
    const a = await founder()
    const invitation = await a.admission.invite(60_000, ['host1:7373'])
    const first = await join(invitation, signerOf(seedAt(2)))
    const size = a.replica.view.size()
    assert.deepEqual(await join(invitation, signerOf(seedAt(2))), first, 'the first reply may have got lost')
    assert.equal(a.replica.view.size(), size)
    await assert.rejects(join(invitation, signerOf(seedAt(3))), forbidden(/has been used.*skein peer invite/))
    assert.equal(a.replica.view.members().length, 2)
  })

  it('lets as many hosts in as a token was made for, and says by whom each was admitted', async () => {
    const a = await founder()
    const invitation = await a.admission.invite(60_000, ['host1:7373'], 3)
    for (const byte of [2, 3, 3, 4]) await join(invitation, signerOf(seedAt(byte)), `host${byte}`)
    await assert.rejects(join(invitation, signerOf(seedAt(5))), forbidden(/has been used.*skein peer invite/))
    const admitted = a.replica.view.members().map(({ name, admittedBy }) => [name, admittedBy])
    assert.deepEqual(admitted.slice(1), [
      ['host2', a.signer.key],
      ['host3', a.signer.key],
      ['host4', a.signer.key],
    ])
  })

  it('refuses an expired token, but lets in who used it in time', async () => {
    const a = await founder()
    const late = await a.admission.invite(-1, ['host1:7373'])
    await assert.rejects(join(late, signerOf(seedAt(2))), forbidden(/has expired.*skein peer invite/))
    const short = await a.admission.invite(1000, ['host1:7373'])
    await join(short, signerOf(seedAt(3)))
    await eventually(() => Date.now() > short.expiresMs)
    assert.equal((await join(short, signerOf(seedAt(3)))).length, 2)
  })

  it('refuses a token that this peer did not issue', async () => {
    const a = await founder()
    const b = await joinPeer(hub, 'host2', a, seedAt(2))
    peers.push(b)
    const invitation = await b.admission.invite(60_000, ['host2:7373'])
    await a.replica.waitFor(view => view.invitations(b.signer.key).length === 1, 3000)
    await assert.rejects(join({ ...invitation, issuer: a.signer.key }, signerOf(seedAt(3)), 'host3'), {
      code: 'forbidden',
    })
    const holder = signerOf(invitation.seed).key
    const answer = a.mesh.answerJoin(holder, requestOf(a, holder, signerOf(seedAt(3)), invitation.seed))
    await assert.rejects(answer, forbidden(/unknown here.*skein peer invite/))
  })

  function requestOf(a: MemoryPeer, holder: string, signer: Signer, seed: Uint8Array): Uint8Array {
    const { meshId } = a.replica.view
    const proof = signer.sign(joinProof(meshId, holder, 'host3'))
    const admission = signerOf(seed).sign(admissionProof(meshId, signer.key, 'host3'))
    return encode([1, bytesOf(signer.key), 'host3', [], proof, admission])
  }

  it('refuses a request that the newcomer or the invitation did not sign, and rubbish', async () => {
    const a = await founder()
    const invitation = await a.admission.invite(60_000, ['host1:7373'])
    const holder = signerOf(invitation.seed).key
    const [newcomer, other] = [signerOf(seedAt(2)), signerOf(seedAt(3))]
    const stolen = { key: newcomer.key, sign: other.sign }
    await assert.rejects(
      a.mesh.answerJoin(holder, requestOf(a, holder, stolen, invitation.seed)),
      forbidden(/not signed/),
    )
    await assert.rejects(a.mesh.answerJoin(holder, requestOf(a, holder, newcomer, newSeed())), forbidden(/not signed/))
    await assert.rejects(a.mesh.answerJoin(holder, encode([1, 'x'])), { code: 'invalid' })
    await assert.rejects(a.mesh.answerJoin(holder, encode([2])), { code: 'invalid', message: /same version/ })
    await assert.rejects(a.mesh.answerJoin(holder, new Uint8Array(9000)))
    assert.equal(a.replica.view.members().length, 1)
  })

  /** A founder that has admitted peer 3 and not told it, with a member, runs from a disk that lacks its last record. */
  async function outdated() {
    const first = await founder()
    const member = await joinPeer(hub, 'host2', first, seedAt(2))
    peers.push(member)
    const used = await first.admission.invite(60_000, ['host1:7373'])
    const unused = await first.admission.invite(60_000, ['host1:7373'])
    const members = await join(used, signerOf(seedAt(3)), 'host3')
    await eventually(() => assert.ok(member.replica.view.member(signerOf(seedAt(3)).key)))
    const copy = createMemoryDisk()
    await copy.replace('journal', (await first.disk.read('journal')) ?? new Uint8Array())
    const dot = await first.replica.write(() => [{ kind: 'tenant', name: 'late' }])
    await eventually(() => assert.equal(member.replica.view.held(first.signer.key), dot?.counter))
    await first.stop()
    const a = await restartPeer(hub, first, copy)
    peers = [a, member]
    await eventually(() => assert.ok(a.replica.fenced))
    return { a, member, used, unused, members }
  }

  it('fenced, admits nobody, and tells the newcomer what to do there', async () => {
    const { used, unused } = await outdated()
    const refusal = forbidden(/^the host that issued this token may let nobody in.*skein peer invite on another host/)
    await assert.rejects(join(used, signerOf(seedAt(4)), 'host4'), refusal)
    await assert.rejects(join(unused, signerOf(seedAt(3)), 'host3'), refusal)
  })

  it('fenced, answers again whom it has admitted, while it is connected with a member and is one itself', async () => {
    const { a, member, used, members } = await outdated()
    const again = () => join(used, signerOf(seedAt(3)), 'host3')
    await eventually(() => assert.equal(a.mesh.connected().length, 1))
    assert.deepEqual(await again(), members)
    hub.split([a.signer.key], [member.signer.key])
    await assert.rejects(again(), { code: 'unavailable', message: /let this one in.*try again; if that lasts/ })
    hub.heal()
    await a.replica.fence({ starter: member.signer.key, startedOn: 'host2', sinceMs: 0, cut: 1 })
    await assert.rejects(again(), forbidden(/may let nobody in/))
  })

  it('redeems an invitation that it issued before a restart', async () => {
    const a = await founder()
    const invitation = await a.admission.invite(60_000, ['host1:7373'])
    await a.stop()
    peers = [await restartPeer(hub, a)]
    assert.equal((await join(invitation, signerOf(seedAt(2)))).length, 2)
  })

  it('does not answer before the admission is durable', async () => {
    hub = new MemoryHub()
    let shut: Promise<void> | undefined
    let open: () => void = () => undefined
    const disk = createMemoryDisk({ beforeSync: () => shut ?? Promise.resolve() })
    const first = await founder()
    await disk.replace('journal', (await first.disk.read('journal')) ?? new Uint8Array())
    await first.stop()
    const a = await restartPeer(hub, { ...first, disk })
    peers = [a]
    const invitation = await a.admission.invite(60_000, ['host1:7373'])
    shut = new Promise(resolve => {
      open = resolve
    })
    let answers = 0
    // the second request is the retry of a newcomer that has not heard yet
    const both = [1, 2].map(() => join(invitation, signerOf(seedAt(2))).then(() => answers++))
    for (let turn = 0; turn < 20; turn++) await new Promise(resolve => setImmediate(resolve))
    assert.equal(answers, 0)
    shut = undefined
    open()
    await Promise.all(both)
  })

  it('does not spin when the journal refuses its acknowledgement', async () => {
    const a = await founder()
    const b = await joinPeer(hub, 'host2', a, seedAt(2))
    peers.push(b)
    await b.replica.waitFor(view => view.member(b.signer.key)?.settled === true, 3000)
    let tries = 0
    const write = b.replica.write.bind(b.replica)
    b.replica.write = async build => {
      if (++tries < 50) throw new Error('journal refuses')
      return write(build)
    }
    const c = await joinPeer(hub, 'host3', a, seedAt(3))
    peers.push(c)
    await b.replica.waitFor(view => view.member(c.signer.key) !== undefined, 3000)
    for (let turn = 0; turn < 20; turn++) await new Promise(resolve => setImmediate(resolve))
    assert.ok(tries > 0 && tries < 20, `${tries} tries`)
  })
})
