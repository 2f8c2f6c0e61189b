/** At rest: what a peer shows is what its disk holds for sure (I3), and the order of records does not matter (I2). */
import { type Batch, openBatch } from '../../../src/crdt/batch.ts'
import type { Hlc } from '../../../src/crdt/hlc.ts'
import { Registry } from '../../../src/crdt/registry.ts'
import type { PeerKey } from '../../../src/lib/keys.ts'
import { BatchLog } from '../../../src/replica/batch-log.ts'
import { journalName } from '../../../src/replica/create.ts'
import { unitOf } from '../../../src/replica/unit.ts'
import { decodeJournal } from '../../../src/store/journal-format.ts'
import { type Host, recordsOf } from '../host.ts'
import type { World } from '../world.ts'
import { difference, stateText } from './state-text.ts'

type Forks = ReadonlyMap<PeerKey, Hlc>

export function checkJournals(world: World): void {
  for (const host of world.hosts) {
    if (!host.peer) continue
    const batches = batchesOn(host)
    const shown = stateText(host.peer.replica.view)
    const { meshId } = host.peer.replica.view
    const forks = forksIn(batches)
    const replayed = stateText(replay(world, meshId, batches, host.peer.replica.self, forks))
    if (replayed !== shown) {
      world.violate('I3', `${host.name} shows what its disk does not hold: ${difference(shown, replayed)}`)
    }
    // some records twice, all in any order, also of one writer
    const disorder = world.random.shuffle([...batches, ...batches.filter(() => world.random.chance(0.2))])
    const reordered = stateText(replay(world, meshId, disorder, host.peer.replica.self, forks))
    if (reordered !== shown) {
      world.violate(
        'I2',
        `the records of ${host.name} in another order show another state: ${difference(shown, reordered)}`,
      )
    }
  }
}

function batchesOn(host: Host): Batch[] {
  const { entries } = decodeJournal(host.disk.durable(recordsOf(host) + journalName), journalName)
  return entries.filter(entry => entry.kind === 'batch').map(entry => openBatch(entry.bytes))
}

/** Writers with several histories, and since when: read from the tree of their batches (R8). */
function forksIn(batches: readonly Batch[]): Forks {
  const forks = new Map<PeerKey, Hlc>()
  const log = new BatchLog()
  log.onFork((writer, since) => forks.set(writer, since))
  for (const batch of batches) log.add(unitOf(batch))
  return forks
}

function replay(world: World, meshId: string, batches: readonly Batch[], self: PeerKey, forks: Forks): Registry {
  const applied: Batch[] = []
  const registry = new Registry(meshId, world.verify, { self, history: () => applied })
  for (const batch of batches) {
    applied.push(batch)
    registry.apply(batch)
  }
  for (const [writer, since] of forks) registry.noteFork(writer, since)
  return registry
}
