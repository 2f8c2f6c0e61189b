import assert from 'node:assert/strict'
import type { Connection } from '@libp2p/interface'
import { newSeed, signerOf } from '../../../src/lib/keys.ts'
import { dialMultiaddr, parseAddress } from '../../../src/mesh/address.ts'
import { createGuests } from '../../../src/mesh/guests.ts'
import { joinProtocol } from '../../../src/mesh/join.ts'
import { createPlainNode } from '../../../src/mesh/node.ts'
import { outdatedProtocol, strangers } from '../../../src/mesh/outdated.ts'
import { bytes, fastClock, introduce, memberOf, startPeer, stopAll, type TestPeer, text, until } from './harness.ts'

/** What the peer is shown by whom it does not know. */
function shownTo(peer: TestPeer): string[] {
  const shown: string[] = []
  peer.mesh.onProof(async proof => void shown.push(text(proof)))
  return shown
}

/** It takes nothing that it is shown for a proof; gives how often it was shown something. */
function provesNothingTo(peer: TestPeer): () => number {
  let shown = 0
  peer.mesh.onProof(() => {
    shown++
    return Promise.reject(new Error('it is held here'))
  })
  return () => shown
}

/** Dials the peer under these keys, one after the other. */
async function dialling(
  peer: TestPeer,
  seeds: readonly Uint8Array[],
  use: (connections: readonly Connection[]) => Promise<void>,
): Promise<void> {
  const address = parseAddress(peer.mesh.listenAddress()) ?? assert.fail()
  const nodes = await Promise.all(seeds.map(seed => createPlainNode({ seed, listen: [], gater: {} })))
  try {
    const connections: Connection[] = []
    for (const node of nodes) await node.start()
    for (const node of nodes) connections.push(await node.dial(dialMultiaddr(address, peer.key)))
    await use(connections)
  } finally {
    await Promise.all(nodes.map(node => node.stop()))
  }
}

describe('mesh: a member that does not know those who know it (R8)', function () {
  this.timeout(20_000)
  afterEach(stopAll)

  it('is shown something by a member that dials it and that it does not know', async () => {
    const [old, member] = await Promise.all([startPeer(), startPeer()])
    const shown = shownTo(old)
    member.mesh.proveWith(key => (key === old.key ? bytes('yours') : undefined))
    member.mesh.setMembers([memberOf(old)])
    await until('it is shown', () => shown.length > 0)
    assert.equal(shown[0], 'yours')
    assert.deepEqual([old.events, member.events], [[], []])
  })

  it('is shown it while it is connected with others, too', async () => {
    const [one, two, member] = await Promise.all([startPeer(), startPeer(), startPeer()])
    await introduce(one, two)
    const shown = shownTo(one)
    member.mesh.proveWith(() => bytes('yours'))
    member.mesh.setMembers([memberOf(one)])
    await until('it is shown', () => shown.length > 0)
    assert.deepEqual(one.mesh.connected(), [two.key])
  })

  it('lets in who has proved it, until it learns that this is no member', async () => {
    const [old, member] = await Promise.all([startPeer(), startPeer()])
    let isHeld = false
    old.mesh.onProof(async () => {
      if (isHeld) throw new Error('it is held here')
      isHeld = true
    })
    member.mesh.proveWith(() => bytes('yours'))
    member.mesh.setMembers([memberOf(old)])
    await until('they are connected', () => old.mesh.connected().includes(member.key))
    assert.deepEqual(member.mesh.connected(), [old.key])
    old.mesh.handle('/skein/sync/2', async () => bytes('all'))
    assert.equal(text(await member.mesh.request(old.key, '/skein/sync/2', bytes('?'), 1_000)), 'all')
    old.mesh.setMembers([memberOf(member)])
    old.mesh.setMembers([])
    await until('they are not', () => old.mesh.connected().length === 0)
    await until('it is refused', () => member.log.some(({ msg }) => msg === 'member refused us'))
  })

  it('lets in nobody who has proved nothing', async () => {
    const [old, stranger] = await Promise.all([startPeer(), startPeer()])
    const shown = provesNothingTo(old)
    stranger.mesh.proveWith(() => bytes('yours'))
    stranger.mesh.setMembers([memberOf(old)])
    await until('it has tried three times', () => shown() > 2)
    assert.deepEqual([old.events, stranger.events], [[], []])
  })

  it('takes no harm from what it is shown: a handler that fails is no error', async () => {
    const [old, member] = await Promise.all([startPeer(), startPeer()])
    const shown = provesNothingTo(old)
    member.mesh.proveWith(() => new Uint8Array(1024 * 1024))
    member.mesh.setMembers([memberOf(old)])
    await until('it is shown twice', () => shown() > 1)
    assert.deepEqual(
      old.log.filter(({ level }) => level >= 50),
      [],
    )
  })

  it('lets a stranger speak that protocol, and nothing else', async () => {
    const old = await startPeer()
    const shown = shownTo(old)
    let asked = 0
    const secret = async () => {
      asked++
      return bytes('secret')
    }
    old.mesh.handle('/skein/sync/2', secret)
    old.mesh.onRemoved(secret)
    for (const protocol of ['/skein/sync/2', '/skein/removed/1', '/skein/ping/1', '/skein/push/1', '/meshsub/1.1.0']) {
      const received: string[] = []
      await dialling(old, [newSeed()], async ([connection]) => {
        const stream = await connection?.newStream(protocol)
        stream?.addEventListener('message', () => received.push(protocol))
        try {
          stream?.send(new Uint8Array([0, 0, 0, 3, 1, 2, 3]))
        } catch {
          // reset already
        }
        await until(`${protocol} is closed`, () => stream?.status !== 'open')
      })
      assert.deepEqual([received, asked, old.heard, old.events], [[], 0, [], []])
    }
    await dialling(old, [newSeed()], async ([connection]) => {
      const stream = await connection?.newStream(outdatedProtocol)
      stream?.send(new Uint8Array([0, 0, 0, 1, 65]))
      await until('that is heard', () => shown.includes('A'))
    })
  })

  it('sends a stranger away that stays', async () => {
    const old = await startPeer()
    await dialling(old, [newSeed()], async ([connection]) => {
      await until('it is sent away', () => connection?.status !== 'open')
    })
  })

  it('lets few of them connect at once', () => {
    const due: (() => void)[] = []
    const clock = {
      ...fastClock,
      after: (_: number, late: () => void) => ({ cancel: () => {}, ...{ late: due.push(late) } }),
    }
    const guests = createGuests(clock, { most: 2, stayMs: 5000 })
    const ended: number[] = []
    const connect = (number: number) => {
      const connection = Object.assign(new EventTarget(), {
        abort() {
          ended.push(number)
          connection.dispatchEvent(new Event('close'))
        },
      })
      guests.add(connection as unknown as Connection)
    }
    for (const number of [1, 2, 3]) connect(number)
    assert.deepEqual(ended, [3])
    for (const late of due) late()
    assert.deepEqual(ended, [3, 1, 2])
    connect(4)
    assert.deepEqual(ended, [3, 1, 2])
  })

  it('has room for who holds an invitation, however many strangers there are', async () => {
    const old = await startPeer()
    const invitation = newSeed()
    old.mesh.setInvitations([signerOf(invitation).key])
    const seeds = [...Array.from({ length: strangers.most }, () => newSeed()), invitation]
    const joining: string[] = []
    old.mesh.onJoin(async (_, request) => {
      joining.push(text(request))
      return bytes('welcome')
    })
    await dialling(old, seeds, async connections => {
      const invited = connections.at(-1)
      const stream = await invited?.newStream(joinProtocol)
      stream?.send(new Uint8Array([0, 0, 0, 1, 65]))
      await until('it is heard', () => joining.includes('A'))
      assert.equal(invited?.status, 'open')
    })
  })
})
