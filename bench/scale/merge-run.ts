/** In a process of its own: merges records from their bytes into a registry; prints what it took as JSON. */
import { isSignedPart, openPart } from '../../src/crdt/compact-unit.ts'
import { Registry } from '../../src/crdt/registry.ts'
import { verifySignature } from '../../src/lib/keys.ts'
import { writeCheckpointed, writeEndpoints } from './endpoint-load.ts'
import { createMeshRecords } from './mesh-records.ts'

const count = Number(process.argv[2] ?? 100_000)
const together = process.argv[3] ?? '1024'

const mesh = createMeshRecords({ members: 100, networks: 100 })
const base = mesh.chains.flatMap(chain => chain.batches.map(batch => batch.bytes))
const written =
  together === 'checkpointed' ? writeCheckpointed(mesh, count) : writeEndpoints(mesh, 0, count, Number(together))
const bytes = written.map(part => part.bytes)
const merge = (registry: Registry, encoded: Uint8Array): void => {
  const part = openPart(encoded)
  if (!isSignedPart(part, verifySignature)) throw new Error('a part is not signed by its writer')
  registry.apply(part)
}

const heap = () => {
  for (let round = 0; round < 4; round++) globalThis.gc?.()
  return process.memoryUsage().heapUsed
}
// the log's part, as in skeind: the registry keeps no batches
const history = () => [...base, ...bytes].map(openPart)
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
