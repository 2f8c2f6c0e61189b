/** At rest: what a peer shows is what its disk holds for sure (I3), and the order of records does not matter (I2). */

import { openPart, type Part } from '../../../src/crdt/compact-unit.ts'
import type { Hlc } from '../../../src/crdt/hlc.ts'
import { Registry } from '../../../src/crdt/registry.ts'
import type { PeerKey } from '../../../src/lib/keys.ts'
import { BatchLog } from '../../../src/replica/batch-log.ts'
import { Compactor } from '../../../src/replica/compactor.ts'
import { journalName } from '../../../src/replica/create.ts'
import { unitOf } from '../../../src/replica/unit.ts'
import { decodeJournal } from '../../../src/store/journal-format.ts'
import { type Host, recordsOf } from '../host.ts'
import type { World } from '../world.ts'
import { difference, stateText } from './state-text.ts'

export function checkJournals(world: World): void {
  for (const host of world.hosts) {
    for (let i = 0; i < host.disk.placed; i++) world.count('journal rewritten')
    // a copy that was never told that it is one goes on; nobody waits for its writes
    if (!host.peer || host.peer.pending() > 0) continue
    const parts = partsOn(host)
    const shown = stateText(host.peer.replica.view)
    const { meshId } = host.peer.replica.view
    const { self } = host.peer.replica
    const { registry, units, left } = replay(world, meshId, parts, self)
    for (let i = 0; i < units; i++) world.count('compact unit held at rest')
    for (let i = 0; i < parts.length - left; i++) world.count('batch compacted away at rest')
    const replayed = stateText(registry)
    if (replayed !== shown) {
      world.violate('I3', `${host.name} shows what its disk does not hold: ${difference(shown, replayed)}`)
    }
    // whoever is a member by nothing that is left is let in by nobody
    const vector = host.peer.replica.vector()
    const held = parts.filter(({ writer }) => vector.has(writer))
    const reordered = stateText(reorder(world, meshId, held, self))
    if (reordered !== shown) {
      world.violate(
        'I2',
        `the records of ${host.name} in another order show another state: ${difference(shown, reordered)}`,
      )
    }
  }
}

function partsOn(host: Host): Part[] {
  const { entries } = decodeJournal(host.disk.durable(recordsOf(host) + journalName), journalName)
  return entries.filter(entry => entry.kind !== 'local').map(entry => openPart(entry.bytes))
}

function emptyPeer(world: World, meshId: string, self: PeerKey) {
  const log = new BatchLog()
  const forks = new Map<PeerKey, Hlc>()
  log.onFork((writer, since) => (since ? forks.set(writer, since) : forks.delete(writer)))
  const history = () =>
    log.writers().flatMap(writer => [...(log.missing(writer, []) ?? [])].map(unit => openPart(unit.bytes)))
  const registry = new Registry(meshId, world.verify, { self, history, kept: world.parts.collection.kept })
  const compactor = new Compactor({ self, registry, log, verify: world.verify, judges: () => true })
  const finish = () => {
    compactor.look()
    for (const [writer, since] of forks) registry.noteFork(writer, since)
    return registry
  }
  return { log, registry, compactor, finish }
}

function replay(world: World, meshId: string, parts: readonly Part[], self: PeerKey) {
  const { log, compactor, finish } = emptyPeer(world, meshId, self)
  for (const part of parts) {
    if (log.standing(part) === 'known') continue
    compactor.add(part)
    compactor.look(false)
  }
  const registry = finish()
  const held = log.writers().flatMap(writer => [...(log.missing(writer, []) ?? [])])
  return { registry, units: held.filter(unit => unit.compact).length, left: held.length }
}

/**
 * What was compacted elsewhere first, then all that is not in it, some twice, in any order; what goes goes at the end. What follows on
 * another history of a run that is compacted only here can be placed after that.
 */
function reorder(world: World, meshId: string, parts: readonly Part[], self: PeerKey): Registry {
  const { log, registry, compactor, finish } = emptyPeer(world, meshId, self)
  const waiting = new Set(parts)
  const placeable = () => [...waiting].filter(part => log.standing(part) !== 'gap')
  const takeUnits = () => {
    const units = placeable().filter(part => 'survivors' in part)
    for (const unit of units) compactor.add(unit)
    for (const unit of units) waiting.delete(unit)
    return units.length > 0
  }
  const takeBatches = () => {
    const taken: Part[] = []
    for (const part of waiting) {
      const standing = log.standing(part)
      if (standing === 'gap') continue
      waiting.delete(part)
      if (log.isCompacted(part)) continue
      taken.push(part)
      if (standing !== 'known') log.add(unitOf(part))
    }
    const disorder = [...taken, ...taken.filter(() => world.random.chance(0.2))]
    for (const part of world.random.shuffle(disorder)) registry.apply(part)
    compactor.look()
    return taken.length > 0
  }
  while (takeUnits() || takeBatches());
  return finish()
}
