import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, it } from 'mocha'
import type { Batch } from '../../../src/crdt/batch.ts'
import { pack, packList, unpack, unpackList } from '../../../src/crdt/compact.ts'
import type { EndpointLeaf, EndpointRmLeaf } from '../../../src/crdt/leaves.ts'
import { LiveSet } from '../../../src/crdt/live-set.ts'
import { Registry } from '../../../src/crdt/registry.ts'
import { sha256Hex } from '../../../src/lib/bytes.ts'
import { verifySignature } from '../../../src/lib/keys.ts'
import { macOf } from '../../../src/model/ip.ts'
import { World } from './writer.ts'

const networks = ['aa', 'bb'].map(pair => pair.repeat(32))
const ips = [0x0a000001, 0x0a000002, 0xfffffffe]
const oddMac = '02:00:00:00:00:99'

interface Act {
  writer: number
  id: number
  network: number
  ip: number
  kind: 'plain' | 'odd' | 'grouped' | 'removed'
}

const acts = fc.array(
  fc.record({
    writer: fc.integer({ min: 1, max: 2 }),
    id: fc.nat(3),
    network: fc.nat(1),
    ip: fc.nat(2),
    kind: fc.constantFrom('plain' as const, 'odd' as const, 'grouped' as const, 'removed' as const),
  }),
  { minLength: 1, maxLength: 25 },
)

function leafOf({ id, network, ip, kind }: Act): EndpointLeaf | EndpointRmLeaf {
  const at = { id: String(id).repeat(64), network: networks[network] as string }
  if (kind === 'removed') return { kind: 'endpoint-rm', ...at }
  const address = ips[ip] as number
  const mac = kind === 'odd' ? oddMac : macOf(address)
  const names = {
    container: 'c0'.repeat(32),
    containerName: `\u0001web ${id}`,
    aliases: kind === 'odd' ? [] : ['ä', ''],
  }
  const inGroup = kind === 'grouped' ? { group: 'dd'.repeat(32) } : {}
  return { kind: 'endpoint', ...at, ip: address, mac, ...names, ...inGroup }
}

/** What the last record of each writer and id says, without any index. */
function naive(list: readonly Act[], world: World) {
  const last = new Map<string, Act>()
  for (const act of list) last.set(`${act.writer} ${act.id}`, act)
  const live = [...last.values()].flatMap(act => {
    const leaf = leafOf(act)
    if (leaf.kind !== 'endpoint') return []
    const { kind: _, aliases = [], ...fields } = leaf
    return [{ ...fields, aliases, owner: world.at(act.writer).key }]
  })
  const text = (e: (typeof live)[number]) => `${e.owner} ${e.id}`
  return live.sort((a, b) => a.ip - b.ip || (text(a) < text(b) ? -1 : 1))
}

describe('crdt: indexes against what they stand for', () => {
  it('endpoints by network, address and owner are those of the latest records', () => {
    fc.assert(
      fc.property(acts, list => {
        const world = new World(2)
        for (const act of list) world.at(act.writer).write([leafOf(act)])
        const view = world.all
        const all = naive(list, world)
        for (const network of networks) {
          const here = all.filter(each => each.network === network)
          assert.deepEqual(view.endpoints(network), here)
          assert.deepEqual([...view.eachEndpoint(network)], here)
          const grouped = list.some(act => act.kind === 'grouped' && networks[act.network] === network)
          assert.equal(view.everGrouped(network), grouped)
          for (const ip of ips) {
            assert.deepEqual(
              view.holders(network, ip),
              here.filter(each => each.ip === ip),
            )
            const ever = list.some(
              act => act.kind !== 'removed' && networks[act.network] === network && ips[act.ip] === ip,
            )
            assert.equal(view.wasEndpoint(network, ip), ever)
          }
        }
        for (const { key } of world.writers) {
          const own = all.filter(each => each.owner === key)
          const sorted = networks.flatMap(network => own.filter(each => each.network === network))
          assert.deepEqual(view.endpointsOf(key), sorted)
          for (const each of own) assert.deepEqual(view.endpoint(key, each.id), each)
        }
      }),
      { numRuns: 150 },
    )
  })

  it('versions and changed addresses leave no change out', () => {
    fc.assert(
      fc.property(acts, list => {
        const world = new World(2)
        const registry = world.all
        for (const act of list) {
          const before = networks.map(network => ({
            network,
            version: registry.endpointsVersion(network),
            holders: ips.map(ip => JSON.stringify(registry.holders(network, ip))),
          }))
          const owned = world.writers.map(({ key }) => ({
            key,
            version: registry.ownedVersion(key),
            own: idsOf(registry, key),
          }))
          const writer = world.at(act.writer)
          writer.write([leafOf(act)])
          registry.apply(writer.batches.at(-1) as (typeof writer.batches)[number])
          for (const { network, version, holders } of before) {
            const told = registry.changedAddresses(network, version) ?? assert.fail('too far behind')
            const changed = ips.filter((ip, at) => JSON.stringify(registry.holders(network, ip)) !== holders[at])
            assert.ok(changed.every(ip => told.includes(ip)))
          }
          for (const { key, version, own } of owned) {
            if (idsOf(registry, key) !== own) assert.notEqual(registry.ownedVersion(key), version)
          }
        }
      }),
      { numRuns: 100 },
    )
  })

  it('changed addresses are told across all that is read anew, and only they', () => {
    const steps = fc.array(fc.record({ act: acts.map(([act]) => act as Act), how: fc.nat(3), gone: fc.nat(20) }), {
      maxLength: 15,
    })
    fc.assert(
      fc.property(steps, list => {
        const world = new World(2)
        const history: Batch[] = [...world.batches]
        const registry = new Registry(world.meshId, verifySignature, { history: () => history })
        for (const batch of history) registry.apply(batch)
        for (const { act, how, gone } of list) {
          const before = networks.map(network => ({
            network,
            version: registry.endpointsVersion(network),
            holders: ips.map(ip => JSON.stringify(registry.holders(network, ip))),
          }))
          // 0: arrives, 1: arrives with what makes it necessary to read anew, 2: only that, 3: and something is gone
          const writer = world.at(act.writer)
          if (how < 2) {
            writer.write([leafOf(act)])
            history.push(writer.batches.at(-1) as Batch)
          }
          if (how === 3 && history.length > 1) history.splice(1 + (gone % (history.length - 1)), 1)
          if (how === 0) registry.apply(history.at(-1) as Batch)
          else registry.restart()
          for (const { network, version, holders } of before) {
            const told = registry.changedAddresses(network, version) ?? assert.fail('not known by address')
            const changed = ips.filter((ip, at) => JSON.stringify(registry.holders(network, ip)) !== holders[at])
            if (how === 0) assert.ok(changed.every(ip => told.includes(ip)))
            if (how === 0) continue
            // also where it came and went before anybody looked
            const isNew = how === 1 && act.kind !== 'removed' && networks[act.network] === network
            assert.deepEqual(new Set(told), new Set(isNew ? [...changed, ips[act.ip]] : changed))
          }
        }
      }),
      { numRuns: 200 },
    )
  })

  it('tells who is too far behind to look at all addresses', () => {
    const world = new World(1)
    const many = Array.from({ length: 600 }, (_, id) => ({
      writer: 1,
      id: id % 4,
      network: 0,
      ip: id % 3,
      kind: 'plain' as const,
    }))
    world.at(1).write(many.map(leafOf))
    const view = world.all
    const version = view.endpointsVersion(networks[0] as string)
    assert.equal(view.changedAddresses(networks[0] as string, 0), undefined)
    assert.equal(view.changedAddresses(networks[0] as string, version - 10)?.length, 10)
    assert.deepEqual(view.changedAddresses(networks[0] as string, version), [])
    assert.deepEqual(new Registry(world.meshId, verifySignature).changedAddresses('ff'.repeat(32), 0), [])
  })

  it('the digest is the sum of the lines of the slots, whatever they held before', () => {
    const slots = fc.array(
      fc.record({ slot: fc.nat(4), counter: fc.integer({ min: 1, max: 9 }), gone: fc.boolean() }),
      { maxLength: 30 },
    )
    fc.assert(
      fc.property(slots, list => {
        const live = new LiveSet()
        const held = new Map<string, number>()
        for (const { slot, counter, gone } of list) {
          const name = `slot ${slot}`
          if (gone) {
            live.delete(name)
            held.delete(name)
          } else {
            live.set(name, { dot: { writer: '', counter }, hlc: [0, 0], leaf: undefined, hash: 'ab' })
            held.set(name, counter)
          }
        }
        let sum = 0n
        for (const [slot, counter] of held) sum += BigInt(`0x${sha256Hex(`${slot}=${counter}:ab`)}`)
        assert.equal(live.digest(), (sum % 2n ** 256n).toString(16).padStart(64, '0'))
        assert.equal(live.size, held.size)
      }),
    )
  })

  it('packed texts come back as they were', () => {
    const texts = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 60 }),
      fc.stringMatching(/^[0-9a-f]{31,64}$/),
      fc.constantFrom('', '\u0000', '\u0001', '\u0001abc', 'ab'.repeat(32), 'AB'.repeat(32)),
      fc.constantFrom(
        'a-'.repeat(127),
        'a-.'.repeat(85),
        'a-'.repeat(128),
        'a-'.repeat(500),
        'ab'.repeat(255),
        'ab'.repeat(257),
      ),
    )
    fc.assert(
      fc.property(fc.array(texts, { maxLength: 5 }), list => {
        assert.deepEqual(list.map(pack).map(unpack), list)
        assert.deepEqual(unpackList(packList(list)), list)
      }),
    )
  })
})

function idsOf(registry: Registry, owner: string): string {
  return JSON.stringify(registry.endpointsOf(owner).map(({ id, network }) => [id, network]))
}
