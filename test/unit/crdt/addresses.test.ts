import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import { createNetworkLeaves } from '../../../src/crdt/acts.ts'
import { giveAddressLeaves, soundAddressChain } from '../../../src/crdt/addresses.ts'
import { transferLeaf } from '../../../src/crdt/blocks.ts'
import { encodeLeaf } from '../../../src/crdt/leaf-codec.ts'
import type { AddressLeaf, BlockLeaf, Step } from '../../../src/crdt/leaves.ts'
import { bytesOf } from '../../../src/crdt/plain.ts'
import { encode } from '../../../src/lib/cbor.ts'
import { type Signer, verifySignature } from '../../../src/lib/keys.ts'
import { checkNetwork } from '../../../src/model/network.ts'
import { Scene } from './removal-scene.ts'
import { forgers, registryOf, World, type Writer } from './writer.ts'

const ip = 0x0a010203 // in block 0 of 8 addresses

/** A network of three settled peers, a block with its owner first, and what they may do with single addresses. */
function custody(index = 0) {
  const world = new World(3).settleAll()
  const spec = checkNetwork({ tenant: 'default', name: 'web', subnet: '10.1.2.0/24' })
  world.at(1).write(createNetworkLeaves(world.all, { tenant: 'default', name: 'web', spec }))
  const view = world.all
  const id = view.networks()[0]?.id ?? ''
  const first = world.writers.find(writer => writer.key === view.block(id, index)?.owner) as Writer
  const [second, third] = world.writers.filter(writer => writer !== first) as [Writer, Writer]
  const give = (from: Writer, to: Writer, ips = [ip]) =>
    from.write(giveAddressLeaves(world.all, from.signer, id, ips, to.key, from.next))
  const giveBlock = (from: Writer, to: Writer) =>
    from.write([transferLeaf(world.all, from.signer, id, index, to.key, from.next)])
  return { world, id, first, second, third, give, giveBlock }
}

/** A chain whose steps are signed by whom the caller names: by the rules, or not. */
function chainOf(
  world: World,
  network: string,
  steps: readonly (Omit<Step, 'signature'> & { by: Signer })[],
  signedIp = ip,
): AddressLeaf {
  const transfers = steps.map(({ by, ...step }) => {
    const { epoch, from, to, counter } = step
    const head = ['skein address 2', bytesOf(world.meshId), bytesOf(network), signedIp, 0, epoch]
    return { ...step, signature: by.sign(encode([...head, bytesOf(from), bytesOf(to), counter])) }
  })
  return { kind: 'address', network, ip, removal: 0, transfers }
}

const reversed = (world: World) =>
  registryOf(
    world.meshId,
    [...world.writers].reverse().flatMap(writer => writer.batches),
  )

describe('crdt: custody of a carved-out address (R6, I1)', () => {
  it('is the block’s until it is carved out, then its own, whatever arrives first', () => {
    const { world, id, first, second, third, give } = custody()
    assert.equal(world.all.address(id, ip), undefined)
    give(first, second)
    assert.deepEqual(world.all.block(id, 0)?.carved, [ip])
    assert.deepEqual([world.all.block(id, 0)?.owner, world.all.block(id, 0)?.epoch], [first.key, 1])
    assert.deepEqual(world.all.address(id, ip), { ip, owner: second.key, epoch: 1, removal: 0, quarantined: false })
    give(second, third)
    give(third, first)
    assert.equal(world.all.address(id, ip)?.owner, first.key)
    assert.equal(world.all.block(id, 0)?.epoch, 1, 'the block knows nothing of what becomes of the address')
    assert.equal(world.all.addressTransfers(id, ip).length, 3)
    assert.deepEqual(world.all.carved(id), [ip])
    assert.deepEqual(reversed(world).address(id, ip), world.all.address(id, ip))
    assert.equal(reversed(world).digest(), world.all.digest())
    assert.deepEqual(world.all.conditions(), [])
  })

  it('H8: stays whose it is when the block moves on, also on peers that have not its own record yet', () => {
    const { world, id, first, second, third, give, giveBlock } = custody()
    give(first, second)
    const carved = first.batches.at(-1)
    giveBlock(first, third)
    assert.equal(world.all.block(id, 0)?.owner, third.key)
    assert.equal(world.all.address(id, ip)?.owner, second.key)
    const late = registryOf(
      world.meshId,
      world.batches.filter(batch => batch !== carved),
    )
    assert.equal(late.block(id, 0)?.owner, third.key)
    assert.deepEqual(late.block(id, 0)?.carved, [ip])
    assert.equal(late.address(id, ip)?.owner, first.key, 'not the block’s new owner')
    late.apply(carved as NonNullable<typeof carved>)
    assert.equal(late.address(id, ip)?.owner, second.key)
    assert.throws(() => giveAddressLeaves(world.all, third.signer, id, [ip], third.key, third.next), {
      code: 'conflict',
    })
  })

  it('carves several of one block out in one step, and none twice', () => {
    const { world, id, first, second, third, give } = custody()
    give(first, second, [ip, ip + 2])
    give(first, third, [ip + 1])
    assert.deepEqual(world.all.block(id, 0)?.carved, [ip, ip + 1, ip + 2])
    assert.equal(world.all.block(id, 0)?.epoch, 2)
    assert.deepEqual(
      world.all.carved(id).map(at => world.all.address(id, at)?.owner),
      [second.key, third.key, second.key],
    )
  })

  it('lets nobody give what it does not own (R1)', () => {
    const { world, id, first, second, third, give } = custody()
    assert.throws(() => give(second, third), { code: 'conflict' })
    give(first, second)
    assert.throws(() => give(first, third), { code: 'conflict' })
    assert.throws(() => give(first, second, [0x0a090909]), { code: 'conflict' })
    assert.equal(world.all.address(id, ip)?.owner, second.key)
  })

  const bad: [text: string, make: (c: ReturnType<typeof custody>) => [Writer, AddressLeaf]][] = [
    [
      'a step that another signed',
      ({ world, id, first, second, third }) => [
        first,
        chainOf(world, id, [{ epoch: 1, from: first.key, to: third.key, counter: first.next, by: second.signer }]),
      ],
    ],
    [
      'a giver that is not who carved it out',
      ({ world, id, second, third }) => [
        third,
        chainOf(world, id, [
          { epoch: 1, from: second.key, to: third.key, counter: second.next, by: second.signer },
          { epoch: 2, from: third.key, to: third.key, counter: third.next, by: third.signer },
        ]),
      ],
    ],
    [
      'a step that the writer did not give',
      ({ world, id, first, second }) => [
        second,
        chainOf(world, id, [{ epoch: 1, from: first.key, to: second.key, counter: second.next, by: first.signer }]),
      ],
    ],
    [
      'a skipped epoch',
      ({ world, id, first, third }) => [
        first,
        chainOf(world, id, [{ epoch: 2, from: first.key, to: third.key, counter: first.next, by: first.signer }]),
      ],
    ],
    [
      'a step that was signed for another address',
      ({ world, id, first, third }) => [
        first,
        chainOf(
          world,
          id,
          [{ epoch: 1, from: first.key, to: third.key, counter: first.next, by: first.signer }],
          ip + 1,
        ),
      ],
    ],
    ['no step at all', ({ world, id, first }) => [first, chainOf(world, id, [])]],
  ]

  for (const [text, make] of bad) {
    it(`takes no effect: ${text}`, () => {
      const scene = custody()
      const { world, id, first } = scene
      first.write([transferLeaf(world.all, first.signer, id, 0, first.key, first.next, [ip])])
      const [writer, leaf] = make(scene)
      writer.write([leaf])
      assert.deepEqual(world.all.address(id, ip), { ip, owner: first.key, epoch: 0, removal: 0, quarantined: false })
      assert.deepEqual(forgers(world.all), [writer.key])
      assert.equal(reversed(world).digest(), world.all.digest())
    })
  }

  it('counts up to a step by someone who did not receive the one before', () => {
    const { world, id, first, second, third } = custody()
    first.write([transferLeaf(world.all, first.signer, id, 0, first.key, first.next, [ip])])
    const steps = [
      { epoch: 1, from: first.key, to: second.key, counter: first.next, by: first.signer },
      { epoch: 2, from: third.key, to: third.key, counter: third.next, by: third.signer },
    ]
    third.write([chainOf(world, id, steps)])
    assert.deepEqual([world.all.address(id, ip)?.owner, world.all.address(id, ip)?.epoch], [second.key, 1])
    assert.equal(world.all.addressTransfers(id, ip).length, 1)
    assert.deepEqual(reversed(world).address(id, ip), world.all.address(id, ip))
  })

  it('takes no effect: a register of an address that its block still has', () => {
    const { world, id, first, second } = custody()
    first.write([
      chainOf(world, id, [{ epoch: 1, from: first.key, to: second.key, counter: first.next, by: first.signer }]),
    ])
    assert.equal(world.all.address(id, ip), undefined)
    assert.deepEqual(world.all.carved(id), [])
    // it was there first: the carving gives it effect
    first.write([transferLeaf(world.all, first.signer, id, 0, first.key, first.next, [ip])])
    assert.equal(world.all.address(id, ip)?.owner, second.key)
    assert.equal(reversed(world).address(id, ip)?.owner, second.key)
  })

  it('takes no effect: addresses of another block in a block’s set', () => {
    const { world, id, first } = custody()
    first.write([transferLeaf(world.all, first.signer, id, 0, first.key, first.next, [ip + 64])])
    assert.equal(world.all.address(id, ip + 64), undefined)
    assert.deepEqual(world.all.carved(id), [])
  })

  it('is quarantined when it was given twice, the same on every peer; the block is not', () => {
    const { world, id, first, second, third, give } = custody()
    give(first, second)
    give(second, first) // the chain goes on on one side
    const step = { epoch: 1, from: first.key, to: third.key, counter: first.next, by: first.signer }
    first.write([chainOf(world, id, [step])])
    for (const view of [world.all, reversed(world)]) {
      assert.equal(view.address(id, ip)?.quarantined, true)
      assert.equal(view.block(id, 0)?.quarantined, false)
      assert.deepEqual(
        view.conditions().map(({ kind, text }) => [kind, text]),
        [
          [
            'address-forked',
            `10.1.2.3 of network default/web was given away twice by ${view.member(first.key)?.name}; nobody uses it`,
          ],
        ],
      )
    }
    assert.equal(reversed(world).digest(), world.all.digest())
    assert.throws(() => give(first, second), { code: 'conflict' })
  })

  it('is left alone by a fork of its block that is younger than the carving, and quarantined by one that is older', () => {
    const young = custody()
    young.give(young.first, young.second)
    const after = young.world.all
    for (const to of [young.second, young.third]) {
      young.first.write([transferLeaf(after, young.first.signer, young.id, 0, to.key, young.first.next)])
    }
    assert.equal(young.world.all.block(young.id, 0)?.quarantined, true)
    assert.equal(young.world.all.address(young.id, ip)?.quarantined, false)
    assert.equal(young.world.all.address(young.id, ip)?.owner, young.second.key)

    const old = custody()
    const before = old.world.all
    old.give(old.first, old.second)
    old.first.write([transferLeaf(before, old.first.signer, old.id, 0, old.third.key, old.first.next)])
    for (const view of [old.world.all, reversed(old.world)]) {
      assert.equal(view.block(old.id, 0)?.quarantined, true)
      assert.equal(view.address(old.id, ip)?.quarantined, true)
    }
  })

  it('is nobody’s forgery when the block was given, and a copy of the giver’s key carved the same address out', () => {
    // each of them is the owner in one: whose carving is looked at first follows from the keys
    for (const index of [0, 1, 2]) {
      const { world, id, first, second, third, giveBlock, give } = custody(index)
      const at = world.all.blockRange(id, index).first + 3
      const copy = first.copy()
      const leaf = transferLeaf(world.all, first.signer, id, index, first.key, first.next, [at])
      giveBlock(first, second)
      give(second, third, [at])
      copy.write([leaf])
      const view = registryOf(world.meshId, [...world.batches, ...copy.batches])
      assert.ok(!view.conditions().some(({ kind }) => kind === 'forged-records'))
      assert.equal(view.address(id, at)?.quarantined, true)
    }
  })

  it('is nobody’s forgery either when a removal binds somebody by the copy’s carving, and not by the gift', () => {
    const scene = new Scene(4)
    const [giver, getter] = [scene.at(3), scene.at(2)]
    const index = scene.blockOf(3)
    const at = scene.all.blockRange(scene.id, index).first + 3
    const before = scene.all
    const copy = giver.copy()
    copy.write([transferLeaf(before, giver.signer, scene.id, index, giver.key, giver.next, [at])])
    giver.write([{ kind: 'free', network: scene.id, log2: 3 }])
    scene.give(giver, getter, index, before)
    getter.write(giveAddressLeaves(scene.all, getter.signer, scene.id, [at], scene.at(4).key, getter.next))
    const view = scene.seenBy(1, { 2: 1, 3: 2 })
    for (const batch of copy.batches) view.apply(batch)
    scene.start(1, 3, 1, 1, view)
    for (const batch of [...scene.at(1).batches, ...scene.batches]) view.apply(batch)
    assert.equal(view.address(scene.id, at)?.owner, giver.key, 'the gift is above what host1 is bound by')
    assert.ok(!view.conditions().some(({ kind }) => kind === 'forged-records'))
  })

  it('does not take a repeated record for a fork', () => {
    const { world, id, first, second } = custody()
    const [block, address] = giveAddressLeaves(world.all, first.signer, id, [ip], second.key, first.next) as [
      BlockLeaf,
      AddressLeaf,
    ]
    const dot = first.write([block, address])
    first.write([address])
    assert.equal(world.all.address(id, ip)?.quarantined, false)
    assert.ok(soundAddressChain(world.meshId, address, dot, verifySignature))
    assert.ok(!soundAddressChain(world.meshId, address, { ...dot, writer: second.key }, verifySignature))
    assert.ok(encodeLeaf(address).length < 256, 'a transfer costs about 140 bytes')
  })
})
