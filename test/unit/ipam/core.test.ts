import assert from 'node:assert/strict'
import fc from 'fast-check'
import { after, before, describe, it } from 'mocha'
import { transferLeaf } from '../../../src/crdt/blocks.ts'
import { isExcluded, rangeOf, sizeOf, usableCount } from '../../../src/ipam/core/geometry.ts'
import { coolDownMs, createLedger } from '../../../src/ipam/core/ledger.ts'
import { hintOf, ownersToAsk } from '../../../src/ipam/core/owners.ts'
import { Pool } from '../../../src/ipam/core/pool.ts'
import { exhausted } from '../../../src/ipam/core/refusals.ts'
import {
  decodeGrant,
  decodeRequest,
  decodeVerdict,
  encodeClaim,
  encodeGrant,
  encodeVerdict,
  encodeWant,
  maxBlocksPerRequest,
} from '../../../src/ipam/core/want.ts'
import { encode } from '../../../src/lib/cbor.ts'
import type { NetworkId } from '../../../src/model/network.ts'
import { MemoryHub } from '../../support/memory-mesh.ts'
import { joinPeer } from '../../support/memory-peer.ts'
import { agree, allSettled, createWeb, type Host, meshOf, withIpam } from './fixture.ts'

describe('ipam core', () => {
  let hosts: Host[]
  let late: Host
  let web: NetworkId
  before(async () => {
    const hub = new MemoryHub()
    hosts = await meshOf(hub, 2)
    web = await createWeb(hosts, '10.1.0.0/16')
    late = withIpam(await joinPeer(hub, 'host3', hosts[0] as Host))
    hosts.push(late)
    await allSettled(hosts)
    await agree(hosts)
  })
  after(() => Promise.all(hosts.map(host => host.stop())))

  it('finds every usable address in exactly one block', () => {
    const { view } = late.replica
    const network = view.network(web) ?? assert.fail()
    const { first, last } = network.spec.subnet
    assert.equal(sizeOf(view, web), 64)
    for (let ip = first; ip <= last; ip++) {
      const range = rangeOf(view, network, view.blockOf(web, ip) ?? -1)
      assert.ok(ip >= range.first && ip <= range.last && !isExcluded(network, ip))
    }
    assert.equal(isExcluded(network, first - 1) && isExcluded(network, last + 1), true)
    const blocks = Array.from({ length: view.blockCount(web) }, (_, i) => view.block(web, i) ?? assert.fail())
    assert.equal(
      blocks.reduce((sum, block) => sum + usableCount(view, network, block), 0),
      last - first + 1,
    )
  })

  it('leaves the gateway and carved addresses out', () => {
    const { view } = late.replica
    const known = view.network(web) ?? assert.fail()
    const network = { ...known, spec: { ...known.spec, gateway: '10.1.0.1' } }
    assert.equal(isExcluded(network, known.spec.subnet.first), true)
    const block = { index: 0, owner: '', epoch: 0, removal: 0, quarantined: false }
    const base = known.spec.subnet.base
    assert.equal(usableCount(view, known, { ...block, carved: [] }), 63)
    assert.equal(usableCount(view, network, { ...block, carved: [base + 1, base + 5, base + 64] }), 61)
  })

  it('sees at once a block that came while it had none, also in a network too large to index at any change', async () => {
    const pool = new Pool(late.signer.key, web, createLedger())
    const moment = (revision: number) => ({ view: late.replica.view, revision, nowMs: 5 })
    assert.ok(late.replica.view.blockCount(web) > 256)
    assert.equal(pool.pick(moment(1)), undefined)
    const [giver] = hosts as [Host]
    const index = Array.from({ length: 8 }, (_, i) => i).find(
      i => giver.replica.view.block(web, i)?.owner === giver.signer.key,
    )
    await giver.replica.write((view, at) => [transferLeaf(view, giver.signer, web, index ?? -1, late.signer.key, at)])
    await agree(hosts)
    const { first } = late.replica.view.blockRange(web, index ?? -1)
    assert.equal(pool.pick(moment(2)), Math.max(first, late.replica.view.network(web)?.spec.subnet.first ?? 0))
  })

  it('asks owners with the most free addresses first, then untouched shares, never those that have nothing', async () => {
    const { view } = late.replica
    const network = view.network(web) ?? assert.fail()
    const [a, b] = hosts.map(host => host.signer.key) as [string, string]
    const ask = (hints: Record<string, number>) => {
      const hinted = Object.create(view, { freeHint: { value: (_: NetworkId, key: string) => hints[key] } })
      hinted.member = (key: string) => view.member(key)
      hinted.blockCount = (id: NetworkId) => view.blockCount(id)
      hinted.successor = (owner: string) => ({ owner, quarantined: false })
      hinted.touchedBlocks = (id: NetworkId) => view.touchedBlocks(id)
      hinted.block = (id: NetworkId, index: number) => view.block(id, index)
      return ownersToAsk(hinted, network, late.signer.key, [a, b, late.signer.key], () => 0.5)
    }
    assert.deepEqual(ask({}).sort(), [a, b].sort())
    assert.deepEqual(ask({ [a]: 0 }), [a, b])
    assert.deepEqual(ask({ [b]: 2, [a]: 5 }), [a, b])
    assert.deepEqual(ask({ [a]: 2, [b]: 5 }), [b, a])
    assert.deepEqual(ask({ [a]: -1 }), [b])
    assert.deepEqual([hintOf(0), hintOf(1), hintOf(3), hintOf(4), hintOf(255)], [-1, 0, 1, 2, 7])
    const withoutShare = { ...network, roster: [a] }
    const allOfA = Object.assign(Object.create(view), {
      member: (key: string) => view.member(key),
      freeHint: () => undefined,
      blockCount: () => 4,
      touchedBlocks: () => [],
      successor: (owner: string) => ({ owner, quarantined: false }),
      block: () => ({ owner: a }),
    })
    assert.deepEqual(
      ownersToAsk(allOfA, withoutShare, late.signer.key, [b], () => 0),
      [],
    )
  })

  it('says in one line who holds the free addresses, out of reach first, and sums up the many', () => {
    const { view } = late.replica
    const network = view.network(web) ?? assert.fail()
    const nameOf = (key: string) => view.member(key)?.name ?? key
    const near = exhausted({ view, self: late.signer.key, connected: hosts.map(h => h.signer.key), nameOf }, network)
    assert.match(near.message, /host1 holds \d+ \(in reach, but gave none\).*; run the container there, or /)
    const mixed = exhausted({ view, self: late.signer.key, connected: [hosts[0]?.signer.key ?? ''], nameOf }, network)
    assert.match(mixed.message, /on host3: host2 holds \d+ \(out of reach\), host1 holds \d+ \(in reach, /)
    const connected = hosts.map(h => h.signer.key)
    const silent = new Set([hosts[1]?.signer.key ?? ''])
    const mute = exhausted({ view, self: late.signer.key, connected, nameOf }, network, {
      coolsInMs: new Map(),
      silent,
    })
    assert.match(mute.message, /host2 holds \d+ \(does not answer\).*; wait for them to return, or /)
    const owners = Array.from({ length: 20 }, (_, i) => `owner${i}`)
    const crowd = Object.assign(Object.create(view), {
      block: (_: NetworkId, index: number) => ({ index, owner: owners[index % 20], carved: [], quarantined: false }),
      blockCount: () => 20,
      network: () => network,
      isFenced: () => false,
      dealOrder: () => owners,
      successor: (owner: string) => ({ owner, quarantined: false }),
      touchedBlocks: () => [],
      reserved: () => [],
      blockRange: (id: NetworkId, index: number) => view.blockRange(id, index + 1),
      endpoints: () => [],
      carved: () => [],
    })
    const many = exhausted({ view: crowd, self: 'me', connected: [], nameOf: key => key }, network)
    assert.match(many.message, /, 12 more hold 768; wait for them/)
  })

  it('carries requests and replies, and refuses everything else', () => {
    const count = fc.nat(maxBlocksPerRequest)
    const nonce = fc.nat(2 ** 32)
    fc.assert(
      fc.property(count, nonce, fc.boolean(), count, (some, number, evenLast, singles) => {
        const want = { network: web, count: Math.max(1, some), nonce: number, evenLast, singles }
        assert.deepEqual(decodeRequest(encodeWant(want)), { kind: 'want', ...want })
        const claim = { network: web, ip: number % 2 ** 32, nonce: number }
        assert.deepEqual(decodeRequest(encodeClaim(claim)), { kind: 'claim', ...claim })
      }),
    )
    const list = fc.array(fc.nat(300_000), { maxLength: maxBlocksPerRequest })
    fc.assert(
      fc.property(list, list, fc.nat(60_000), (blocks, ips, coolsInMs) => {
        assert.deepEqual(decodeGrant(encodeGrant({ blocks, ips, coolsInMs }, 1)), { blocks, ips, coolsInMs })
        assert.deepEqual(decodeGrant(encodeGrant({ blocks, ips: [], coolsInMs: 0 }, 0)).blocks, blocks)
      }),
    )
    for (const isYours of [true, false]) assert.equal(decodeVerdict(encodeVerdict(isYours)), isYours)
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), bytes => {
        assert.throws(() => decodeRequest(bytes))
      }),
    )
    const good = { network: web, count: 1, nonce: 1, evenLast: false, singles: 0 }
    const bad = [{ count: 0 }, { count: 17 }, { count: 1.5 }, { nonce: -1 }, { network: 'web' }, { singles: 17 }]
    for (const part of bad) {
      assert.throws(() => decodeRequest(encodeWant({ ...good, ...part })), JSON.stringify(part))
    }
    for (const part of [{ ip: -1 }, { ip: 2 ** 32 }, { nonce: 0.5 }, { network: '' }]) {
      assert.throws(() => decodeRequest(encodeClaim({ network: web, ip: 5, nonce: 1, ...part })), JSON.stringify(part))
    }
    const long = Array.from({ length: maxBlocksPerRequest + 1 }, () => 1)
    for (const value of [long, [-1], [[1], long, 0], [[1], [1]], [[1], 2, 0], 'x']) {
      assert.throws(() => decodeGrant(encode(value)), JSON.stringify(value))
    }
    assert.throws(() => decodeVerdict(encode([1])))
  })

  it('understands who knows no single addresses, and is understood', () => {
    const old = encode([1, 'want', web, 2, 9, true])
    const want = { kind: 'want' as const, network: web, count: 2, nonce: 9, evenLast: true, singles: 0 }
    assert.deepEqual(decodeRequest(old), want)
    assert.deepEqual(encodeGrant({ blocks: [3, 1], ips: [], coolsInMs: 0 }, want.singles), encode([3, 1]))
    assert.deepEqual(decodeGrant(encode([3, 1])), { blocks: [3, 1], ips: [], coolsInMs: 0 })
    assert.deepEqual(decodeGrant(encode([])), { blocks: [], ips: [], coolsInMs: 0 })
  })

  it('orders what was freed, and lets it cool down', () => {
    const ledger = createLedger(
      [1],
      [
        [5, 9],
        [4, 2],
      ],
      1000,
    )
    ledger.free(1, 2000, 10)
    ledger.hold(4, 2000, false)
    ledger.free(4, 3000, 11)
    assert.deepEqual(
      [...ledger.freed()].map(([ip]) => ip),
      [5, 1, 4],
    )
    assert.equal(ledger.isCooling(5, 1000 + coolDownMs - 1), true)
    assert.equal(ledger.isCooling(5, 1000 + coolDownMs), false)
    assert.equal(ledger.isCooling(4, 1000 + coolDownMs), true)
    assert.equal(ledger.isCooling(77, 0), false)
  })
})
