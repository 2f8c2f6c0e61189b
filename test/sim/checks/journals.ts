/** At rest: what a peer shows is what its disk holds for sure (I3), and the order of records does not matter (I2). */

import type { Part } from '../../../src/crdt/compact-unit.ts'
import { partsOf } from '../../../src/replica/log-readings.ts'
import type { World } from '../world.ts'
import { heldParts, isOutdated } from './held-records.ts'
import type { Running } from './insiders.ts'
import { emptyPeer, reorder, type Setting } from './orders.ts'
import { difference, stateText } from './state-text.ts'

export function checkJournals(world: World): void {
  for (const host of world.hosts) {
    const { placed, harm } = host.disk
    world.count('journal rewritten', placed)
    world.count('sync failed', harm.failed)
    world.count('write refused by a full disk', harm.refused)
    world.count('power lost in a write', harm.interrupted)
    // a copy that was never told that it is one goes on; nobody waits for its writes
    if (!host.peer || host.peer.pending() > 0) continue
    const parts = heldParts(host)
    const setting = settingOf(world, { host, peer: host.peer })
    const shown = stateText(host.peer.replica.view)
    const { registry, log } = replay(setting, parts)
    const held = [...partsOf(log)]
    world.count('compact unit held at rest', held.filter(part => 'survivors' in part).length)
    world.count('batch compacted away at rest', parts.length - held.length)
    const replayed = stateText(registry)
    if (replayed !== shown) {
      world.violate('I3', `${host.name} shows what its disk does not hold: ${difference(shown, replayed)}`)
    }
    // whoever is a member by nothing that is left is let in by nobody
    const vector = host.peer.replica.vector()
    const ofMembers = parts.filter(({ writer }) => vector.has(writer))
    // whoever was removed may lack what a checkpoint rests on, and a newcomer believes that it was there
    const mayBelieve = registry.checkpoints.unjust().length === 0
    const order = world.random.chance(0.5) && mayBelieve ? 'newcomer' : 'member'
    const reordered = stateText(reorder(setting, { parts: ofMembers, atRest: log }, order, world.random))
    if (reordered !== shown) {
      world.violate(
        'I2',
        `the records of ${host.name} as a ${order} may get them show another state: ${difference(shown, reordered)}`,
      )
    }
  }
}

/** @param self who takes the records in */
export function settingOf({ verify, parts }: World, { host, peer }: Running, self = peer.replica.self): Setting {
  const { meshId } = peer.replica.view
  return { meshId, self, verify, kept: parts.collection.kept, isOutdated: isOutdated(host) }
}

/** The records in the order of the journal. */
export function replay(setting: Setting, parts: readonly Part[]) {
  const { log, compactor, finish } = emptyPeer(setting)
  for (const part of parts) {
    if (log.standing(part) !== 'known') compactor.add(part)
    else if (!('survivors' in part && compactor.adopt(part))) continue
    compactor.look(false)
  }
  return { registry: finish(), log }
}
