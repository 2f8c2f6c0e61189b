/** What anti-entropy sends: its bytes on the streams, both ways, and how much of them is records. */
import { leavesOf, openPart } from '../../../src/crdt/compact-unit.ts'
import { decode, type Plain } from '../../../src/lib/cbor.ts'
import { maxMessageBytes } from '../../../src/mesh/transport.ts'
import { ask, openChunk, syncProtocol } from '../../../src/replica/sync-messages.ts'
import type { MemoryMesh } from '../../support/memory-mesh.ts'

/** Of a request and its answer: two lengths, and the byte that says that it is an answer (docs/reference/wire.md, Streams). */
const frameBytes = 4 + 4 + 1

export interface Traffic {
  requests: number
  /** Of requests and answers with their frames. */
  bytes: number
  /** The largest message. */
  largest: number
  /** Of the units that were pulled, and what of it their headers, signatures and leaves are. */
  units: number
  content: number
  /** How often each request of `ask` was made. */
  readonly kinds: Map<Plain, number>
}

/** Counts what these peers ask each other and are answered, from now on; broadcasts are lost. */
export function measure(meshes: readonly MemoryMesh[]): Traffic {
  const traffic: Traffic = { requests: 0, bytes: 0, largest: 0, units: 0, content: 0, kinds: new Map() }
  for (const mesh of meshes) {
    mesh.broadcast = () => undefined
    const request = mesh.request.bind(mesh)
    mesh.request = async (to, protocol, bytes, timeoutMs) => {
      const answer = await request(to, protocol, bytes, timeoutMs)
      if (protocol === syncProtocol) note(traffic, bytes, answer)
      return answer
    }
  }
  return traffic
}

function note(traffic: Traffic, request: Uint8Array, answer: Uint8Array): void {
  traffic.requests++
  traffic.bytes += request.length + answer.length + frameBytes
  traffic.largest = Math.max(traffic.largest, request.length, answer.length)
  const asked = decode(request, maxMessageBytes)
  const kind = Array.isArray(asked) ? asked[0] : undefined
  traffic.kinds.set(kind, (traffic.kinds.get(kind) ?? 0) + 1)
  if (kind !== ask.pull) return
  for (const part of openChunk(decode(answer, maxMessageBytes)).units.map(openPart)) {
    traffic.units++
    traffic.content += part.header.length + part.signature.length
    for (const { bytes } of leavesOf(part)) traffic.content += bytes.length
  }
}
