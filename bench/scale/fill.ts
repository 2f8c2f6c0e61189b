/** Data directories of a peer that holds a whole mesh. */

import { journalName } from '../../src/replica/create.ts'
import { openJournal } from '../../src/store/append-journal.ts'
import { openFileDisk } from '../../src/store/file-disk.ts'
import { writeCheckpointed, writeEndpoints } from './endpoint-load.ts'
import { createMeshRecords, type MeshRecords } from './mesh-records.ts'

/** 100 members, 100 networks. */
export const largeMesh = { members: 100, networks: 100 }

/** In batches of how many the endpoints are; `checkpointed`: one in a batch, in the compact units of their writers. */
export type Together = number | 'checkpointed'

/** Writes the journal of a peer of `largeMesh` with so many endpoints. */
export async function fillDirectory(directory: string, endpoints: number, together: Together): Promise<MeshRecords> {
  const mesh = createMeshRecords(largeMesh)
  const { journal } = await openJournal(await openFileDisk(directory), journalName)
  const append = async () => {
    for (const { batches } of mesh.chains) {
      await journal.append(batches.map(({ bytes }) => ({ kind: 'batch' as const, bytes })))
    }
  }
  if (together === 'checkpointed') {
    await append()
    const units = writeCheckpointed(mesh, endpoints)
    await journal.append(units.map(({ bytes }) => ({ kind: 'unit' as const, bytes })))
    const ends = new Map(units.map(({ writer, last }) => [writer, last]))
    const checkpoints = mesh.chains.flatMap(chain => chain.after(ends.get(chain.signer.key) ?? 0))
    await journal.append(checkpoints.map(({ bytes }) => ({ kind: 'batch' as const, bytes })))
  } else {
    writeEndpoints(mesh, 0, endpoints, together)
    await append()
  }
  await journal.close()
  return mesh
}
