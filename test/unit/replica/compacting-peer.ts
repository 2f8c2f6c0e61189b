/** What a peer holds and shows of a world's records, without a disk and a mesh: its log, its registry, and what gives effect to checkpoints. */
import { openPart } from '../../../src/crdt/compact-unit.ts'
import { Registry } from '../../../src/crdt/registry.ts'
import { verifySignature } from '../../../src/lib/keys.ts'
import { BatchLog } from '../../../src/replica/batch-log.ts'
import { Compactor } from '../../../src/replica/compactor.ts'
import type { World } from '../crdt/writer.ts'

/** @param number of the writer that it is */
export function compactingPeer(world: World, number: number, isOutdated = false) {
  const self = world.at(number).key
  const log = new BatchLog()
  const history = () =>
    log.writers().flatMap(writer => [...(log.missing(writer, []) ?? [])].map(unit => openPart(unit.bytes)))
  const registry = new Registry(world.meshId, verifySignature, { self, history })
  log.onFork((writer, since) => registry.noteFork(writer, since))
  const states = { isComplete: () => true, isOutdated: () => isOutdated }
  return { log, registry, compactor: new Compactor({ self, registry, log, verify: verifySignature, ...states }) }
}
