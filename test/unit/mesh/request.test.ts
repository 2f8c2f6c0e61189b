import assert from 'node:assert/strict'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Connection } from '@libp2p/interface'
import { SkeinError } from '../../../src/lib/errors.ts'
import { newSeed, signerOf } from '../../../src/lib/keys.ts'
import { dialMultiaddr, parseAddress } from '../../../src/mesh/address.ts'
import { answerPings, pingProtocol } from '../../../src/mesh/link.ts'
import { createPlainNode } from '../../../src/mesh/node.ts'
import { maxMessageBytes } from '../../../src/mesh/transport.ts'
import { bytes, fastClock, introduce, memberOf, startPeer, stopAll, type TestPeer, text, until } from './harness.ts'

const failsWith = (code: string, pattern: RegExp) => (error: unknown) =>
  error instanceof SkeinError && error.code === code && pattern.test(error.message)

setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')

/** Bytes of buffers that are referenced. */
function buffersInUse(): number {
  collect()
  return process.memoryUsage().arrayBuffers
}

describe('mesh request', function () {
  this.timeout(20_000)
  let a: TestPeer
  let b: TestPeer
  beforeEach(async () => {
    ;[a, b] = await Promise.all([startPeer(), startPeer()])
    await introduce(a, b)
  })
  afterEach(stopAll)

  it('is answered by the handler, which knows who asks', async () => {
    b.mesh.handle('/skein/echo/1', async (from, request) => bytes(`${from.slice(0, 8)} asked ${text(request)}`))
    const answers = Array.from({ length: 20 }, (_, n) => a.mesh.request(b.key, '/skein/echo/1', bytes(`${n}`), 10_000))
    const expected = Array.from({ length: 20 }, (_, n) => `${a.key.slice(0, 8)} asked ${n}`)
    assert.deepEqual((await Promise.all(answers)).map(text), expected)
    assert.deepEqual(
      await a.mesh.request(b.key, '/skein/echo/1', new Uint8Array(), 10_000).then(text),
      expected[0]?.slice(0, -1),
    )
  })

  it('takes a handler that is installed anew', async () => {
    for (const answer of ['first', 'second']) {
      b.mesh.handle('/skein/echo/1', async () => bytes(answer))
      assert.equal(text(await a.mesh.request(b.key, '/skein/echo/1', bytes('x'), 10_000)), answer)
    }
  })

  it('is asked back over the connection that it came by, where two machines run with one key', async () => {
    // the member with the lower key would close the second connection after a while
    const [original, member] = a.key < b.key ? [a, b] : [b, a]
    const copy = await startPeer({ seed: original.seed })
    copy.mesh.setMembers([memberOf(member)])
    await until('the copy is connected too', () => copy.mesh.connected().length > 0)
    original.mesh.handle('/skein/who/1', async () => bytes('original'))
    copy.mesh.handle('/skein/who/1', async () => bytes('copy'))
    member.mesh.handle('/skein/mirror/1', (_, request, askBack) => askBack('/skein/who/1', request, 10_000))
    const askedBack = async ({ mesh }: TestPeer) =>
      text(await mesh.request(member.key, '/skein/mirror/1', bytes('x'), 10_000))
    assert.deepEqual([await askedBack(original), await askedBack(copy)], ['original', 'copy'])
    assert.equal(text(await member.mesh.request(original.key, '/skein/who/1', bytes('x'), 10_000)), 'original')
  })

  it('goes to the other machine with the key when the one that was asked is gone, which is told as a connection', async () => {
    const [original, member] = a.key < b.key ? [a, b] : [b, a]
    const copy = await startPeer({ seed: original.seed })
    copy.mesh.setMembers([memberOf(member)])
    await until('the copy is connected too', () => copy.mesh.connected().length > 0)
    copy.mesh.handle('/skein/who/1', async () => bytes('copy'))
    const [met] = member.events
    assert.equal(member.events.length, 1)
    await original.mesh.stop()
    await until('it is told', () => member.events.length > 1)
    assert.deepEqual(member.events, [met, met])
    assert.equal(text(await member.mesh.request(original.key, '/skein/who/1', bytes('x'), 10_000)), 'copy')
  })

  it('passes refusals on, with their code, and at most 500 characters', async () => {
    const refusals = [
      new SkeinError('conflict', 'taken: choose another'),
      new Error('a bug'),
      new SkeinError('invalid', 'x'.repeat(900)),
    ]
    b.mesh.handle('/skein/refuse/1', (_, request) => Promise.reject(refusals[request[0] ?? 0]))
    const ask = (which: number) => a.mesh.request(b.key, '/skein/refuse/1', new Uint8Array([which]), 10_000)
    await assert.rejects(ask(0), failsWith('conflict', /^taken: choose another$/))
    await assert.rejects(ask(1), failsWith('unavailable', /^a bug$/))
    await assert.rejects(ask(2), failsWith('invalid', /^x{500}$/))
    assert.equal(b.log.filter(({ msg }) => msg === 'request handler failed').length, 1)
  })

  it('fails in time when there is no answer, no handler, or the other side goes away', async () => {
    b.mesh.handle('/skein/hang/1', () => new Promise(() => {}))
    const begin = fastClock.monotonic()
    await assert.rejects(
      a.mesh.request(b.key, '/skein/hang/1', bytes('x'), 2_000),
      failsWith('timeout', /within 2000 ms/),
    )
    assert.ok(fastClock.monotonic() - begin < 4_000)
    await assert.rejects(
      a.mesh.request(b.key, '/skein/none/1', bytes('x'), 20_000),
      failsWith('unavailable', /gave no answer/),
    )
    const cut = assert.rejects(
      a.mesh.request(b.key, '/skein/hang/1', bytes('x'), 60_000),
      failsWith('unavailable', /gave no answer/),
    )
    await new Promise(resolve => setTimeout(resolve, 20))
    await b.mesh.stop()
    await cut
  })

  it('is refused beyond 32 at once, and works again afterwards', async () => {
    let release = () => {}
    const held = new Promise<void>(resolve => {
      release = resolve
    })
    b.mesh.handle('/skein/slow/1', async () => {
      await held
      return bytes('done')
    })
    const all = Array.from({ length: 40 }, () =>
      a.mesh.request(b.key, '/skein/slow/1', bytes('x'), 60_000).then(text, String),
    )
    const early = await Promise.any(all)
    assert.match(early, /too many requests at once/)
    release()
    const answers = await Promise.all(all)
    assert.equal(answers.filter(answer => answer === 'done').length, 32)
    assert.equal(text(await a.mesh.request(b.key, '/skein/slow/1', bytes('x'), 10_000)), 'done')
  })
})

describe('a member that keeps to no protocol', function () {
  this.timeout(20_000)
  afterEach(stopAll)

  async function rogueMember(victim: TestPeer, others: { key: string; addresses: string[] }[]) {
    const seed = newSeed()
    victim.mesh.setMembers([...others, { key: signerOf(seed).key, addresses: [] }])
    const node = await createPlainNode({ seed, listen: [], gater: {} })
    await node.handle(pingProtocol, answerPings)
    await node.start()
    const address = parseAddress(victim.mesh.listenAddress())
    assert.ok(address)
    const connection: Connection = await node.dial(dialMultiaddr(address, victim.key))
    return { node, connection }
  }

  it('does no harm with frames that are too long, cut short, or rubbish', async () => {
    const [victim, honest] = await Promise.all([startPeer(), startPeer()])
    await introduce(victim, honest)
    let asked = 0
    victim.mesh.handle('/skein/echo/1', async (_, request) => {
      asked++
      return request
    })
    const { node, connection } = await rogueMember(victim, [{ key: honest.key, addresses: [] }])
    const tooLong = new Uint8Array([0xff, 0xff, 0xff, 0xff, 1, 2, 3])
    const justTooLong = new Uint8Array([0, 0x10, 0, 1, 1, 2, 3])
    try {
      for (const protocol of ['/skein/echo/1', '/skein/push/1']) {
        for (const frame of [tooLong, justTooLong]) {
          const stream = await connection.newStream(protocol)
          stream.send(frame)
          await until(`${protocol} is closed`, () => stream.status !== 'open')
        }
        const short = await connection.newStream(protocol)
        short.send(new Uint8Array([0, 0, 0, 9, 1]))
        await short.close()
        await until(`${protocol} ends`, () => short.status !== 'open')
      }
      for (const protocol of ['/meshsub/1.1.0', '/skein/ping/1']) {
        const stream = await connection.newStream(protocol)
        for (let round = 0; round < 50; round++) stream.send(new Uint8Array(1_000).fill(0xfe))
      }
      assert.equal(asked, 0)
      assert.equal(
        text(await honest.mesh.request(victim.key, '/skein/echo/1', bytes('still there'), 10_000)),
        'still there',
      )
      honest.mesh.broadcast(bytes('and here'))
      await until('broadcasts arrive', () => victim.heard.includes('and here'))
      assert.deepEqual(victim.heard, ['and here'])
    } finally {
      await node.stop()
    }
  })

  it('loses broadcasts when it reads none, and costs the sender nothing else', async () => {
    const victim = await startPeer()
    const { node } = await rogueMember(victim, [])
    try {
      await node.handle('/skein/push/1', stream => stream.pause())
      await until('it is connected', () => victim.events.length === 1)
      const large = new Uint8Array(maxMessageBytes)
      const before = buffersInUse()
      for (let round = 0; round < 100; round++) {
        large[0] = round
        victim.mesh.broadcast(large)
        await new Promise(resolve => setImmediate(resolve))
      }
      assert.ok(victim.log.some(({ msg }) => msg.startsWith('member does not keep up')))
      // of 100 MiB sent; what the collector frees shows up a little later
      await until('what was dropped is free', () => buffersInUse() - before < 20 * maxMessageBytes, 2_000)
      assert.equal(victim.events.length, 1)
    } finally {
      await node.stop()
    }
  })

  it('is cut off when it answers no pings', async () => {
    const victim = await startPeer()
    const { node, connection } = await rogueMember(victim, [])
    try {
      await node.handle(pingProtocol, () => {}, { force: true })
      await until('it is cut off', () => connection.status !== 'open')
      assert.deepEqual(victim.events, [])
    } finally {
      await node.stop()
    }
  })
})
