/** Issue 4: what a hostile member says is left of its records makes nobody diverge either where it let go of some by a checkpoint, of a run that overlaps. */
import { describe, it } from 'mocha'
import type { Batch } from '../../../src/crdt/batch.ts'
import { checkpointLeaf, runOf } from '../../../src/crdt/checkpoint.ts'
import { type CompactUnit, leavesOf, makeUnit, type PlacedLeaf, unitHeader } from '../../../src/crdt/compact-unit.ts'
import { encodeLeaf } from '../../../src/crdt/leaf-codec.ts'
import type { Leaf } from '../../../src/crdt/leaves.ts'
import type { Head } from '../../../src/crdt/vector.ts'
import { sha256Hex } from '../../../src/lib/bytes.ts'
import type { Hand } from '../../support/hostile-member.ts'
import { agreeAfter, sayTo } from './crosswise.ts'

const place = (run: readonly Batch[]) => runOf(run) ?? assertRun()
const assertRun = (): never => {
  throw new Error('no run')
}

/** What the hand signs as what is left of the run. */
function unitOf(hand: Hand, run: readonly Batch[], left: readonly PlacedLeaf[]): CompactUnit {
  return makeUnit(place(run), left, hand.signer.sign(unitHeader(place(run), left)))
}

const all = (run: readonly Batch[]) => run.flatMap(leavesOf)

/** The same, but for the first leaf. */
function forged(run: readonly Batch[]): PlacedLeaf[] {
  const bytes = encodeLeaf({ kind: 'tenant', name: 'forged' })
  return all(run).map((leaf, i) => (i === 0 ? { ...leaf, bytes, hash: sha256Hex(bytes) } : leaf))
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

function endpoint(i: number, network: string): Leaf {
  const [id, mac] = [`e${i}`, '02:02:0a:01:02:01']
  return { kind: 'endpoint', id, network, ip: 0x0a010201 + i, mac, container: '', containerName: id }
}

describe('replica: lies about what a checkpoint let go of, or in part', function () {
  this.timeout(60_000)

  it('of the beginning of what it keeps: all hold what the checkpoint makes', async () => {
    await agreeAfter(async (mesh, web) => {
      const path = chain(mesh.hand, web, 4)
      const [first, ...others] = path as [Batch, ...Batch[]]
      await sayTo(mesh, 0, [unitOf(mesh.hand, [first], forged([first])), ...others.slice(0, 2)])
      await sayTo(mesh, 1, path)
    })
  })

  it('of the end of what it keeps and what follows: no history of its own', async () => {
    await agreeAfter(async (mesh, web) => {
      const path = chain(mesh.hand, web, 4)
      const [first, second, third, ...others] = path as [Batch, Batch, Batch, ...Batch[]]
      await sayTo(mesh, 0, path)
      const lie = unitOf(mesh.hand, [second, third], all([second, third]))
      await sayTo(mesh, 1, [first, lie, ...others])
    })
  })

  it('of the records of another history, with what hangs on them', async () => {
    await agreeAfter(async (mesh, web) => {
      const path = chain(mesh.hand, web, 3, false)
      const other = [mesh.hand.make([{ kind: 'tenant', name: 'other' }], { after: mesh.hand.head })]
      await sayTo(mesh, 0, [unitOf(mesh.hand, other, forged(other))])
      await sayTo(mesh, 0, path)
      await sayTo(mesh, 1, other)
    })
  })

  it('against what a checkpoint on another history keeps', async () => {
    await agreeAfter(async (mesh, web) => {
      const path = chain(mesh.hand, web, 3, false)
      const [first] = path as [Batch]
      const after = { counter: first.last, hash: first.hash }
      const keeps = mesh.hand.make([checkpointLeaf(mesh.hand.signer, place([first]), all([first]))], { after })
      await sayTo(mesh, 0, [unitOf(mesh.hand, [first], forged([first])), keeps])
      await sayTo(mesh, 1, path.slice(0, 2))
      await sayTo(mesh, 0, path.slice(0, 2))
    })
  })
})
