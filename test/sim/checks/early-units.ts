/**
 * Compact units that came to a host before the checkpoint that they are made by: it stands further on in the writer's chain, and a connection or
 * the power went in between. Until that comes, who holds the unit has let go of what others of the same heads still hold.
 */
import { recordOf } from '../../../src/crdt/checkpoint.ts'
import { leavesOf, type Part } from '../../../src/crdt/compact-unit.ts'
import type { Host } from '../host.ts'
import { heldParts } from './held-records.ts'

/** One text for each, ascending; hosts of equal heads and equal texts hold the same. */
export function earlyUnits(host: Host): string[] {
  const parts = heldParts(host)
  const runs = new Set(parts.flatMap(checkpointedBy))
  const early = parts.flatMap(part => ('survivors' in part && !runs.has(runText(part)) ? [runText(part)] : []))
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
