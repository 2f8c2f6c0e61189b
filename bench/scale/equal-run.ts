/** In a process of its own: two peers that hold the same synchronise. Prints bytes and time as JSON. Argument: endpoints. */
import type { RequestHandler, Transport } from '../../src/mesh/transport.ts'
import { BatchLog } from '../../src/replica/batch-log.ts'
import { answerSync, type SyncDeps, syncWith } from '../../src/replica/sync.ts'
import { writeEndpoints } from './endpoint-load.ts'
import { largeMesh } from './fill.ts'
import { createMeshRecords } from './mesh-records.ts'

const count = Number(process.argv[2] ?? 100_000)
const rounds = 200

const mesh = createMeshRecords(largeMesh)
writeEndpoints(mesh, 0, count, 256)
const handlers = new Map<string, RequestHandler>()
let bytes = 0

function depsOf(self: string, other: string): SyncDeps {
  const log = new BatchLog()
  for (const { batches } of mesh.chains) for (const batch of batches) log.add(batch)
  const transport: Transport = {
    ...{ self, connected: () => [other], broadcast: () => {}, setMembers: () => {} },
    ...{ onBroadcast: () => {}, onConnect: () => {}, onDisconnect: () => {} },
    handle: (_, handler) => void handlers.set(self, handler),
    async request(to, _protocol, request) {
      const reply = (await handlers.get(to)?.(self, request)) ?? new Uint8Array()
      bytes += request.length + reply.length
      return reply
    },
  }
  const deps = { transport, log, receive: async () => ({ accepted: 0, behind: false }), rolledBack: () => {} }
  transport.handle('', (from, request) => answerSync(deps, from, request))
  return deps
}

const [a, b] = [depsOf('a', 'b'), depsOf('b', 'a')]
const cpuMs = async (): Promise<number> => {
  const before = process.cpuUsage()
  const { equal } = await syncWith(a, b.transport.self)
  if (!equal) throw new Error('two equal peers are not equal')
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}
const firstMs = await cpuMs()
bytes = 0
const later: number[] = []
for (let round = 0; round < rounds; round++) later.push(await cpuMs())
process.stdout.write(`${JSON.stringify({ bytes: bytes / rounds, firstMs, later })}\n`)
