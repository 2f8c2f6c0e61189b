/**
 * Compact units that others of the same heads may still be given: one that came to a host before the checkpoint that it is made by, which stands
 * further on in the writer's chain, where a connection or the power went in between; and any of a writer with several histories, each of which
 * may have let go of what another one keeps (decision 0018). Until then their digests differ.
 */
import { recordOf } from '../../../src/crdt/checkpoint.ts'
import { leavesOf, type Part } from '../../../src/crdt/compact-unit.ts'
import type { Host } from '../host.ts'
import { heldParts, inEffect } from './held-records.ts'

/** One text for each, ascending; hosts of equal heads and equal texts hold the same. */
export function earlyUnits(host: Host): string[] {
  const parts = heldParts(host)
  const runs = new Set(parts.flatMap(checkpointedBy))
  const isForked = ({ writer }: Part) => host.peer?.replica.view.isForked(writer) === true
  const standing = inEffect(parts)
  const isEarly = (part: Part) =>
    'survivors' in part && (isForked(part) ? standing.includes(part) : !runs.has(runText(part)))
  const early = parts.filter(isEarly).map(runText)
  return [...new Set(early)].sort()
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
