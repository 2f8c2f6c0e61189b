/** Data directories of a peer that holds a whole mesh. */

import { journalName } from '../../src/replica/create.ts'
import { openJournal } from '../../src/store/append-journal.ts'
import { openFileDisk } from '../../src/store/file-disk.ts'
import { writeEndpoints } from './endpoint-load.ts'
import { createMeshRecords, type MeshRecords } from './mesh-records.ts'

/** 100 members, 100 networks. */
export const largeMesh = { members: 100, networks: 100 }

/** Writes the journal of a peer of `largeMesh` with so many endpoints, `together` of them in a batch. */
export async function fillDirectory(directory: string, endpoints: number, together: number): Promise<MeshRecords> {
  const mesh = createMeshRecords(largeMesh)
  writeEndpoints(mesh, 0, endpoints, together)
  const { journal } = await openJournal(await openFileDisk(directory), journalName)
  for (const { batches } of mesh.chains) {
    await journal.append(batches.map(({ bytes }) => ({ kind: 'batch' as const, bytes })))
  }
  await journal.close()
  return mesh
}
