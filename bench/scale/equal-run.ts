/** In a process of its own: two peers that hold the same synchronise. Prints bytes and time as JSON. Argument: endpoints. */
import { systemClock } from '../../src/lib/clock.ts'
import { signerOf, verifySignature } from '../../src/lib/keys.ts'
import { silentLogger } from '../../src/lib/log.ts'
import type { AskBack, RequestHandler, Transport } from '../../src/mesh/transport.ts'
import { createReplica } from '../../src/replica/create.ts'
import type { Replica } from '../../src/replica/replica.ts'
import type { OpenJournal } from '../../src/store/journal.ts'
import { createMemoryDisk } from '../../src/store/memory-disk.ts'
import { writeEndpoints } from './endpoint-load.ts'
import { largeMesh } from './fill.ts'
import { createMeshRecords, seedOfMember } from './mesh-records.ts'

const count = Number(process.argv[2] ?? 100_000)
const rounds = 200

const mesh = createMeshRecords(largeMesh)
writeEndpoints(mesh, 0, count, 256)
const handlers = new Map<string, Map<string, RequestHandler>>()
let bytes = 0

async function exchange(from: string, to: string, protocol: string, request: Uint8Array): Promise<Uint8Array> {
  const handler = handlers.get(to)?.get(protocol)
  const askBack: AskBack = (protocol, request) => exchange(to, from, protocol, request)
  const reply = (await handler?.(from, request, askBack)) ?? new Uint8Array()
  bytes += request.length + reply.length
  return reply
}

function transportOf(self: string, other: string): Transport {
  const own = new Map<string, RequestHandler>()
  handlers.set(self, own)
  return {
    ...{ self, connected: () => [other], broadcast: () => {}, setMembers: () => {} },
    ...{ onBroadcast: () => {}, onConnect: () => {}, onDisconnect: () => {}, reconnect: () => {} },
    handle: (protocol, handler) => void own.set(protocol, handler),
    request: (to, protocol, request) => exchange(self, to, protocol, request),
  }
}

const openJournal: OpenJournal = async () => ({
  journal: { append: async () => {}, size: () => 0, rewrite: async () => false, close: async () => {} },
  entries: mesh.chains.flatMap(({ batches }) => batches.map(batch => ({ kind: 'batch' as const, bytes: batch.bytes }))),
})

function openMember(number: number, other: number): Promise<Replica> {
  const [self, to] = [number, other].map(each => signerOf(seedOfMember(each)).key) as [string, string]
  return createReplica({
    ...{ meshId: mesh.meshId, signer: signerOf(seedOfMember(number)), verify: verifySignature, openJournal },
    ...{ disk: createMemoryDisk(), transport: transportOf(self, to), clock: systemClock },
    ...{ random: Math.random, log: silentLogger },
  })
}

const asker = await openMember(1, 2)
await openMember(2, 1)
const cpuMs = async (): Promise<number> => {
  const before = process.cpuUsage()
  await asker.syncNow(5000)
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}
await cpuMs()
bytes = 0
const later: number[] = []
for (let round = 0; round < rounds; round++) later.push(await cpuMs())
if (asker.syncStatus().some(({ behind }) => behind)) throw new Error('two equal peers are not equal')
process.stdout.write(`${JSON.stringify({ bytes: bytes / rounds, later })}\n`)
process.exit(0)
