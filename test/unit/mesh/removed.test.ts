import assert from 'node:assert/strict'
import { dialMultiaddr, parseAddress } from '../../../src/mesh/address.ts'
import { createPlainNode } from '../../../src/mesh/node.ts'
import { removedProtocol } from '../../../src/mesh/removed.ts'
import { bytes, introduce, memberOf, startPeer, stopAll, text, until } from './harness.ts'

describe('mesh: a member that was removed', function () {
  this.timeout(20_000)
  afterEach(stopAll)

  it('is told why, when it comes back and dials', async () => {
    const [member, back] = await Promise.all([startPeer(), startPeer()])
    const told: string[] = []
    back.mesh.onTold((from, answer) => told.push(`${from.slice(0, 4)}: ${text(answer)}`))
    member.mesh.setRemoved([back.key])
    member.mesh.onRemoved(async from => bytes(`you, ${from.slice(0, 4)}, are gone`))
    back.mesh.setMembers([memberOf(member)])
    await until('it is told', () => told.length > 0)
    assert.equal(told[0], `${member.key.slice(0, 4)}: you, ${back.key.slice(0, 4)}, are gone`)
    assert.deepEqual([member.events, back.events], [[], []])
  })

  it('is told at once when it is removed while it is connected', async () => {
    const [member, gone] = await Promise.all([startPeer(), startPeer()])
    await introduce(member, gone)
    let told = 0
    gone.mesh.onTold(() => told++)
    member.mesh.onRemoved(async () => bytes('gone'))
    member.mesh.setRemoved([gone.key])
    member.mesh.setMembers([memberOf(member)])
    await until('it is told', () => told > 0)
  })

  it('is not told by a member that does not know, and keeps dialling', async () => {
    const [member, back] = await Promise.all([startPeer(), startPeer()])
    let told = 0
    let asked = 0
    back.mesh.onTold(() => told++)
    member.mesh.setRemoved([back.key])
    member.mesh.onRemoved(() => {
      asked++
      return Promise.reject(new Error('not at hand'))
    })
    back.mesh.setMembers([memberOf(member)])
    await until('it has asked twice', () => asked > 1)
    assert.equal(told, 0)
  })

  it('can speak that protocol, and nothing else', async () => {
    const [member, gone] = await Promise.all([startPeer(), startPeer()])
    await gone.mesh.stop()
    let asked = 0
    member.mesh.handle('/skein/sync/2', async () => {
      asked++
      return bytes('secret')
    })
    member.mesh.onJoin(async () => {
      asked++
      return bytes('welcome')
    })
    member.mesh.setRemoved([gone.key])
    member.mesh.onRemoved(async () => bytes('gone'))
    const node = await createPlainNode({ seed: gone.seed, listen: [], gater: {} })
    await node.start()
    try {
      const address = parseAddress(member.mesh.listenAddress()) ?? assert.fail()
      const connection = await node.dial(dialMultiaddr(address, member.key))
      const received: string[] = []
      for (const protocol of ['/skein/sync/2', '/skein/join/1', '/skein/ping/1', '/skein/push/1', '/meshsub/1.1.0']) {
        const stream = await connection.newStream(protocol)
        stream.addEventListener('message', () => received.push(protocol))
        try {
          stream.send(new Uint8Array([0, 0, 0, 3, 1, 2, 3]))
        } catch {
          // reset already
        }
        await until(`${protocol} is closed`, () => stream.status !== 'open')
      }
      assert.deepEqual([received, asked, member.heard, member.events], [[], 0, [], []])
      const stream = await connection.newStream(removedProtocol)
      stream.addEventListener('message', () => received.push(removedProtocol))
      stream.send(new Uint8Array([0, 0, 0, 1, 1]))
      await until('it is answered', () => received.includes(removedProtocol))
    } finally {
      await node.stop()
    }
  })

  it('is a member like any other once it was admitted again', async () => {
    const [member, back] = await Promise.all([startPeer(), startPeer()])
    member.mesh.setRemoved([back.key])
    await introduce(member, back)
    assert.deepEqual(member.mesh.connected(), [back.key])
  })
})
