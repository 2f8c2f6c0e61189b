/** Issue 4: what a hostile member says is left of its records makes nobody diverge either where it let go of some by a checkpoint, of a run that overlaps. */
import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import type { Batch } from '../../../src/crdt/batch.ts'
import { checkpointLeaf, runOf } from '../../../src/crdt/checkpoint.ts'
import { type CompactUnit, leavesOf, makeUnit, type PlacedLeaf, unitHeader } from '../../../src/crdt/compact-unit.ts'
import type { Leaf } from '../../../src/crdt/leaves.ts'
import type { Head } from '../../../src/crdt/vector.ts'
import type { Hand } from '../../support/hostile-member.ts'
import type { MemoryPeer } from '../../support/memory-peer.ts'
import { agreeAfter, sayTo } from './crosswise.ts'
import { endpoint } from './random-histories.ts'
import { forged } from './random-lies.ts'

const place = (run: readonly Batch[]) => runOf(run) ?? assert.fail()

/** What the hand signs as what is left of the run. */
function unitOf(hand: Hand, run: readonly Batch[], left: readonly PlacedLeaf[]): CompactUnit {
  return makeUnit(place(run), left, hand.signer.sign(unitHeader(place(run), left)))
}

const all = (run: readonly Batch[]) => run.flatMap(leavesOf)

/** The same, but for the first leaf. */
function withForged(run: readonly Batch[]): PlacedLeaf[] {
  return all(run).map((leaf, i) => (i === 0 ? forged(leaf) : leaf))
}

/** Endpoints, a batch each, and then, it may be, that the first two are kept. */
function chain(hand: Hand, web: string, count: number, isCheckpointed = true): Batch[] {
  const path: Batch[] = []
  let head: Head = hand.head
  const add = (leaf: Leaf) => {
    const batch = hand.make([leaf], { after: head })
    path.push(batch)
    head = { counter: batch.last, hash: batch.hash }
  }
  for (let i = 0; i < count; i++) add(endpoint(i, web))
  if (isCheckpointed) add(checkpointLeaf(hand.signer, place(path.slice(0, 2)), all(path.slice(0, 2))))
  return path
}

function holdsNoForged({ replica }: MemoryPeer): void {
  assert.ok(!replica.view.hasTenant('forged'))
}

describe('replica: lies about what a checkpoint let go of, or in part', function () {
  this.timeout(60_000)

  it('of the beginning of what it keeps: all hold what the checkpoint makes', async () => {
    await agreeAfter(async (mesh, web) => {
      const path = chain(mesh.hand, web, 4)
      const [first, ...others] = path as [Batch, ...Batch[]]
      await sayTo(mesh, 0, [unitOf(mesh.hand, [first], withForged([first])), ...others.slice(0, 2)])
      await sayTo(mesh, 1, path)
    }, holdsNoForged)
  })

  it('of the end of what it keeps and what follows: no history of its own', async () => {
    await agreeAfter(
      async (mesh, web) => {
        const path = chain(mesh.hand, web, 4)
        const [first, second, third, ...others] = path as [Batch, Batch, Batch, ...Batch[]]
        await sayTo(mesh, 0, path)
        const lie = unitOf(mesh.hand, [second, third], all([second, third]))
        await sayTo(mesh, 1, [first, lie, ...others])
      },
      ({ replica }, writer) => assert.equal(replica.vector().get(writer)?.length, 1),
    )
  })

  it('of the records of another history, with what hangs on them', async () => {
    await agreeAfter(async (mesh, web) => {
      const path = chain(mesh.hand, web, 3, false)
      const other = [mesh.hand.make([{ kind: 'tenant', name: 'other' }], { after: mesh.hand.head })]
      await sayTo(mesh, 0, [unitOf(mesh.hand, other, withForged(other))])
      await sayTo(mesh, 0, path)
      await sayTo(mesh, 1, other)
    }, holdsNoForged)
  })

  it('against what a checkpoint on another history keeps', async () => {
    await agreeAfter(async (mesh, web) => {
      const path = chain(mesh.hand, web, 3, false)
      const [first] = path as [Batch]
      const after = { counter: first.last, hash: first.hash }
      const keeps = mesh.hand.make([checkpointLeaf(mesh.hand.signer, place([first]), all([first]))], { after })
      await sayTo(mesh, 0, [unitOf(mesh.hand, [first], withForged([first])), keeps])
      await sayTo(mesh, 1, path.slice(0, 2))
      await sayTo(mesh, 0, path.slice(0, 2))
    }, holdsNoForged)
  })

  /** A unit that is only said, and one that a checkpoint makes, which overlap. */
  function overlap(hand: Hand, web: string) {
    const path = chain(hand, web, 5, false)
    const said = unitOf(hand, path.slice(0, 3), all(path.slice(0, 3)))
    const run = path.slice(2)
    const [made, end] = [unitOf(hand, run, all(run)), path.at(-1)]
    const after = end && { counter: end.last, hash: end.hash }
    const lets = hand.make([checkpointLeaf(hand.signer, place(run), all(run))], after && { after })
    return { said, made, rest: path.slice(3), lets }
  }

  for (const isBefore of [true, false]) {
    // whoever holds both shows two tips, and which of the two ways is held goes by the signatures
    it(`in part, by another lie, ${isBefore ? 'which everybody gives up' : 'which everybody takes'}: nobody goes back`, async () => {
      await agreeAfter(
        async (mesh, web) => {
          const made = Array.from({ length: 64 }, () => overlap(mesh.hand, web))
          const isMeant = ({ rest, made: unit }: (typeof made)[number]) =>
            Buffer.compare(rest[0]?.signature ?? assert.fail(), unit.signature) < 0 === isBefore
          const told = made.find(isMeant) ?? assert.fail('none of 64')
          for (const host of [0, 1]) await sayTo(mesh, host, [told.said, ...told.rest, told.lets])
          await sayTo(mesh, 2, [told.said, told.made, told.lets])
        },
        ({ replica }, writer) => assert.equal(replica.vector().get(writer)?.length, isBefore ? 1 : 2),
      )
    })
  }
})
