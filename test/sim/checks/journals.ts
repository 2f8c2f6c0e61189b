/** At rest: what a peer shows is what its disk holds for sure (I3), and the order of records does not matter (I2). */
import { openPart, type Part } from '../../../src/crdt/compact-unit.ts'
import { Registry } from '../../../src/crdt/registry.ts'
import type { PeerKey } from '../../../src/lib/keys.ts'
import { BatchLog } from '../../../src/replica/batch-log.ts'
import { Compactor } from '../../../src/replica/compactor.ts'
import { journalName } from '../../../src/replica/create.ts'
import { unitOf } from '../../../src/replica/unit.ts'
import { decodeJournal } from '../../../src/store/journal-format.ts'
import type { Host } from '../host.ts'
import type { World } from '../world.ts'
import { difference, stateText } from './state-text.ts'

export function checkJournals(world: World): void {
  for (const host of world.hosts) {
    if (!host.peer) continue
    const batches = batchesOn(host)
    const shown = stateText(host.peer.replica.view)
    const { meshId } = host.peer.replica.view
    const replayed = stateText(replay(world, meshId, batches, host.peer.replica.self))
    if (replayed !== shown) {
      world.violate('I3', `${host.name} shows what its disk does not hold: ${difference(shown, replayed)}`)
    }
    // some records twice, all in any order, also of one writer
    const reordered = stateText(reorder(world, meshId, batches, host.peer.replica.self))
    if (reordered !== shown) {
      world.violate(
        'I2',
        `the records of ${host.name} in another order show another state: ${difference(shown, reordered)}`,
      )
    }
  }
}

function batchesOn(host: Host): Part[] {
  const { entries } = decodeJournal(host.disk.durable(journalName), journalName)
  return entries.filter(entry => entry.kind !== 'local').map(entry => openPart(entry.bytes))
}

function emptyPeer(world: World, meshId: string, self: PeerKey) {
  const log = new BatchLog()
  const history = () =>
    log.writers().flatMap(writer => [...(log.missing(writer, []) ?? [])].map(unit => openPart(unit.bytes)))
  const registry = new Registry(meshId, world.verify, { self, history })
  const compactor = new Compactor({ registry, log, verify: world.verify, judges: () => false })
  return { log, registry, compactor }
}

function replay(world: World, meshId: string, parts: readonly Part[], self: PeerKey): Registry {
  const { log, registry, compactor } = emptyPeer(world, meshId, self)
  for (const part of parts) {
    if (log.standing(part) === 'known') continue
    compactor.add(part)
    compactor.look()
  }
  return registry
}

/** What was compacted elsewhere first, then all that is not in it, shuffled; what it lets go of goes at the end. */
function reorder(world: World, meshId: string, parts: readonly Part[], self: PeerKey): Registry {
  const { log, registry, compactor } = emptyPeer(world, meshId, self)
  for (const part of parts) if ('survivors' in part) compactor.add(part)
  const others = parts.filter(part => !('survivors' in part) && !log.isCompacted(part))
  for (const part of world.random.shuffle([...others, ...others.filter(() => world.random.chance(0.2))])) {
    if (!log.holds(part.writer, { counter: part.last, hash: part.hash })) log.add(unitOf(part))
    registry.apply(part)
  }
  compactor.look()
  return registry
}
