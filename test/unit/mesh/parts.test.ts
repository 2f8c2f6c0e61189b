import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { Clock } from '../../../src/lib/clock.ts'
import { newSeed, signerOf } from '../../../src/lib/keys.ts'
import { parseAddress } from '../../../src/mesh/address.ts'
import { createDialer } from '../../../src/mesh/dialer.ts'
import { createFrameReader, frame } from '../../../src/mesh/frames.ts'
import { peerIdOf, peerKeyOf, privateKeyOf } from '../../../src/mesh/peer-id.ts'
import { createRateLimit } from '../../../src/mesh/rate-limit.ts'
import { createSeen } from '../../../src/mesh/seen.ts'

/** Time that passes only when it is told to. */
function manualClock() {
  let now = 0
  let due: { at: number; callback: () => void }[] = []
  const clock: Clock = {
    now: () => now,
    monotonic: () => now,
    after(delayMs, callback) {
      const entry = { at: now + delayMs, callback }
      due.push(entry)
      return {
        cancel() {
          due = due.filter(other => other !== entry)
        },
      }
    },
  }
  async function advance(ms: number): Promise<void> {
    const end = now + ms
    for (;;) {
      // let what the last callback started go on
      for (let turn = 0; turn < 5; turn++) await Promise.resolve()
      const [next] = due.filter(({ at }) => at <= end).sort((x, y) => x.at - y.at)
      if (!next) break
      due = due.filter(entry => entry !== next)
      now = next.at
      next.callback()
    }
    now = end
  }
  return { clock, advance, waiting: () => due.length }
}

describe('frames', () => {
  it('come out as they went in, however the stream is cut', () =>
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 50 })),
        fc.array(fc.integer({ min: 1, max: 40 })),
        (sent, cuts) => {
          const stream = Buffer.concat(sent.map(frame))
          const received: Uint8Array[] = []
          const read = createFrameReader(50, bytes => received.push(bytes))
          let offset = 0
          for (const cut of [...cuts, stream.length]) {
            read(stream.subarray(offset, offset + cut))
            offset += cut
          }
          assert.deepEqual(received, sent)
        },
      ),
    ))

  it('are refused at their head when they are too long', () => {
    const read = createFrameReader(9, () => assert.fail('no frame'))
    assert.throws(() => read(frame(new Uint8Array(10)).subarray(0, 4)), /10 bytes exceeds the limit of 9/)
  })
})

describe('peer ids', () => {
  it('are made from peer keys, and back', async () => {
    const seed = newSeed()
    const { key } = signerOf(seed)
    assert.equal(peerKeyOf(peerIdOf(key)), key)
    assert.deepEqual((await privateKeyOf(seed)).publicKey.raw, new Uint8Array(Buffer.from(key, 'hex')))
    assert.throws(() => peerIdOf('12D3KooW'), /not a peer key/)
  })
})

describe('addresses', () => {
  it('are IPv4 and a port', () => {
    assert.deepEqual(parseAddress('10.0.0.1:7373'), { host: '10.0.0.1', port: 7373 })
    for (const text of ['10.0.0.1', '10.0.0.256:1', '10.0.0.1:65536', 'a:1', '10.0.0.1:7373/tcp', '[::1]:7373', '']) {
      assert.equal(parseAddress(text), undefined, text)
    }
  })
})

describe('seen contents', () => {
  it('are new once, until they are forgotten', () => {
    const seen = createSeen(2)
    const [a, b, c] = [1, 2, 3].map(byte => new Uint8Array([byte])) as [Uint8Array, Uint8Array, Uint8Array]
    assert.deepEqual([a, a, b, a].map(seen.add), [true, false, true, false])
    assert.deepEqual([c, b, a].map(seen.add), [true, false, true])
  })
})

describe('rate limit', () => {
  it('lets a key through once in the interval', async () => {
    const { clock, advance } = manualClock()
    const may = createRateLimit(clock, 1_000)
    assert.deepEqual(['a', 'a', 'b'].map(may), [true, false, true])
    await advance(1_000)
    assert.deepEqual(['a', 'a'].map(may), [true, false])
  })
})

describe('dialer', () => {
  function setUp(self = 'b') {
    const { clock, advance, waiting } = manualClock()
    const dials: { at: number; peer: string }[] = []
    const linked = new Set<string>()
    const dialer = createDialer({
      self,
      clock,
      random: () => 1,
      isLinked: peer => linked.has(peer),
      async dial(peer) {
        dials.push({ at: clock.monotonic(), peer })
        throw new Error('nobody there')
      },
    })
    return { dialer, dials, linked, advance, waiting }
  }

  it('doubles the pause up to 5 s, and never gives up', async () => {
    const { dialer, dials, advance } = setUp()
    dialer.set(['c'])
    await advance(3_600_000)
    const pauses = dials.map(({ at }, index) => at - (dials[index - 1]?.at ?? 0))
    assert.deepEqual(pauses.slice(0, 8), [0, 250, 500, 1000, 2000, 4000, 5000, 5000])
    assert.equal(pauses.at(-1), 5000)
    assert.ok(dials.length > 700)
  })

  it('gives the smaller key a head start', async () => {
    const { dialer, dials, advance } = setUp()
    dialer.set(['a', 'c'])
    await advance(200)
    assert.deepEqual(
      dials.map(({ peer }) => peer),
      ['c'],
    )
    await advance(100)
    assert.deepEqual(dials.at(-1), { at: 300, peer: 'a' })
  })

  it('begins anew with a new list, and when a connection is lost', async () => {
    const { dialer, dials, linked, advance } = setUp()
    dialer.set(['c'])
    await advance(60_000)
    dialer.set(['c', 'd'])
    const before = dials.length
    await advance(250)
    assert.deepEqual(
      dials.slice(before).map(({ peer }) => peer),
      ['c', 'd', 'c', 'd'],
    )
    linked.add('c')
    dialer.connected('c')
    await advance(60_000)
    linked.delete('c')
    const lostAt = dials.length
    dialer.lost('c')
    await advance(250)
    assert.equal(dials.slice(lostAt).filter(({ peer }) => peer === 'c').length, 1)
  })

  it('leaves the connected and the removed alone, and has no timer when stopped', async () => {
    const { dialer, dials, linked, advance, waiting } = setUp()
    linked.add('c')
    dialer.set(['c', 'd'])
    await advance(10_000)
    assert.ok(dials.length > 0 && dials.every(({ peer }) => peer === 'd'))
    dialer.set(['c'])
    const before = dials.length
    await advance(10_000)
    assert.equal(dials.length, before)
    dialer.set(['c', 'd'])
    await advance(10)
    dialer.stop()
    assert.equal(waiting(), 0)
  })
})
