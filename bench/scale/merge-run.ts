/** In a process of its own: merges records from their bytes into a registry; prints what it took as JSON. */
import { isSigned, openBatch } from '../../src/crdt/batch.ts'
import { Registry } from '../../src/crdt/registry.ts'
import { verifySignature } from '../../src/lib/keys.ts'
import { endpointLeafAt, writeEndpoints } from './endpoint-load.ts'
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
  const { heapUsed, external, arrayBuffers } = process.memoryUsage()
  return heapUsed + external - 0 * arrayBuffers
}
const registry = new Registry(mesh.meshId, verifySignature)
for (const encoded of base) merge(registry, encoded)
const heapBefore = heap()
const seconds: number[] = []
{
  const begun = performance.now()
  for (const encoded of bytes) merge(registry, encoded)
  seconds.push((performance.now() - begun) / 1000)
}
const heapBytes = (heap() - heapBefore) / count
const digestBegun = performance.now()
const digest = registry.digest()
const digestMs = performance.now() - digestBegun
const again = mesh.chains[0]?.write([endpointLeafAt(mesh, count)])
if (again) registry.apply(again)
const digestAgainBegun = performance.now()
registry.digest()
const digestAgainMs = performance.now() - digestAgainBegun
const rates = seconds.map(value => count / value)
process.stdout.write(
  `${JSON.stringify({ rates, heapBytes, digestMs, digestAgainMs, digest, size: registry.size() })}\n`,
)
