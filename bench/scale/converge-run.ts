/**
 * In a process of its own: peers with the shipped replica write their endpoints at once, and go on until all hold the same.
 * Prints JSON. Arguments: peers, networks, endpoints in all, endpoints in one write.
 */
import { Registry } from '../../src/crdt/registry.ts'
import { toHex } from '../../src/lib/bytes.ts'
import { signerOf, verifySignature } from '../../src/lib/keys.ts'
import { silentLogger } from '../../src/lib/log.ts'
import { createReplica } from '../../src/replica/create.ts'
import type { Replica } from '../../src/replica/replica.ts'
import type { OpenJournal } from '../../src/store/journal.ts'
import { createMemoryDisk } from '../../src/store/memory-disk.ts'
import { Random } from '../../test/sim/random.ts'
import { processClock, VirtualTime } from '../../test/sim/virtual-clock.ts'
import { endpointLeafAt } from './endpoint-load.ts'
import { FloodNetwork } from './flood-network.ts'
import { createMeshRecords, seedOfMember } from './mesh-records.ts'

const [peers = 100, networks = 100, endpoints = 10_000, together = 10] = process.argv.slice(2).map(Number)
const degree = 8
/** Writes are spread over this, ms of virtual time. */
const spreadMs = 1000
/** Equality is looked for this often, ms of virtual time: after so long at the latest it is noticed. */
const lookMs = 50

const mesh = createMeshRecords({ members: peers, networks, prefix: 22 })
const base = mesh.chains.flatMap(({ batches }) => batches.map(({ bytes }) => bytes))
/** A signature is checked once for all peers of this process; each of them would have to. */
const verified = new Map<string, boolean>()
let verifications = 0
const verify = (key: string, bytes: Uint8Array, signature: Uint8Array) => {
  verifications++
  const name = toHex(signature)
  const known = verified.get(name)
  if (known !== undefined) return known
  const isValid = verifySignature(key, bytes, signature)
  verified.set(name, isValid)
  return isValid
}
/** Everybody begins with the same records; what is written costs no disk. */
const openJournal: OpenJournal = async () => ({
  journal: { append: async () => {}, size: () => 0, rewrite: async () => false, close: async () => {} },
  entries: base.map(bytes => ({ kind: 'batch' as const, bytes })),
})

const time = new VirtualTime()
const random = new Random(1)
const network = new FloodNetwork(time, random)
const replicas: Replica[] = []
for (const [number, { signer }] of mesh.chains.entries()) {
  const life = { alive: true }
  const transport = network.attach(signer.key)
  const deps = { meshId: mesh.meshId, signer: signerOf(seedOfMember(number)), verify, transport, openJournal }
  const clock = processClock(time, life, () => 0)
  const rest = { disk: createMemoryDisk(), clock, random: () => random.between(0, 1), log: silentLogger }
  replicas.push(await createReplica({ ...deps, ...rest }))
}
network.connect(degree)
for (const replica of replicas) replica.start()

const share = Math.ceil(endpoints / peers)
replicas.forEach((replica, member) => {
  for (let at = 0; at < share; at += together) {
    const leaves = Array.from({ length: Math.min(together, share - at) }, (_, i) =>
      endpointLeafAt(mesh, member * share + at + i),
    )
    time.after(random.between(0, spreadMs), () => void replica.write(() => leaves))
  }
})
const wanted = new Registry(mesh.meshId, verify).size() + (replicas[0]?.view.size() ?? 0) + share * peers
const isEqual = () => {
  const digest = replicas[0]?.view.digest()
  return replicas.every(({ view }) => view.size() === wanted && view.digest() === digest)
}
const cpu = process.cpuUsage()
verifications = 0
let isOver = false
const look = () => {
  isOver = isEqual()
  if (!isOver) time.after(lookMs, look)
}
time.after(spreadMs, look)
await time.run(
  () => isOver,
  () => {},
)
const { user, system } = process.cpuUsage(cpu)
const changes = share * peers
process.stdout.write(
  `${JSON.stringify({
    afterMs: time.nowMs - spreadMs,
    hops: network.hops,
    messages: network.messages / peers,
    bytes: network.bytes / peers,
    bytesPerChange: network.bytes / peers / changes,
    cpuMsPerPeer: (user + system) / 1000 / peers,
    verifications: verifications / peers,
    residentBytes: process.memoryUsage().rss,
  })}\n`,
)
process.exit(0)
