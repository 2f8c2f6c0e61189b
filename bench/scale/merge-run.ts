/** In a process of its own: merges records from their bytes into a registry; prints what it took as JSON. */
import { isSigned, openBatch } from '../../src/crdt/batch.ts'
import { Registry } from '../../src/crdt/registry.ts'
import { verifySignature } from '../../src/lib/keys.ts'
import { writeEndpoints } from './endpoint-load.ts'
import { createMeshRecords } from './mesh-records.ts'

const count = Number(process.argv[2] ?? 100_000)
const together = Number(process.argv[3] ?? 1024)
const verifies = process.argv[4] === 'verify'

const mesh = createMeshRecords({ members: 100, networks: 100 })
const base = mesh.chains.flatMap(chain => chain.batches.map(batch => batch.bytes))
const bytes = writeEndpoints(mesh, 0, count, together).map(batch => batch.bytes)
const merge = (registry: Registry, encoded: Uint8Array): void => {
  const batch = openBatch(encoded)
  if (verifies && !isSigned(batch, verifySignature)) throw new Error('a batch is not signed by its writer')
  registry.apply(batch)
}

const heap = () => {
  for (let round = 0; round < 4; round++) globalThis.gc?.()
  return process.memoryUsage().heapUsed
}
// the log's part, as in skeind: the registry keeps no batches
const history = () => [...base, ...bytes].map(openBatch)
const registry = new Registry(mesh.meshId, verifySignature, { history })
for (const encoded of base) merge(registry, encoded)
const heapBefore = heap()
const before = process.cpuUsage()
const begun = performance.now()
for (const encoded of bytes) merge(registry, encoded)
const wallMs = performance.now() - begun
const { user, system } = process.cpuUsage(before)
const cpuMs = (user + system) / 1000
const heapBytes = (heap() - heapBefore) / count
process.stdout.write(`${JSON.stringify({ wallMs, cpuMs, heapBytes })}\n`)
