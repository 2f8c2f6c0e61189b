/** I1 for the core of ipam: three peers on the shipped registry, records delayed at will, crashes, no clocks and no mesh. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { before, describe, it } from 'mocha'
import { giveAddressLeaves } from '../../../src/crdt/addresses.ts'
import { type Batch, makeBatch, noBatch, openBatch } from '../../../src/crdt/batch.ts'
import { transferLeaf } from '../../../src/crdt/blocks.ts'
import { encodeLeaf } from '../../../src/crdt/leaf-codec.ts'
import type { Leaf } from '../../../src/crdt/leaves.ts'
import { Registry } from '../../../src/crdt/registry.ts'
import { chooseAddresses, chooseBlocks } from '../../../src/ipam/core/donation.ts'
import { coolDownMs, createLedger } from '../../../src/ipam/core/ledger.ts'
import { type Moment, Pool } from '../../../src/ipam/core/pool.ts'
import type { PeerKey, Signer } from '../../../src/lib/keys.ts'
import { macOf } from '../../../src/model/ip.ts'
import type { NetworkId } from '../../../src/model/network.ts'
import { journalName } from '../../../src/replica/create.ts'
import { openJournal } from '../../../src/store/append-journal.ts'
import { MemoryHub } from '../../support/memory-mesh.ts'
import { agree, createWeb, meshOf } from './fixture.ts'

interface World {
  meshId: string
  network: NetworkId
  signers: Signer[]
  /** Three settled members and the network. */
  genesis: Batch[]
}

class ModelPeer {
  readonly signer: Signer
  readonly written: Batch[]
  readonly #world: World
  /** What is on its disk, in the order in which it got there. */
  readonly #known: Batch[]
  readonly #taken = new Map<ModelPeer, number>()
  readonly #facts = new Map<number, 'held' | number>()
  view: Registry
  pool: Pool
  nowMs = 0
  #revision = 0
  #sequence = 0
  #leaving: { index: number; to: PeerKey }[] = []

  constructor(world: World, signer: Signer) {
    this.#world = world
    this.signer = signer
    this.#known = [...world.genesis]
    this.written = []
    ;[this.view, this.pool] = this.#boot()
  }

  get moment(): Moment {
    return { view: this.view, revision: this.#revision, nowMs: this.nowMs }
  }

  #boot(): [Registry, Pool] {
    const view = new Registry(this.#world.meshId, () => true)
    for (const batch of this.#known) view.apply(batch)
    const held = [...this.#facts].flatMap(([ip, fact]) => (fact === 'held' ? [ip] : []))
    const freed = [...this.#facts].flatMap(([ip, fact]): [number, number][] => (fact === 'held' ? [] : [[ip, fact]]))
    return [view, new Pool(this.signer.key, this.#world.network, createLedger(held, freed, this.nowMs))]
  }

  restart(): void {
    this.nowMs = 0
    this.#leaving = []
    ;[this.view, this.pool] = this.#boot()
  }

  write(leaves: readonly Leaf[]): void {
    const last = this.#known.filter(batch => batch.writer === this.signer.key).at(-1)
    const batch = makeBatch(this.signer, {
      meshId: this.#world.meshId,
      first: (last?.last ?? 0) + 1,
      previous: last?.hash ?? noBatch,
      hlc: [last ? last.hlc[0] + 1 : 1, 0],
      leaves: leaves.map(encodeLeaf),
    })
    this.written.push(batch)
    this.#apply(batch)
  }

  /** The counter that its next leaf gets. */
  get #next(): number {
    return this.view.held(this.signer.key) + 1
  }

  take(from: ModelPeer, count: number): void {
    const start = this.#taken.get(from) ?? 0
    for (const batch of from.written.slice(start, start + count)) this.#apply(batch)
    this.#taken.set(from, Math.min(from.written.length, start + count))
  }

  #apply(batch: Batch): void {
    this.#known.push(batch)
    this.view.apply(batch)
    this.#revision++
  }

  allocate(attaches: boolean): number | undefined {
    const { network } = this.#world
    const ip = this.pool.pick(this.moment)
    if (ip === undefined) return undefined
    this.pool.hold(this.view, ip, this.nowMs, false)
    this.#facts.set(ip, 'held')
    const names = { container: '', containerName: '' }
    if (attaches) this.write([{ kind: 'endpoint', id: `e${ip}`, network, ip, mac: macOf(ip), ...names }])
    return ip
  }

  release(ip: number): void {
    if (this.view.endpoint(this.signer.key, `e${ip}`)) {
      this.write([{ kind: 'endpoint-rm', id: `e${ip}`, network: this.#world.network }])
    }
    this.pool.free(this.view, ip, this.nowMs, ++this.#sequence)
    this.#facts.set(ip, this.#sequence)
  }

  /** Addresses of a block that were held, cooling down or attached are a violation. */
  give(to: ModelPeer, count: number, evenLast: boolean): void {
    const { network } = this.#world
    const given = chooseBlocks(this.moment, this.pool, { count, evenLast })
    for (const index of given) {
      const { first, last } = this.view.blockRange(network, index)
      const { carved } = this.view.block(network, index) ?? assert.fail()
      for (let ip = first; ip <= last; ip++) if (!carved.includes(ip)) this.#checkUnused(ip)
    }
    this.#leaving.push(...given.map(index => ({ index, to: to.signer.key })))
    this.pool.leave(this.view, given)
  }

  #checkUnused(ip: number): void {
    assert.ok(!this.pool.ledger.heldEntry(ip), 'a held address is given away')
    assert.equal(this.view.holders(this.#world.network, ip).length, 0, 'an attached address is given away')
    const freed = this.pool.ledger.freedEntry(ip)
    assert.ok(!freed || this.nowMs - freed.sinceMs >= coolDownMs, 'an address is given away before it cooled down')
  }

  /** Gives single addresses: some of those that the donor would choose, or one that is asked for by name. */
  carve(to: ModelPeer, count: number, byName: boolean): void {
    const { network } = this.#world
    this.settle() // what is decided is written in the same turn
    const chosen = chooseAddresses(this.moment, this.pool, count)
    const ips = byName ? chosen.slice(-1) : chosen
    for (const ip of ips) this.#checkUnused(ip)
    const leaves = giveAddressLeaves(this.view, this.signer, network, ips, to.signer.key, this.#next)
    this.pool.leaveAddresses(this.view, ips)
    if (leaves.length > 0) this.write(leaves)
    for (const ip of ips) {
      this.pool.forget(this.view, ip)
      this.#facts.delete(ip)
    }
  }

  /** Transfers that were decided get onto the disk; a crash before that undoes them. */
  settle(): void {
    const leaves = this.#leaving.map(({ index, to }, i) =>
      transferLeaf(this.view, this.signer, this.#world.network, index, to, this.#next + i),
    )
    if (leaves.length > 0) this.write(leaves)
    this.#leaving = []
    this.pool.settle(this.view)
  }

  /** Addresses that it may hand out now, counted one by one. */
  free(): number {
    const { network } = this.#world
    const { subnet } = this.view.network(network)?.spec ?? assert.fail()
    let free = 0
    for (let ip = subnet.first; ip <= subnet.last; ip++) {
      if (!this.pool.ownsAddress(this.view, ip)) continue
      if (!this.pool.ledger.heldEntry(ip) && this.view.holders(network, ip).length === 0) free++
    }
    return free
  }
}

const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('allocate' as const), who: fc.nat(2), n: fc.nat(5), flag: fc.boolean() }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('release' as const), who: fc.nat(2), n: fc.nat(20) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('give' as const),
      who: fc.nat(2),
      to: fc.nat(2),
      n: fc.integer({ min: 1, max: 8 }),
      flag: fc.boolean(),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('carve' as const),
      who: fc.nat(2),
      to: fc.nat(2),
      n: fc.integer({ min: 1, max: 4 }),
      flag: fc.boolean(),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('take' as const), who: fc.nat(2), to: fc.nat(2), n: fc.nat(9) }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('settle' as const), who: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const), who: fc.nat(2) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('pass' as const), who: fc.nat(2), n: fc.nat(40_000) }) },
)

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

function perform(peers: readonly ModelPeer[], action: Step): void {
  const peer = peers[action.who] as ModelPeer
  if (action.do === 'allocate') {
    const free = peer.free()
    assert.equal(
      peer.allocate(action.flag) !== undefined,
      free > 0,
      'an address is handed out exactly when one is free',
    )
  } else if (action.do === 'release') {
    const held = [...peer.pool.ledger.held()].map(([ip]) => ip)
    if (held.length > 0) peer.release(held[action.n % held.length] as number)
  } else if (action.do === 'give') {
    if (action.who !== action.to) peer.give(peers[action.to] as ModelPeer, action.n, action.flag)
  } else if (action.do === 'carve') {
    if (action.who !== action.to) peer.carve(peers[action.to] as ModelPeer, action.n, action.flag)
  } else if (action.do === 'take') {
    if (action.who !== action.to) peer.take(peers[action.to] as ModelPeer, action.n)
  } else if (action.do === 'settle') peer.settle()
  else if (action.do === 'restart') peer.restart()
  else peer.nowMs += action.n
}

function check(peers: readonly ModelPeer[], network: NetworkId): void {
  const holders = new Map<number, number>()
  peers.forEach((peer, who) => {
    for (const [ip] of peer.pool.ledger.held()) {
      assert.ok(!holders.has(ip), `I1: ${ip} is handed out by peers ${holders.get(ip)} and ${who}`)
      holders.set(ip, who)
    }
    const counted = peer.free()
    const claimed = peer.pool.freeCount(peer.moment)
    assert.ok(claimed <= counted, `counts ${claimed} free addresses, but there are ${counted}`)
  })
  const count = peers[0]?.view.blockCount(network) ?? 0
  for (let index = 0; index < count; index++) {
    const owners = peers.filter(peer => peer.pool.owns(peer.view, index))
    assert.ok(owners.length <= 1, `I1: block ${index} has ${owners.length} owners`)
  }
  for (const ip of new Set(peers.flatMap(peer => peer.view.carved(network)))) {
    const owners = peers.filter(peer => peer.pool.ownsAddress(peer.view, ip))
    assert.ok(owners.length <= 1, `I1: ${ip} has ${owners.length} owners`)
  }
}

describe('ipam core: I1, no address has two owners', () => {
  let world: World

  before(async () => {
    const hosts = await meshOf(new MemoryHub(), 3)
    // 40 addresses in 21 blocks of 2, the first and the last cut short by the range
    const network = await createWeb(hosts, '10.1.2.1-10.1.2.40/24')
    await agree(hosts)
    await Promise.all(hosts.map(host => host.stop()))
    const [first] = hosts
    if (!first) assert.fail()
    const { entries } = await openJournal(first.disk, journalName)
    const genesis = entries.filter(({ kind }) => kind === 'batch').map(({ bytes }) => openBatch(bytes))
    world = { meshId: first.replica.view.meshId, network, signers: hosts.map(host => host.signer), genesis }
  })

  it('holds whatever is allocated, released, given, carved out, delayed and restarted', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 20, maxLength: 120 }), steps => {
        const peers = world.signers.map(signer => new ModelPeer(world, signer))
        for (const action of steps) {
          perform(peers, action)
          check(peers, world.network)
        }
      }),
      { numRuns: 60 },
    )
  })
})
