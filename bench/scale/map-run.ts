/**
 * In a process of its own: one key/value workload on the map of endpoint records and on a map of Yjs, in turns. A peer sets
 * keys, each set goes as bytes to a second peer, which merges it. Nothing is signed on either side. Prints JSON.
 * Argument: keys.
 */
import * as Y from 'yjs'
import { EndpointTable } from '../../src/crdt/endpoint-table.ts'
import { decodeLeaf, encodeLeaf } from '../../src/crdt/leaf-codec.ts'
import type { EndpointLeaf } from '../../src/crdt/leaves.ts'
import { LiveSet } from '../../src/crdt/live-set.ts'
import { sha256Hex } from '../../src/lib/bytes.ts'
import { endpointNumber } from '../lib/endpoints.ts'

const keys = Number(process.argv[2] ?? 5000)
const pairs = 5
const network = 'ab'.repeat(32)
const writer = 'cd'.repeat(32)
/** Every key twice: a set, then an overwrite. */
const work = [0, 1].flatMap(round =>
  Array.from({ length: keys }, (_, number) => {
    const leaf = endpointNumber(network, 0x0a00_0000, number)
    return { ...leaf, containerName: `${leaf.containerName}-${round}`, aliases: [] }
  }),
)

function ours(): number {
  const [source, target] = [new EndpointTable(new LiveSet()), new EndpointTable(new LiveSet())]
  const begun = process.cpuUsage()
  work.forEach((leaf, at) => {
    const bytes = encodeLeaf(leaf)
    const put = (table: EndpointTable, read: EndpointLeaf) =>
      table.putEndpoint({ dot: { writer, counter: at + 1 }, hlc: [at, 0], leaf: read, hash: sha256Hex(bytes) })
    put(source, leaf)
    const read = decodeLeaf(bytes)
    if (read?.kind === 'endpoint') put(target, read)
  })
  const took = cpuMsSince(begun)
  if (target.endpoints(network).length !== keys) throw new Error('the map lost something')
  return took
}

function yjs(): number {
  const [source, target] = [new Y.Doc(), new Y.Doc()]
  source.on('update', (update: Uint8Array) => Y.applyUpdate(target, update))
  const map = source.getMap('endpoints')
  const begun = process.cpuUsage()
  for (const leaf of work) map.set(leaf.id, leaf)
  const took = cpuMsSince(begun)
  if (target.getMap('endpoints').size !== keys) throw new Error('Yjs lost something')
  return took
}

/** Of all threads, the collector's too: on a busy machine the clock on the wall says nothing. */
function cpuMsSince(begun: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(begun)
  return (user + system) / 1000
}

const rates = { ours: [] as number[], base: [] as number[] }
ours()
yjs()
for (let pair = 0; pair < pairs; pair++) {
  const sides = [() => rates.ours.push(ours()), () => rates.base.push(yjs())]
  for (const side of pair % 2 === 0 ? sides : sides.reverse()) {
    globalThis.gc?.()
    side()
  }
}
process.stdout.write(`${JSON.stringify({ operations: work.length, ...rates })}\n`)
