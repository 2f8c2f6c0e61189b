/** The simulator itself: the same seed is the same history, and a bug that is there is found. */
import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import { verifySignature } from '../../src/lib/keys.ts'
import type { Replica } from '../../src/replica/replica.ts'
import { openJournal } from '../../src/store/append-journal.ts'
import type { OpenJournal } from '../../src/store/journal.ts'
import { type Parts, shippedParts } from './parts.ts'
import { runSeed } from './run-seed.ts'

/** Invariants that broke in the first seeds, until one of them did. */
async function found(parts: Partial<Parts>, wanted: readonly string[], limit: number): Promise<string[]> {
  const broken: string[] = []
  for (let seed = 1; seed <= limit; seed++) {
    const { failure } = await runSeed(seed, { ...shippedParts, ...parts })
    if (!failure) continue
    broken.push(failure.invariant)
    if (wanted.includes(failure.invariant)) break
  }
  return broken
}

/** Answers before the fsync: what is acknowledged and sent may be gone after a crash. */
const hastyJournal: OpenJournal = async (disk, name) => {
  const { journal, entries } = await openJournal(disk, name)
  const append: typeof journal.append = async batch => {
    journal.append(batch).catch(() => undefined) // that it failed is what this journal does not say
  }
  return { journal: { append, close: () => journal.close() }, entries }
}

/** An address service that takes a block for its own as soon as nobody is known to have given it away twice (R3). */
function greedy(replica: Replica): Replica {
  const view = new Proxy(replica.view, {
    get(target, property) {
      if (property !== 'block') {
        const value = Reflect.get(target, property, target)
        return typeof value === 'function' ? value.bind(target) : value
      }
      return (network: string, index: number) => {
        const block = target.block(network, index)
        return block && index % 7 === 0 ? { ...block, owner: replica.self } : block
      }
    },
  })
  return Object.create(replica, { view: { value: view } }) as Replica
}

/** An address service that heeds the registers of carved-out addresses only where they are its own (R6). */
function uncarved(replica: Replica): Replica {
  const view = new Proxy(replica.view, {
    get(target, property) {
      if (property === 'address') {
        return (network: string, ip: number) => {
          const address = target.address(network, ip)
          return address?.owner === replica.self ? address : undefined
        }
      }
      if (property === 'block') {
        return (network: string, index: number) => {
          const block = target.block(network, index)
          return block && { ...block, carved: [] }
        }
      }
      const value = Reflect.get(target, property, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  return Object.create(replica, { view: { value: view } }) as Replica
}

describe('simulator: itself', function () {
  this.timeout(60_000)

  it('makes the same history of the same seed', async () => {
    for (const seed of [5, 9, 52]) {
      const [first, second] = [await runSeed(seed), await runSeed(seed)]
      assert.deepEqual(first, second)
      assert.ok(first.events > 100)
    }
    assert.notEqual((await runSeed(5)).hash, (await runSeed(9)).hash)
  })

  it('finds a disk that lies about fsync', async () => {
    const broken = await found({ lyingDisks: true }, ['I3', 'R7'], 20)
    assert.match(broken.join(), /I3|R7/)
  })

  it('finds a journal that answers before the fsync', async () => {
    const broken = await found({ openJournal: hastyJournal }, ['I1', 'I3', 'R7'], 60)
    assert.match(broken.join(), /I1|I3|R7/)
  })

  it('finds an address service that hands out of blocks that are not its own (I1)', async () => {
    assert.match((await found({ replicaForIpam: greedy }, ['I1'], 20)).join(), /I1/)
  })

  it('finds an address service that hands carved-out addresses out with their block (I1, R6)', async () => {
    assert.match((await found({ replicaForIpam: uncarved }, ['I1'], 40)).join(), /I1/)
  })

  it('finds a peer that drops records it should take (I2)', async () => {
    let count = 0
    const verify: Parts['verify'] = (key, bytes, signature) =>
      ++count % 40 !== 0 && verifySignature(key, bytes, signature)
    assert.match((await found({ verify }, ['I2'], 20)).join(), /I2/)
  })
})
