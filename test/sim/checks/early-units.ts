/**
 * Compact units that others of the same heads may still be given: one that came to a host before the checkpoint that it is made by, which stands
 * further on in the writer's chain, where a connection or the power went in between; and any of a writer with several histories, each of which
 * may have let go of what another one keeps (decision 0018). Until then their digests differ. At rest they must be equal, of such writers too.
 */
import { recordOf } from '../../../src/crdt/checkpoint.ts'
import { leavesOf, openPart, type Part } from '../../../src/crdt/compact-unit.ts'
import type { PeerKey } from '../../../src/lib/keys.ts'
import type { Host } from '../host.ts'
import { heldParts } from './held-records.ts'

/**
 * One text for each, ascending; hosts of equal heads and equal texts hold the same. Of a writer with several histories no two hosts have equal texts:
 * besides the unit that is shown one of the same run on another history may be held, which nothing here tells.
 */
export function earlyUnits(host: Host): string[] {
  const parts = heldParts(host)
  const runs = new Set(parts.flatMap(checkpointedBy))
  const isForked = ({ writer }: Part) => host.peer?.replica.view.isForked(writer) === true
  const early = parts.filter(part => 'survivors' in part && !isForked(part) && !runs.has(runText(part)))
  // also what was made here of a checkpoint: others may not be able to, and are to be given it
  const made = [...new Set(parts.filter(isForked).map(({ writer }) => writer))].filter(writer => hasUnit(host, writer))
  return [...new Set([...early.map(runText), ...made.map(writer => `${writer} ${host.name}`)])].sort()
}

function hasUnit({ peer }: Host, writer: PeerKey): boolean {
  for (let counter = 1; ; ) {
    const bytes = peer?.replica.batchAt({ writer, counter })
    if (!bytes) return false
    const part = openPart(bytes)
    if ('survivors' in part) return true
    counter = part.last + 1
  }
}

function checkpointedBy(part: Part): string[] {
  return leavesOf(part).flatMap(leaf => {
    const checkpoint = recordOf(part.writer, leaf)?.leaf
    return checkpoint?.kind === 'checkpoint' ? [runText({ ...checkpoint, writer: part.writer })] : []
  })
}

function runText({ writer, first, last, signature }: Pick<Part, 'writer' | 'first' | 'last' | 'signature'>): string {
  return `${writer} ${first} ${last} ${Buffer.from(signature).toString('hex')}`
}
