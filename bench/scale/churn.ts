/** Data directories of a peer whose mesh has seen many containers come and go. */
import { checkpointLeaf, runOf } from '../../src/crdt/checkpoint.ts'
import { leavesOf } from '../../src/crdt/compact-unit.ts'
import { journalName } from '../../src/replica/create.ts'
import { openJournal } from '../../src/store/append-journal.ts'
import { openFileDisk } from '../../src/store/file-disk.ts'
import { endpointLeafAt, writeEndpoints } from './endpoint-load.ts'
import { largeMesh } from './fill.ts'
import { type Chain, createMeshRecords, type MeshRecords } from './mesh-records.ts'

export interface Churn {
  /** Endpoints that stay, one in a batch. */
  readonly live: number
  readonly rounds: number
  /** Endpoints that are created and deleted in a round, one in a batch, by all members together. */
  readonly each: number
}

/** Writes the journal of a peer of `largeMesh`: after each round its writers let go of the round's records. */
export async function churnDirectory(directory: string, { live, rounds, each }: Churn): Promise<MeshRecords> {
  const mesh = createMeshRecords(largeMesh)
  const { journal } = await openJournal(await openFileDisk(directory), journalName)
  const written = new Map<Chain, number>()
  const journalAll = async () => {
    for (const chain of mesh.chains) {
      const news = chain.batches.slice(written.get(chain) ?? 0)
      written.set(chain, chain.batches.length)
      await journal.append(news.map(({ bytes }) => ({ kind: 'batch' as const, bytes })))
    }
  }
  writeEndpoints(mesh, 0, live, 1)
  await journalAll()
  for (let round = 0; round < rounds; round++) {
    mesh.chains.forEach((chain, member) => {
      comeAndGo(mesh, chain, live + member * Math.ceil(each / mesh.chains.length), each / mesh.chains.length)
    })
    await journalAll()
  }
  await journal.close()
  return mesh
}

function comeAndGo(mesh: MeshRecords, chain: Chain, from: number, count: number): void {
  const begin = chain.batches.length
  const leaves = Array.from({ length: count }, (_, at) => endpointLeafAt(mesh, from + at))
  chain.writeAll(leaves, 1)
  chain.writeAll(
    leaves.map(({ id, network }) => ({ kind: 'endpoint-rm', id, network })),
    1,
  )
  const parts = chain.batches.slice(begin)
  const run = runOf(parts)
  if (run) chain.write([checkpointLeaf(chain.signer, run, parts.flatMap(leavesOf).slice(0, 0))])
}
