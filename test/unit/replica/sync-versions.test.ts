/** Anti-entropy with an earlier version: its own code, out of the archive that the lab's hosts of that version are built from. */
import assert from 'node:assert/strict'
import { mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'mocha'
import { openBatch } from '../../../src/crdt/batch.ts'
import { systemClock } from '../../../src/lib/clock.ts'
import { run } from '../../../src/lib/exec.ts'
import type { PeerKey } from '../../../src/lib/keys.ts'
import { silentLogger } from '../../../src/lib/log.ts'
import type { BatchLog } from '../../../src/replica/batch-log.ts'
import { ask } from '../../../src/replica/sync-messages.ts'
import { unitOf } from '../../../src/replica/unit.ts'
import { MemoryHub } from '../../support/memory-mesh.ts'
import type { Writer } from '../crdt/writer.ts'
import { hashOf, meet, type SyncPeer, smallLeaf, syncPeer, writersOf } from './sync-rig.ts'
import { measure, type Traffic } from './traffic.ts'

const root = join(import.meta.dirname, '../../..')
const archive = join(root, 'test/lab/versions/skein-45a3945.tar.gz')

/** What of the earlier version takes part. */
interface Earlier {
  newLog(): BatchLog
  newNeighbours(deps: object): { connected(peer: PeerKey): void; offered(peer: PeerKey, vector: unknown): void }
  answerSync(deps: object, from: PeerKey, bytes: Uint8Array): Promise<Uint8Array>
}

async function earlierFrom(folder: string): Promise<Earlier> {
  const part = (name: string) => import(join(folder, 'src/replica', `${name}.ts`))
  const [{ BatchLog: Log }, { Neighbours }, { answerSync }] = await Promise.all(
    ['batch-log', 'neighbours', 'answer-sync'].map(part),
  )
  return { newLog: () => new Log(), newNeighbours: deps => new Neighbours(deps), answerSync }
}

type Held = Pick<SyncPeer, 'key' | 'mesh' | 'log' | 'hold'>

function earlierPeer(earlier: Earlier, hub: MemoryHub, key: PeerKey): Held {
  const mesh = hub.join(key)
  const log = earlier.newLog()
  const take = (encoded: readonly Uint8Array[]) => {
    const batches = encoded.map(openBatch).sort((a, b) => a.first - b.first)
    const placed = batches.filter(batch => {
      const isNext = log.standing(unitOf(batch)) === 'next'
      if (isNext) log.add(unitOf(batch))
      return isNext
    })
    return { accepted: placed.length, behind: false, stuck: new Set<PeerKey>(), astray: new Set<PeerKey>() }
  }
  const neighbours = earlier.newNeighbours({
    ...{ transport: mesh, log, clock: systemClock, random: () => 0.5, logger: silentLogger },
    receive: async (_: PeerKey, encoded: readonly Uint8Array[]) => take(encoded),
    rolledBack: () => undefined,
    shown: () => undefined,
    pulled: async () => undefined,
    inTurn: (pull: () => Promise<unknown>) => pull(),
  })
  const answering = {
    ...{ log, isComplete: () => true, shown: () => undefined },
    offered: (peer: PeerKey, vector: unknown) => neighbours.offered(peer, vector),
  }
  mesh.handle('/skein/sync/2', (from, bytes) => earlier.answerSync(answering, from, bytes))
  mesh.onConnect(peer => neighbours.connected(peer))
  return { key, mesh, log, hold: parts => void take(parts.map(({ bytes }) => bytes)) }
}

describe('replica: anti-entropy with an earlier version', function () {
  this.timeout(60_000)
  let folder = ''
  let earlier: Earlier

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'skein-earlier-'))
    const { code, stderr } = await run('tar', ['-xzf', archive, '-C', folder], { timeoutMs: 30_000 })
    assert.equal(code, 0, stderr)
    await symlink(join(root, 'node_modules'), join(folder, 'node_modules'))
    earlier = await earlierFrom(folder)
  })
  after(() => rm(folder, { recursive: true, force: true }))

  /** Both have what the other lacks; `change` makes it so. */
  async function become(count: number, change: (writers: readonly Writer[], ours: Held, theirs: Held) => void) {
    const writers = writersOf(count)
    const hub = new MemoryHub()
    const [one, two] = writers as [Writer, Writer]
    const ours: Held = syncPeer(hub, one.key)
    const theirs = earlierPeer(earlier, hub, two.key)
    for (const peer of [ours, theirs]) for (const { batches } of writers) peer.hold(batches)
    change(writers, ours, theirs)
    const traffic: Traffic = measure([ours.mesh, theirs.mesh])
    await meet(ours, theirs)
    assert.equal(hashOf(ours), hashOf(theirs))
    assert.equal(traffic.kinds.get(ask.tips), undefined, 'nothing that it does not know')
    return traffic
  }

  for (const count of [5, 60]) {
    it(`in a mesh of ${count}: each takes what it lacks, and says when both are equal`, async () => {
      const equal = await become(count, () => undefined)
      assert.ok(equal.requests === 2 && equal.bytes <= 200, `${equal.bytes} bytes`)
      for (const ahead of ['this version', 'the earlier one', 'both']) {
        const { units } = await become(count, (writers, ours, theirs) => {
          for (const [i, writer] of writers.slice(0, 4).entries()) {
            writer.write([smallLeaf(100 + i)])
            const hasIt = ahead === 'both' ? i % 2 === 0 : ahead === 'this version'
            ;(hasIt ? ours : theirs).hold(writer.batches)
          }
        })
        assert.equal(units, 4, `each once: ${ahead}`)
      }
    })

    it(`in a mesh of ${count}: ends equal where it is given what it does not know, which is once`, async () => {
      const hub = new MemoryHub()
      const writers = writersOf(count)
      const [one, two] = writers as [Writer, Writer]
      const [ours, theirs] = [syncPeer(hub, one.key), earlierPeer(earlier, hub, two.key)]
      for (const peer of [ours, theirs]) for (const { batches } of writers) peer.hold(batches)
      ours.orphans.held.push({ signature: 'ab'.repeat(64), bytes: new Uint8Array([1, 2, 3]) })
      let refused = 0
      const request = ours.mesh.request.bind(ours.mesh)
      ours.mesh.request = (...asked) =>
        request(...asked).catch(error => {
          refused++
          assert.match(error.message, /malformed request/)
          throw error
        })
      await meet(ours, theirs)
      await ours.exchange.neighbours.syncAll(5000)
      assert.equal(refused, 1)
      assert.deepEqual(
        ours.exchange.neighbours.status().map(({ behind }) => behind),
        [false],
      )
    })

    it(`in a mesh of ${count}: both come to hold both histories of a writer`, async () => {
      await become(count, (writers, ours, theirs) => {
        const left = writers[3] as Writer
        const right = left.copy()
        for (let i = 0; i < 5; i++) left.write([smallLeaf(i)])
        for (let i = 0; i < 5; i++) right.write([smallLeaf(50 + i)])
        ours.hold(left.batches)
        theirs.hold(right.batches)
      })
    })
  }
})
