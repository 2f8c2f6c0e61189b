import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, it } from 'mocha'
import { ChainTable } from '../../../src/crdt/chain-table.ts'
import type { BlockLeaf, NetworkDockerLeaf, Transfer } from '../../../src/crdt/leaves.ts'
import { type LeafRecord, LiveSet, SharedRegisters } from '../../../src/crdt/live-set.ts'

/** What is let go of is as if it had never been written: whoever joins later never sees it (I2). */
interface Table<L> {
  put(record: LeafRecord<L>): void
  drop(record: LeafRecord<L>): void
}

const orders = fc.infiniteStream(fc.nat(1000))
const subset = fc.array(fc.boolean(), { minLength: 12, maxLength: 12 })

function shuffled<T>(items: readonly T[], order: Iterator<number>): T[] {
  return items
    .map(item => [Number(order.next().value), item] as const)
    .sort(([a], [b]) => a - b)
    .map(([, item]) => item)
}

/** Puts all in some order, each as often as it comes, and lets go of some in between; gives the digest. */
function assertNeverWritten<L>(
  make: (live: LiveSet) => Table<L>,
  records: readonly LeafRecord<L>[],
  goes: boolean[],
  order: Iterator<number>,
) {
  const live = new LiveSet()
  const table = make(live)
  for (const record of shuffled([...records, ...records], order)) table.put(record)
  for (const record of shuffled(
    records.filter((_, i) => goes[i]),
    order,
  ))
    table.drop(record)
  const rest = new LiveSet()
  const never = make(rest)
  for (const record of shuffled(
    records.filter((_, i) => !goes[i]),
    order,
  ))
    never.put(record)
  assert.deepEqual([live.size, live.digest()], [rest.size, rest.digest()])
}

const record = <L>(leaf: L, writer: number, counter: number, ms: number): LeafRecord<L> => {
  return { dot: { writer: `${writer}`.repeat(64), counter }, hlc: [ms, 0], leaf, hash: `${writer}${counter}${ms}` }
}

describe('crdt: what is let go of', () => {
  it('lets the chain count that it went on from', () => {
    // each number is the step that the next one goes on from: a tree of chains, each by a writer of its own
    const trees = fc.array(fc.nat(11), { minLength: 1, maxLength: 12 })
    const step = (n: number): Transfer => {
      return { epoch: n, from: 'aa', to: 'bb', counter: n, carved: [], signature: Uint8Array.of(n) }
    }
    fc.assert(
      fc.property(trees, subset, orders, (tree, goes, order) => {
        const chains: Transfer[][] = []
        for (const [n, parent] of tree.entries()) chains.push([...(chains[parent - 1] ?? []), step(n)])
        const records = chains.map((transfers, n) => {
          return record<BlockLeaf>({ kind: 'block', network: 'n', index: 0, removal: 0, transfers }, n, 1, 0)
        })
        const rules = { slot: () => 'slot', isSound: () => true }
        assertNeverWritten(live => new ChainTable<BlockLeaf>(live, rules), records, goes, order[Symbol.iterator]())
      }),
    )
  })

  it('lets the value count that it won over', () => {
    const writes = fc.array(fc.tuple(fc.nat(3), fc.nat(5)), { minLength: 1, maxLength: 12 })
    fc.assert(
      fc.property(writes, subset, orders, (list, goes, order) => {
        const leaf = {
          kind: 'network-docker',
          network: 'n',
          labels: {},
          options: {},
          internal: false,
        } as NetworkDockerLeaf
        const records = list.map(([writer, ms], n) => record(leaf, writer, n, ms))
        const make = (live: LiveSet) => {
          const registers = new SharedRegisters<NetworkDockerLeaf>(live)
          return {
            put: (each: LeafRecord<NetworkDockerLeaf>) => registers.put('slot', each),
            drop: (each: LeafRecord<NetworkDockerLeaf>) => registers.drop('slot', each),
          }
        }
        assertNeverWritten(make, records, goes, order[Symbol.iterator]())
      }),
    )
  })
})
