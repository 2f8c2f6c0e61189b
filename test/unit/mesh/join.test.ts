import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import type { Stream } from '@libp2p/interface'
import { SkeinError } from '../../../src/lib/errors.ts'
import { newSeed, signerOf } from '../../../src/lib/keys.ts'
import { dialMultiaddr, parseAddress } from '../../../src/mesh/address.ts'
import { createRequestJoin, joinProtocol } from '../../../src/mesh/join.ts'
import { createPlainNode } from '../../../src/mesh/node.ts'
import type { Invitation } from '../../../src/mesh/transport.ts'
import { bytes, fastClock, introduce, startPeer, stopAll, type TestPeer, text, until } from './harness.ts'

const requestJoin = createRequestJoin({ clock: fastClock })

function inviteBy(issuer: TestPeer, more: Partial<Invitation> = {}): Invitation {
  const addresses = [issuer.mesh.listenAddress()]
  return { meshId: 'test', issuer: issuer.key, seed: newSeed(), addresses, expiresMs: 0, ...more }
}

const failsWith = (code: string, pattern: RegExp) => (error: unknown) =>
  error instanceof SkeinError && error.code === code && pattern.test(error.message)

describe('joining', function () {
  this.timeout(20_000)
  afterEach(stopAll)

  it('asks the issuer under the invitation’s key, at whichever address answers', async () => {
    const issuer = await startPeer()
    const invitation = inviteBy(issuer, { addresses: ['127.0.0.1:1', issuer.mesh.listenAddress()] })
    issuer.mesh.setInvitations([signerOf(invitation.seed).key])
    issuer.mesh.onJoin(async (from, request) => bytes(`${from} said ${text(request)}`))
    const answer = text(await requestJoin(invitation, bytes('hello'), 20_000))
    assert.equal(answer, `${signerOf(invitation.seed).key} said hello`)
    assert.deepEqual(issuer.events, [])
  })

  it('passes the refusal of the handler on, with its code', async () => {
    const issuer = await startPeer()
    const invitation = inviteBy(issuer)
    issuer.mesh.setInvitations([signerOf(invitation.seed).key])
    issuer.mesh.onJoin(() => Promise.reject(new SkeinError('forbidden', 'this token expired 5 minutes ago')))
    await assert.rejects(requestJoin(invitation, bytes('x'), 20_000), failsWith('forbidden', /^this token expired 5/))
  })

  it('says that the invitation is not known', async () => {
    const issuer = await startPeer()
    issuer.mesh.onJoin(async () => bytes('never'))
    const invitation = inviteBy(issuer)
    await assert.rejects(
      requestJoin(invitation, bytes('x'), 20_000),
      failsWith(
        'forbidden',
        /^the peer at 127.0.0.1:\d+ refused us: it does not know this invitation.*skein peer invite/,
      ),
    )
    assert.equal(issuer.log.find(({ msg }) => msg === 'refused a stranger')?.peer, signerOf(invitation.seed).key)
  })

  it('says that nobody, or somebody else, answers', async () => {
    const [issuer, other] = await Promise.all([startPeer(), startPeer()])
    const silent = createServer()
    await new Promise<void>(resolve => silent.listen(0, '127.0.0.1', resolve))
    const bound = silent.address()
    const silentAddress = `127.0.0.1:${typeof bound === 'object' ? bound?.port : 0}`
    const addresses = ['127.0.0.1:1', other.mesh.listenAddress(), silentAddress]
    try {
      await assert.rejects(
        requestJoin(inviteBy(issuer, { addresses }), bytes('x'), 20_000),
        failsWith(
          'unreachable',
          /not reached \(127.0.0.1:1: nothing listens there, \S+: it is stopping, or another peer or program answers there, \S+: no answer\)/,
        ),
      )
    } finally {
      silent.close()
    }
  })

  it('gives up at its deadline when the issuer does not answer', async () => {
    const issuer = await startPeer()
    const invitation = inviteBy(issuer)
    issuer.mesh.setInvitations([signerOf(invitation.seed).key])
    issuer.mesh.onJoin(() => new Promise(() => {}))
    const begin = performance.now()
    await assert.rejects(requestJoin(invitation, bytes('x'), 4_000), failsWith('timeout', /did not answer/))
    assert.ok(performance.now() - begin < 2_000)
  })
})

describe('holder of an invitation', function () {
  this.timeout(20_000)
  afterEach(stopAll)

  async function guestOf(issuer: TestPeer) {
    const seed = newSeed()
    issuer.mesh.setInvitations([signerOf(seed).key])
    const node = await createPlainNode({ seed, listen: [], gater: {} })
    await node.start()
    const address = parseAddress(issuer.mesh.listenAddress())
    assert.ok(address)
    return { node, connection: await node.dial(dialMultiaddr(address, issuer.key)), key: signerOf(seed).key }
  }

  it('can speak the join protocol, and nothing else', async () => {
    const [issuer, member] = await Promise.all([startPeer(), startPeer()])
    await introduce(issuer, member)
    let asked = 0
    issuer.mesh.handle('/skein/sync/2', async () => {
      asked++
      return bytes('secret')
    })
    issuer.mesh.onJoin(async () => bytes('welcome'))
    const { node, connection } = await guestOf(issuer)
    try {
      const received: string[] = []
      const protocols = ['/skein/sync/2', '/skein/ping/1', '/skein/push/1', '/meshsub/1.1.0', '/ipfs/id/1.0.0']
      for (const protocol of protocols) {
        const stream: Stream = await connection.newStream(protocol)
        stream.addEventListener('message', () => received.push(protocol))
        try {
          stream.send(new Uint8Array([0, 0, 0, 3, 1, 2, 3]))
        } catch {
          // reset already
        }
        await until(`${protocol} is closed`, () => stream.status !== 'open')
      }
      // nor is it told anything that members are
      issuer.mesh.broadcast(bytes('for members'))
      await until('the member has it', () => member.heard.length === 1)
      const incoming = connection.streams.filter(({ direction }) => direction === 'inbound')
      assert.deepEqual([received, incoming.length, asked, issuer.heard], [[], 0, 0, []])
      assert.deepEqual(issuer.mesh.connected(), [member.key])
      const join = await connection.newStream(joinProtocol)
      join.addEventListener('message', () => received.push(joinProtocol))
      join.send(new Uint8Array([0, 0, 0, 1, 1]))
      await until('it is answered', () => received.includes(joinProtocol))
    } finally {
      await node.stop()
    }
  })

  it('is sent away when it stays', async () => {
    const issuer = await startPeer()
    const { node, connection } = await guestOf(issuer)
    try {
      await until('it is sent away', () => connection.status !== 'open')
    } finally {
      await node.stop()
    }
  })

  it('cannot take up more than its share of connections', async () => {
    const issuer = await startPeer()
    const { node, connection } = await guestOf(issuer)
    try {
      const opened = [connection]
      for (let more = 0; more < 40; more++) opened.push(await node.dial(connection.remoteAddr, { force: true }))
      const open = () => opened.filter(({ status }) => status === 'open').length
      await until('those beyond 32 are closed', () => open() <= 32, 1_000)
      assert.equal(open(), 32)
    } finally {
      await node.stop()
    }
  })
})
