import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import { createNetworkLeaves } from '../../../src/crdt/acts.ts'
import type { Batch } from '../../../src/crdt/batch.ts'
import { mayMove, soundChain, transferLeaf } from '../../../src/crdt/blocks.ts'
import { encodeLeaf } from '../../../src/crdt/leaf-codec.ts'
import type { BlockLeaf, Transfer } from '../../../src/crdt/leaves.ts'
import { bytesOf } from '../../../src/crdt/plain.ts'
import { Registry } from '../../../src/crdt/registry.ts'
import { encode } from '../../../src/lib/cbor.ts'
import { type Signer, verifySignature } from '../../../src/lib/keys.ts'
import { checkNetwork } from '../../../src/model/network.ts'
import { forgers, registryOf, signerAt, World, type Writer } from './writer.ts'

/** A network of three settled peers, and a block with the writers in the order in which it may pass through them. */
function custody() {
  const world = new World(3).settleAll()
  const spec = checkNetwork({ tenant: 'default', name: 'web', subnet: '10.1.2.0/24' })
  world.at(1).write(createNetworkLeaves(world.all, { tenant: 'default', name: 'web', spec }))
  const view = world.all
  const id = view.networks()[0]?.id ?? ''
  const owner = view.block(id, 0)?.owner
  const first = world.writers.find(writer => writer.key === owner) as Writer
  const [second, third] = world.writers.filter(writer => writer !== first) as [Writer, Writer]
  const give = (from: Writer, to: Writer) =>
    from.write([transferLeaf(world.all, from.signer, id, 0, to.key, from.next)])
  return { world, id, first, second, third, give }
}

type Step = Omit<Transfer, 'signature'>

/** A chain whose steps are signed by whom the caller names: by the rules, or not. */
function chainOf(world: World, network: string, steps: readonly (Step & { by: Signer })[], index = 0): BlockLeaf {
  const transfers = steps.map(({ by, ...step }) => {
    const { epoch, from, to, counter, carved } = step
    const head = ['skein transfer 2', bytesOf(world.meshId), bytesOf(network), index, 0, epoch]
    return { ...step, signature: by.sign(encode([...head, bytesOf(from), bytesOf(to), counter, carved])) }
  })
  return { kind: 'block', network, index, removal: 0, transfers }
}

/** Undefined if it throws. */
function tryTo<T>(make: () => T): T | undefined {
  try {
    return make()
  } catch {
    return undefined
  }
}

describe('crdt: custody of a block (I1)', () => {
  it('says when a block has changed hands so often that its record would be too large', () => {
    const { world, id, first } = custody()
    const step = { epoch: 1, counter: 1, from: first.key, to: first.key, carved: [], signature: new Uint8Array(64) }
    const { all } = world
    all.transfers = () => Array.from({ length: 1000 }, () => step)
    const give = () => transferLeaf(all, first.signer, id, 0, first.key, first.next)
    assert.throws(give, /has changed hands 1000 times and stays here/)
  })

  it('lets a block that has moved some 900 times stay where it is, in use, and no peer ever doubts whose it is', function () {
    this.timeout(120_000)
    const { world, id, first, second } = custody()
    // signatures are checked elsewhere: here each of so many records would be checked from its beginning
    const view = new Registry(world.meshId, () => true)
    for (const batch of world.batches) view.apply(batch)
    let [owner, next] = [first, second]
    const give = () => transferLeaf(view, owner.signer, id, 0, next.key, owner.next)
    let moves = 0
    let chosen = 0
    for (let leaf = tryTo(give); leaf; leaf = tryTo(give)) {
      if (mayMove(view.transfers(id, 0))) chosen++
      owner.write([leaf])
      view.apply(owner.batches.at(-1) as Batch)
      moves++
      const block = view.block(id, 0)
      assert.deepEqual([block?.owner, block?.epoch, block?.quarantined], [next.key, moves, false])
      ;[owner, next] = [next, owner]
    }
    assert.ok(moves > 700 && moves < 1000, `${moves} moves`)
    assert.ok(chosen > 700 && chosen <= moves && !mayMove(view.transfers(id, 0)), `chosen for ${chosen} of them`)
    assert.throws(
      give,
      new RegExp(`has changed hands ${moves} times and stays here: ask another host, or a new network`),
    )
    assert.equal(view.block(id, 0)?.owner, owner.key, 'who has it goes on using it')
  })

  it('begins with the genesis and follows the transfers, whatever arrives first', () => {
    const { world, id, first, second, third, give } = custody()
    assert.deepEqual(world.all.block(id, 0)?.owner, first.key)
    assert.equal(world.all.block(id, 0)?.epoch, 0)
    give(first, second)
    give(second, third)
    give(third, first)
    give(first, second)
    const { all } = world
    assert.equal(all.block(id, 0)?.owner, second.key)
    assert.equal(all.block(id, 0)?.epoch, 4)
    assert.equal(all.transfers(id, 0).length, 4)
    const reversed = registryOf(
      world.meshId,
      [...world.writers].reverse().flatMap(writer => writer.batches),
    )
    assert.deepEqual(reversed.block(id, 0), all.block(id, 0))
    assert.equal(reversed.digest(), all.digest())
    assert.deepEqual(all.conditions(), [])
  })

  it('has one owner at any moment: a transfer carries its ancestors', () => {
    const { world, id, first, second, third, give } = custody()
    give(first, second)
    const before = world.all
    give(second, third)
    // without the first transfer's own record
    const missing = [...world.batches].filter(batch => batch !== first.batches.at(-1))
    assert.equal(registryOf(world.meshId, missing).block(id, 0)?.owner, third.key)
    assert.equal(before.block(id, 0)?.owner, second.key)
  })

  it('lets nobody write a transfer of what it does not own (R1)', () => {
    const { world, id, first, second, third, give } = custody()
    const refused = { code: 'conflict', message: /block \d+ of network .* is not this peer's to give/ }
    assert.throws(() => transferLeaf(world.all, second.signer, id, 0, second.key, second.next), refused)
    give(first, second)
    assert.throws(() => transferLeaf(world.all, first.signer, id, 0, third.key, first.next), refused)
    assert.throws(() => transferLeaf(world.all, first.signer, id, 99, third.key, first.next), refused)
  })

  const bad: [text: string, make: (c: ReturnType<typeof custody>) => [Writer, BlockLeaf]][] = [
    [
      'a step that another signed',
      ({ world, id, first, second }) => {
        const step = { epoch: 1, from: first.key, to: second.key, counter: first.next, carved: [] }
        return [first, chainOf(world, id, [{ ...step, by: second.signer }])]
      },
    ],
    [
      'a step that the writer did not give',
      ({ world, id, first, second }) => {
        const step = { epoch: 1, from: first.key, to: second.key, counter: first.next, carved: [], by: first.signer }
        return [second, chainOf(world, id, [step])]
      },
    ],
    [
      'a giver that is not the genesis owner',
      ({ world, id, second, third }) => {
        const step = { epoch: 1, from: second.key, to: third.key, counter: second.next, carved: [], by: second.signer }
        return [second, chainOf(world, id, [step])]
      },
    ],
    [
      'a skipped epoch',
      ({ world, id, first, second }) => {
        const step = { epoch: 2, from: first.key, to: second.key, counter: first.next, carved: [], by: first.signer }
        return [first, chainOf(world, id, [step])]
      },
    ],
    [
      'an epoch that repeats',
      ({ world, id, first, second }) => {
        const step = { epoch: 1, from: first.key, to: first.key, counter: first.next, carved: [], by: first.signer }
        return [first, chainOf(world, id, [step, { ...step, to: second.key }])]
      },
    ],
    [
      'a carved set that shrinks',
      ({ world, id, first, second }) => {
        const one = {
          epoch: 1,
          from: first.key,
          to: first.key,
          counter: first.next,
          carved: [0x0a010203],
          by: first.signer,
        }
        const two = { epoch: 2, from: first.key, to: second.key, counter: first.next, carved: [], by: first.signer }
        return [first, chainOf(world, id, [one, two])]
      },
    ],
    [
      'a step that was signed for another block',
      ({ world, id, first, second }) => {
        const step = { epoch: 1, from: first.key, to: second.key, counter: first.next, carved: [], by: first.signer }
        return [first, { ...chainOf(world, id, [step], 1), index: 0 }]
      },
    ],
    [
      'a step that was signed for another removal number',
      ({ world, id, first, second }) => {
        const step = { epoch: 1, from: first.key, to: second.key, counter: first.next, carved: [], by: first.signer }
        return [first, { ...chainOf(world, id, [step]), removal: 1 }]
      },
    ],
    ['no step at all', ({ world, id, first }) => [first, chainOf(world, id, [])]],
  ]

  for (const [text, make] of bad) {
    it(`takes no effect: ${text}`, () => {
      const scene = custody()
      const { world, id, first } = scene
      const [writer, leaf] = make(scene)
      writer.write([leaf])
      const block = world.all.block(id, 0)
      assert.equal(block?.owner, first.key)
      assert.equal(block?.epoch, 0)
      assert.equal(block?.quarantined, false)
      assert.deepEqual(forgers(world.all), [writer.key])
    })
  }

  it('counts up to a step by someone who did not receive the one before', () => {
    const { world, id, first, second, third } = custody()
    const one = { epoch: 1, from: first.key, to: second.key, counter: first.next, carved: [], by: first.signer }
    const two = { epoch: 2, from: third.key, to: third.key, counter: third.next, carved: [], by: third.signer }
    third.write([chainOf(world, id, [one, two])])
    assert.deepEqual([world.all.block(id, 0)?.owner, world.all.block(id, 0)?.epoch], [second.key, 1])
    assert.deepEqual(forgers(world.all), [third.key])
  })

  it('carves: a new epoch of the same owner, and every later step keeps the set (R6)', () => {
    const { world, id, first, second, give } = custody()
    const step = {
      epoch: 1,
      from: first.key,
      to: first.key,
      counter: first.next,
      carved: [0x0a010203],
      by: first.signer,
    }
    first.write([chainOf(world, id, [step])])
    give(first, second)
    assert.deepEqual(world.all.block(id, 0)?.carved, [0x0a010203])
    assert.equal(world.all.block(id, 0)?.owner, second.key)
  })

  it('quarantines a block that was given twice, the same on every peer, whatever the order', () => {
    const { world, id, first, second, third, give } = custody()
    const before = world.all
    give(first, second)
    give(second, third) // the chain goes on on one side
    first.write([transferLeaf(before, first.signer, id, 0, third.key, first.next)])
    const orders = [world.writers, [...world.writers].reverse()].map(writers => writers.flatMap(item => item.batches))
    const [a, b] = orders.map(batches => registryOf(world.meshId, batches))
    assert.equal(a?.block(id, 0)?.quarantined, true)
    assert.deepEqual(a?.block(id, 0), b?.block(id, 0))
    assert.deepEqual(a?.conditions(), b?.conditions())
    assert.equal(a?.digest(), b?.digest())
    assert.equal(a?.conditions()[0]?.kind, 'block-forked')
    assert.throws(() => transferLeaf(world.all, third.signer, id, 0, first.key, third.next), { code: 'conflict' })
    assert.throws(() => transferLeaf(world.all, second.signer, id, 0, first.key, second.next), { code: 'conflict' })
  })

  it('does not take a repeated record for a fork', () => {
    const { world, id, first, second } = custody()
    const leaf = transferLeaf(world.all, first.signer, id, 0, second.key, first.next)
    const dot = first.write([leaf])
    first.write([leaf])
    assert.equal(world.all.block(id, 0)?.quarantined, false)
    assert.ok(soundChain(world.meshId, leaf, dot, verifySignature))
    assert.ok(!soundChain(world.meshId, leaf, { ...dot, writer: signerAt(9).key }, verifySignature))
    assert.ok(encodeLeaf(leaf).length < 256, 'a transfer costs about 140 bytes')
  })
})
